"""The stages, each one file with one public function `run`."""

from typing import Final

ORDER: Final = ("ingest", "glue-merge", "load-rds", "features", "sqoop")
"""The order in which `run` takes them; `monitor` has a look afterwards."""

TABLE: Final = "sqoop-table"
"""What copies one table of any shape, beside the pipeline."""
