from retailstream.cli.reference.pages import rendered, stale, write

__all__ = ["rendered", "stale", "write"]
