"""Telling people and scripts that the service answers."""

import http.client
import os
import signal
import sys
import threading
import time
from pathlib import Path

from scim.local import connection, ports
from scim.local.connection import Connection
from scim.local.options import Options

_PROBE = "/admin/host/ping"  # reserved: the host answers it alone, and the app logs nothing


class Announcement(threading.Thread):
    """Waits beside the server until it answers, then writes connection.env and says where to connect."""

    def __init__(self, options: Options, port: int, reached_by: Connection) -> None:
        super().__init__(daemon=True)
        self.error: OSError | None = None
        self._options = options
        self._port = port
        self._connection = reached_by
        self._over = threading.Event()
        self._file = connection.file_of(options.app_root)

    def run(self) -> None:
        """Wait, write, say; a file that cannot be written stops the whole host."""
        try:
            if self._answered():
                other = connection.alive_elsewhere(self._file, self._connection, self._port)
                if other:
                    takes_over = (
                        f"{self._file} told of the service at {other}, which still runs; now it tells of this one."
                    )
                    print(takes_over, file=sys.stderr, flush=True)
                connection.write(self._connection, self._file)
                print(_sentences(self._options, self._connection, self._file), flush=True)
        except OSError as error:
            self.error = error
            os.kill(os.getpid(), signal.SIGTERM)

    def withdraw(self) -> None:
        """The service stops: what was announced is no longer true."""
        self._over.set()
        self.join(timeout=2)
        connection.withdraw(self._connection, self._file)

    def _answered(self) -> bool:
        while not self._over.is_set():
            client = http.client.HTTPConnection(ports.LOOPBACK, self._port, timeout=60)
            try:
                client.request("GET", _PROBE)
                client.getresponse().read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
            else:
                return not self._over.is_set()
            finally:
                client.close()
        return False


def _sentences(options: Options, reached_by: Connection, file: Path) -> str:
    if options.app is not None:
        return f"The function app in {options.app} answers at {reached_by.base_url}\nStop it with Ctrl-C."
    data = f"in {options.data}, kept" if options.data else "in memory, gone when this stops (see --data)"
    ignored = options.profile is not None and options.profile != reached_by.profile
    without_effect = f", which the provider had already; --profile {options.profile} had no effect" if ignored else ""
    return f"""
Rollcall is ready.

  Base URL   {reached_by.base_url}
  Token      {reached_by.token}
  Profile    {reached_by.profile}{without_effect}
  Data       {data}

In Microsoft Entra ID the Base URL is the "Tenant URL" and the token the "Secret Token". Both are in {file}. Try it:

  . {file}; curl -H "Authorization: Bearer $TOKEN" "$BASE_URL/ServiceProviderConfig"

Stop it with Ctrl-C.
"""
