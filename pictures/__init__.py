"""The pictures of the documentation, made anew from real runs: `python -m pictures`, or `make pictures`."""
