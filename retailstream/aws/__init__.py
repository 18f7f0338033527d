"""Entry points beside the command line, just as thin: a job of Glue, and a function of Lambda."""
