"""`python -m spillover` is the same as `spillover`."""

import sys

from spillover.cli import main

if __name__ == "__main__":  # worker processes import this module again
    sys.exit(main())
