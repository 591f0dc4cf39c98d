"""The service in processes of its own, on a store that is there already: ``python -m tests.integration.host [N]``.

It is ``python -m scim.local`` without its Azurite and its demo provider: function_app.py in Microsoft's runtime. It
prints its port, and stops when its standard input ends, so that it never outlives the tests.
"""

import os
import signal
import sys
import threading

from scim.local import ports, settings
from scim.local.options import REPOSITORY
from scim.local.serve import serve


def main() -> int:
    """Serve until standard input ends."""
    listener = ports.listen(0)
    port = ports.number(listener)
    os.environ.setdefault(settings.SCRIPT_ROOT, str(REPOSITORY))
    os.environ["ROLLCALL_PUBLIC_URL"] = f"http://{ports.LOOPBACK}:{port}"
    print(port, flush=True)  # noqa: T201 (who started it waits for this)
    threading.Thread(target=_stop_with_stdin, daemon=True).start()
    return 0 if serve(listener, workers=int(sys.argv[1]) if sys.argv[1:] else 1) else 1


def _stop_with_stdin() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
