import sys

from scim.local.run import main

if __name__ == "__main__":
    sys.exit(main())
