"""`python -m retailstream`: the command line."""

from retailstream.cli.app import main

if __name__ == "__main__":
    main()
