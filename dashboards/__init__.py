"""Grafana's dashboards as code: `python -m dashboards` writes the JSON of `configs/monitoring/grafana/dashboards`."""
