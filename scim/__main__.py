"""``python -m scim``."""

import sys

from scim.cli import main

if __name__ == "__main__":
    sys.exit(main())
