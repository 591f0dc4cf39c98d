"""The Python worker of Azure Functions, driven by the same calls as Azure's dispatcher makes."""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as runtime  # type: ignore[import-untyped] # Microsoft ships it without types

from scim.local import wire
from scim.local.failure import Failure

_SCRIPT = "function_app.py"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """A function that HTTP triggers, as its decorators describe it."""

    name: str
    id: str
    trigger: str
    route: str
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimerFunction:
    """A function that time triggers, as its decorator describes it."""

    name: str
    id: str
    trigger: str
    schedule: str
    run_on_startup: bool


async def start(app_root: Path) -> tuple[HttpFunction | TimerFunction, ...]:
    """Import and index the function app; once per process, for the library keeps what it found in its modules."""
    if not (app_root / _SCRIPT).is_file():
        raise Failure(f"There is no {_SCRIPT} in {app_root}.")
    sys.path.insert(0, str(app_root))
    runtime.start_threadpool_executor()
    asked = SimpleNamespace(capabilities={}, function_app_directory=str(app_root))
    started = await runtime.worker_init_request(wire.envelope(worker_init_request=asked))
    if not wire.succeeded(started):
        raise Failure(f"{app_root / _SCRIPT} cannot be loaded: {_reason(started.result.exception, app_root)}")
    found = await runtime.functions_metadata_request(wire.envelope(functions_metadata_request=SimpleNamespace()))
    functions = found.function_metadata_results or []
    for function in functions:
        loaded = SimpleNamespace(function_id=function.function_id)
        await runtime.function_load_request(wire.envelope(function_load_request=loaded))
    return tuple(_triggered(functions))


async def invoke(function: HttpFunction, request: wire.Request) -> wire.Response:
    """Run a function on a request.

    Raises:
        wire.FunctionError: The function raised or gave no HTTP response.
    """
    result = await runtime.invocation_request(wire.invocation(function.id, function.trigger, request))
    return wire.response(result)


async def run(function: TimerFunction) -> None:
    """Run a function because it is time.

    Raises:
        wire.FunctionError: The function raised.
    """
    wire.require_success(await runtime.invocation_request(wire.timer_invocation(function.id, function.trigger)))


def stop() -> None:
    """End the threads in which functions without `async` ran."""
    runtime.stop_threadpool_executor()


def _triggered(functions: Iterable[SimpleNamespace]) -> Iterator[HttpFunction | TimerFunction]:
    for function in functions:
        bindings = [json.loads(binding) for binding in function.raw_bindings]
        trigger = next((each for each in bindings if each["type"].lower().endswith("trigger")), dict[str, Any]())
        name, identifier, argument = function.name, function.function_id, trigger.get("name", "")
        match trigger.get("type", "no trigger"):
            case "httpTrigger":
                methods = tuple(trigger.get("methods") or ())
                yield HttpFunction(name, identifier, argument, trigger.get("route") or "", methods)
            case "timerTrigger":
                at_once = bool(trigger.get("runOnStartup"))
                yield TimerFunction(name, identifier, argument, trigger["schedule"], at_once)
            case kind:
                _logger.info("The function %s (%s) does not run here: only HTTP and time trigger here.", name, kind)


def _reason(exception: SimpleNamespace, app_root: Path) -> str:
    """One line: what was raised, without the library's advice for Azure, and the innermost place in the app itself."""
    message = exception.message.split(". Cannot find module. Please check", 1)[0].splitlines()[0]
    places = [
        f"{Path(path).relative_to(app_root)}, line {line}"
        for path, line in re.findall(r'File "(.+?)", line (\d+)', exception.stack_trace)
        if Path(path).is_relative_to(app_root) and "site-packages" not in path
    ]
    return f"{message.rstrip('.')} ({places[-1]})." if places else f"{message.rstrip('.')}."
