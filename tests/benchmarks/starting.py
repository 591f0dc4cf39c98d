"""Starting: what it takes to import function_app, and until the local host answers."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from scim.local import azurite
from scim.local.options import REPOSITORY
from scim.schema import JsonObject
from tests.benchmarks import requests
from tests.benchmarks.charts import Chart
from tests.benchmarks.load import Connection, Record
from tests.benchmarks.memory import resident
from tests.benchmarks.parts import Say, Table, ms
from tests.benchmarks.serving import operated
from tests.hosting import hosted

TITLE = "Starting"
ROUNDS = 9
LONGEST = 8
"""How many of our own modules are listed, those that take longest to import."""

_ENVIRONMENT = {
    "ROLLCALL_STORAGE": "UseDevelopmentStorage=true",
    "ROLLCALL_PUBLIC_URL": "https://scim.example",
    "PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "rollcall-compiled"),
}
_OURS = r"(scim|function_app)(\.|$)"
_FOUND = f"""
import function_app, json, re, sys
print(json.dumps([name for name in sys.modules if not re.match(r"{_OURS}", name)]))
"""
_TIMED = """
import importlib, json, os, sys, time
names = json.load(sys.stdin)
started = time.perf_counter()
for name in names:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
seconds = time.perf_counter() - started
import tests.benchmarks.memory
print(json.dumps([seconds, tests.benchmarks.memory.resident(os.getpid())]))
"""


_COMPILED = """
import json, pathlib, time
texts = [path.read_text() for path in [pathlib.Path("function_app.py"), *pathlib.Path("scim").rglob("*.py")]]
started = time.perf_counter()
for text in texts:
    compile(text, "", "exec")
print(json.dumps(time.perf_counter() - started))
"""


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """Imports in turn, with everything or with the dependencies alone; then starts of the local host."""
    rounds = 1 if quick else ROUNDS
    say("imports")
    dependencies = json.loads(_python(_FOUND))
    with_ours, alone = list[list[float]](), list[list[float]]()
    for names in (["function_app"], dependencies):
        _python(_TIMED, names)  # which leaves all of it compiled
    for _ in range(rounds):
        with_ours.append(json.loads(_python(_TIMED, ["function_app"])))
        alone.append(json.loads(_python(_TIMED, dependencies)))
    ours, others = _medians(with_ours), _medians(alone)
    return {
        "import": {
            "function_app_ms": ms(ours[0]),
            "dependencies_ms": ms(others[0]),
            "own_ms": ms(median(a[0] - b[0] for a, b in zip(with_ours, alone, strict=True))),
            "function_app_mb": round(ours[1], 1),
            "dependencies_mb": round(others[1], 1),
            "compiling_ms": ms(median(json.loads(_python(_COMPILED)) for _ in range(rounds))),
            "longest": _longest(),
        },
        "host": await _starts(say, 1 if quick else 5),
    }


def _python(code: str, given: object = None, *options: str) -> str:
    return _run(code, given, *options).stdout


def _run(code: str, given: object = None, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, *options, "-c", code],
        cwd=REPOSITORY,
        env={name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | _ENVIRONMENT,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )


def _medians(runs: list[list[float]]) -> list[float]:
    return [median(each) for each in zip(*runs, strict=True)]


def _longest() -> JsonObject:
    """Our own modules that take longest, in milliseconds of their own, by ``python -X importtime``."""
    said = _run("import function_app", None, "-X", "importtime").stderr
    found = re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", said)
    ours = sorted(((int(own) / 1000, name) for own, name in found if re.match(_OURS, name)), reverse=True)
    return {name: round(own, 2) for own, name in ours[:LONGEST]}


async def _starts(say: Say, rounds: int) -> JsonObject:
    """From the start of the process to its first answer, and the memory that it holds then and a little later."""
    say("starts of the local host")
    seconds, first, after = list[float](), list[float](), list[float]()
    with azurite.running() as storage:
        for _ in range(rounds):
            async with operated(storage, "http://127.0.0.1") as operator:
                started = time.perf_counter()
                with hosted(storage) as host:
                    target = replace(operator.target, url=host.url + urlsplit(operator.target.url).path)
                    connection, record = Connection(target), Record()
                    await record.ask(connection, "first", requests.equal(0))
                    seconds.append(time.perf_counter() - started)
                    first.append(resident(host.pid))
                    for number in range(100):
                        await record.ask(connection, "create", requests.create(number))
                    after.append(resident(host.pid))
                    connection.close()
                    assert not record.failures, record.failures
    return {
        "first_answer_ms": ms(median(seconds)),
        "resident_mb": round(median(first), 1),
        "resident_after_100_creates_mb": round(median(after), 1),
    }


def tables(figures: JsonObject) -> list[Table]:
    """Imports, then the host."""
    imported, host = figures["import"], figures["host"]
    rows = [
        ["function_app", f"{imported['function_app_ms']:.0f}", f"{imported['function_app_mb']:.0f}"],
        ["its dependencies alone", f"{imported['dependencies_ms']:.0f}", f"{imported['dependencies_mb']:.0f}"],
        [
            "its own part",
            f"{imported['own_ms']:.0f}",
            f"{imported['function_app_mb'] - imported['dependencies_mb']:.0f}",
        ],
        ["more, where its modules are not compiled beforehand", f"{imported['compiling_ms']:.0f}", ""],
    ]
    modules = ", ".join(f"`{name}` {own:.1f}" for name, own in imported["longest"].items())
    started = [
        ["from the start of the process to its first answer, ms", f"{host['first_answer_ms']:.0f}"],
        ["memory at the first answer, MB", f"{host['resident_mb']:.0f}"],
        ["memory after 100 creates, MB", f"{host['resident_after_100_creates_mb']:.0f}"],
    ]
    return [
        Table(
            "Importing function_app", ["", "ms", "MB"], rows, f"Of our own modules the longest take, in ms: {modules}."
        ),
        Table("The local host, one process", ["", "figure"], started),
    ]


def charts(_figures: JsonObject) -> dict[str, Chart]:
    """None."""
    return {}
