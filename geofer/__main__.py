"""``python -m geofer`` is the ``geofer`` command."""

import sys

from geofer.cli import main

if __name__ == "__main__":
    sys.exit(main())
