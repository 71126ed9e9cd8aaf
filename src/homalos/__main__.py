"""``python -m homalos``: the same as the command ``homalos``."""

import sys

from homalos.cli import main

if __name__ == "__main__":
    sys.exit(main())
