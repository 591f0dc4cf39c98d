"""The files beside function_app.py that Azure Functions reads: host.json and local.settings.json."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scim.local.failure import Failure

SCRIPT_ROOT = "AzureWebJobsScriptRoot"
"""The environment variable that says where function_app.py is; Azure's own name for it."""

BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
"""The environment variable that sets how many bytes a body may have; Azure's own name for it."""

TRACES = "SCIM_LOCAL_TRACES"
"""The environment variable that says whether traces are shown."""

_BODY_LIMIT = 104_857_600


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """`extensions.http` of host.json, as far as it changes what a client sees."""

    route_prefix: str = "api"
    custom_headers: Mapping[str, str] = field(default_factory=dict)


def http_options(app_root: Path) -> HttpOptions:
    """Read host.json; the real host refuses to start without it, and so do we."""
    host = _read(app_root / "host.json")
    if host is None:
        raise Failure(f"There is no host.json in {app_root}.")
    http = host.get("extensions", {}).get("http", {})
    return HttpOptions(
        route_prefix=str(http.get("routePrefix", "api")).strip("/"),
        custom_headers={str(name): str(value) for name, value in http.get("customHeaders", {}).items()},
    )


def body_limit(environment: Mapping[str, str]) -> int:
    """How many bytes the body of a request may have."""
    text = environment.get(BODY_LIMIT, str(_BODY_LIMIT))
    if not (text.isascii() and text.isdecimal()):
        raise Failure(f"{BODY_LIMIT} must be a number of bytes, not {text!r}.")
    return int(text)


def apply_local_settings(app_root: Path) -> None:
    """Put the `Values` of local.settings.json into the environment, where a name is not set already."""
    settings = _read(app_root / "local.settings.json") or {}
    if settings.get("IsEncrypted"):
        raise Failure("local.settings.json is encrypted; decrypt it with `func settings decrypt`.")
    for name, value in settings.get("Values", {}).items():
        os.environ.setdefault(name, str(value))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Failure(f"{path} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise Failure(f"{path} must hold a JSON object.")
    return content
