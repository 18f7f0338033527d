"""Moves a retail chain's weekly files to answers."""

__version__ = "0.1.0"
