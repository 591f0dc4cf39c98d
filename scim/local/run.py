"""The whole of a run: start everything, say where it is, and stop all of it on Ctrl-C."""

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from scim import monitoring
from scim.local import azurite, connection, demo, ports, settings
from scim.local.announcement import Announcement
from scim.local.connection import Connection
from scim.local.failure import Failure
from scim.local.options import DEFAULT_PROFILE, Options, parse
from scim.local.serve import serve
from scim.settings import Settings, SettingsError

_ANY_STORAGE = "UseDevelopmentStorage=true"  # until Azurite has told where it is


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until stopped; 0 after a clean stop, 1 after a sentence about what went wrong."""
    options = parse(arguments)
    try:
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(stop, signal.default_int_handler)
        return _azurite_only(options.data) if options.azurite_only else _rollcall(options)
    except KeyboardInterrupt:
        return 0
    except (Failure, SettingsError) as failure:
        print(failure, file=sys.stderr)
    except OSError as error:
        print(_sentence(error), file=sys.stderr)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C finds nothing left to interrupt
    return 1


def _rollcall(options: Options) -> int:
    with closing(ports.listen(options.port)) as listener:
        port = ports.number(listener)
        public = f"http://{ports.LOOPBACK}:{port}"
        _prepare(options, public)
        with azurite.running(azurite.TABLES, options.data, when_it_ends=_stop) as storage:
            os.environ["ROLLCALL_STORAGE"] = storage
            reached_by = Connection(public) if options.app else asyncio.run(_demo_provider(options))
            announcement = Announcement(options, port, reached_by)
            announcement.start()
            try:
                started = serve(listener, options.workers)
            finally:
                announcement.withdraw()
            if announcement.error:
                raise announcement.error
            return 0 if started else 1


def _prepare(options: Options, public: str) -> None:
    """Lay out the environment but for the storage, and see that our settings in it are right."""
    os.environ |= {settings.SCRIPT_ROOT: str(options.app_root), "ROLLCALL_STORAGE": _ANY_STORAGE}
    given = os.environ.get("ROLLCALL_PUBLIC_URL", "")
    if not given or urlsplit(given).hostname in {ports.LOOPBACK, "localhost"}:
        os.environ["ROLLCALL_PUBLIC_URL"] = public  # a tunnel's is kept, an earlier run's is not
    os.environ.setdefault("ROLLCALL_SIGNING_KEYS", str(options.app_root / ".local" / "signing-keys.pem"))
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    os.environ[settings.TRACES] = "yes" if options.trace else ""
    settings.apply_local_settings(options.app_root)
    elsewhere = [name for name in (monitoring.AZURE_MONITOR, monitoring.OTLP) if os.environ.get(name)]
    if options.trace and elsewhere:
        raise Failure(f"--trace prints what {elsewhere[0]} would send elsewhere: leave one of them out.")
    if not options.app:
        Settings.read(os.environ)


async def _demo_provider(options: Options) -> Connection:
    kept = connection.kept_in(options.data) if options.data else None
    made = await demo.create(options.profile or DEFAULT_PROFILE, connection.read(kept) if kept else None)
    if kept:
        connection.write(Connection(made.base_url, made.token), kept)
    return made


def _azurite_only(data: Path | None) -> int:
    with azurite.running(azurite.EVERYTHING, data, when_it_ends=_stop) as storage:
        print(
            f"Azurite is ready, its data {f'in {data}' if data else 'in memory (see --data)'}."
            f' For local.settings.json, under "Values":\n\n  "AzureWebJobsStorage": "{storage}",\n'
            f'  "ROLLCALL_STORAGE": "{storage}"\n\nStop it with Ctrl-C.',
            flush=True,
        )
        signal.pause()
    return 0


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _sentence(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"The disk is full{where}."
    return f"The operating system refused: {error.strerror or error}{where}."
