"""The pages of the reference, made from the code each time the site is built."""

import re
from collections.abc import Iterator
from pathlib import Path

from scim import discovery, openapi, quirks, telemetry
from scim.errors import ScimError
from scim.profiles import PROFILES, SWITCHES, Profile
from scim.quirks import Quirk
from scim.schema import JsonObject, Schemas
from scim.settings import PREFIX, Settings
from tests.docs import commands, template
from tests.docs.described import ROOT, attributes, calls, events, functions, listed, markdown, noted, sentence

URL = "https://APP.azurewebsites.net"
INSTRUMENT = re.compile(r"create_(observable_)?(counter|up_down_counter|gauge|histogram)")


def pages() -> dict[str, str]:
    """Every page, by its path below docs."""
    made = {
        "settings": _settings(),
        "commands": commands.page(),
        "endpoints": _endpoints(),
        "errors": _errors(),
        "telemetry": _telemetry(),
        "switches": _switches(),
        "template": template.page(),
    }
    return {f"reference/{name}.md": text for name, text in made.items()}


def _table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


def _settings() -> str:
    rows = (
        (f"`{PREFIX}{name.upper()}`", "required" if field.is_required() else f"{field.default}", field.description)
        for name, field in Settings.model_fields.items()
    )
    return _SETTINGS + _table(("Variable", "Default", "What to write"), rows)


def errors() -> Iterator[type[ScimError]]:
    """Every kind of error, by status."""
    waiting, found = [*ScimError.__subclasses__()], list[type[ScimError]]()
    while waiting:
        kind = waiting.pop(0)
        if kind.__module__ == "scim.errors":  # others are kinds of these that only the code tells apart
            found.append(kind)
        waiting += kind.__subclasses__()
    return iter(sorted(found, key=lambda kind: kind.status))


def _errors() -> str:
    rows = (
        (f"{kind.status.value} {kind.status.phrase}", f"`{kind.scim_type}`" if kind.scim_type else "", _told(kind))
        for kind in errors()
    )
    return _ERRORS + _table(("Status", "`scimType`", "When"), rows)


def _told(kind: type) -> str:
    return sentence(kind.__doc__)


def _endpoints() -> str:
    config = discovery.service_provider_config(f"{URL}/scim/demo/v2", _example(), None)
    document = openapi.of_service(Schemas.load(), config, URL)
    rows = (
        (f"`{method.upper()}`", f"`{path}`", markdown(operation["summary"]), _answers(operation["responses"]))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    )
    parameters: JsonObject = document["components"]["parameters"]
    described = (
        (f"`{each['name']}`", each["in"], markdown(each.get("description", "")))
        for each in parameters.values()
        if each["in"] != "path"
    )
    routes = ((f"`{each.name}`", f"`/{each.at}`", each.told) for each in functions() if each.trigger == "route")
    timers = ((f"`{each.name}`", f"`{each.at}`", each.told) for each in functions() if each.trigger == "timer_trigger")
    return (
        _ENDPOINTS
        + _table(("Method", "Path", "What it does", "Answers"), rows)
        + "\n## Parameters and headers\n\n"
        + _table(("Name", "In", "What it says"), described)
        + _FUNCTIONS
        + _table(("Function", "Route", "What it serves"), routes)
        + "\n"
        + _table(("Timer", "When (NCRONTAB)", "What it does"), timers)
    )


def _answers(responses: JsonObject) -> str:
    return ", ".join(status for status in sorted(responses) if status not in _ANY)


def _example() -> Settings:
    return Settings.model_validate({"storage": "https://ACCOUNT.table.core.windows.net", "public_url": URL})


def sources() -> Iterator[Path]:
    """The product's modules."""
    return iter(sorted((ROOT / "scim").rglob("*.py")))


def fields() -> dict[str, str]:
    """The fields of a request's line, and what each says."""
    told = listed(telemetry.Trace) | _MEASURED
    return {name: told.get(name, "") for name in telemetry.Trace("", "GET").fields()}


def instruments() -> Iterator[tuple[str, str, str, str]]:
    """The metrics: name, kind, unit and description."""
    for path in sources():
        for call in calls(path, INSTRUMENT):
            words = [*call.args, *(each.value for each in call.keywords if each.arg in {"unit", "description"})]
            texts = [each.value for each in words if hasattr(each, "value") and isinstance(each.value, str)]
            name, unit, description = (*texts, "", "")[:3]
            yield name, call_name(call).removeprefix("create_").replace("_", " "), unit, description


def call_name(call: object) -> str:
    """The name by which a method was called."""
    return str(getattr(getattr(call, "func", None), "attr", ""))


def bent() -> dict[str, str]:
    """What a request's line may name as quirks, and what each means."""
    own = {quirk.name: quirk for quirk in vars(quirks).values() if isinstance(quirk, Quirk)}
    told = {name: sentence(quirk.bend.__doc__) for name, quirk in own.items()}
    for path in sources():
        for name in noted(path):
            function = getattr(quirks, name, None)
            told.setdefault(name, _NOTES.get(name) or sentence(function.__doc__ if function else ""))
    return dict(sorted(told.items()))


def _telemetry() -> str:
    spoken = (
        (f"`{message}`", markdown(told), ", ".join(f"`{name}`" for name in names))
        for path in sources()
        for message, told, names in events(path)
    )
    measured = [(f"`{name}`", kind, unit, markdown(description)) for name, kind, unit, description in instruments()]
    metrics = _METRICS + _table(("Metric", "Kind", "Unit", "What it counts"), iter(measured)) if measured else ""
    return (
        _TELEMETRY
        + _table(("Field", "What it says"), ((f"`{name}`", told) for name, told in fields().items()))
        + _EVENTS
        + _table(("Message", "When", "Further fields"), spoken)
        + _QUIRKS
        + _table(("Quirk", "What was read so"), ((f"`{name}`", told) for name, told in bent().items()))
        + metrics
    )


def _switches() -> str:
    told = attributes(Profile)
    rows = (
        (f"`{name}`", *(_word(getattr(profile, name)) for profile in PROFILES.values()), told.get(name, ""))
        for name in SWITCHES
    )
    return _SWITCHES + _table(("Switch", *(f"`{name}`" for name in PROFILES), "What it does"), rows)


def _word(value: bool | str) -> str:
    return value if isinstance(value, str) else "on" if value else "off"


_MEASURED = {
    "duration_ms": "milliseconds from its arrival to its answer.",
    "error": "what went wrong inside: names of types and places in the code, never a text.",
}
"""Fields that are no attribute of the trace, or that its attributes tell in the code's own words."""

_ANY = ("401", "403", "404", "414", "500", "503")
"""Statuses that any endpoint may answer."""

_NOTES = {
    "create_unmatched": "A value path matched nothing, and created the element that it describes.",
    "empty_operations": "A PATCH without operations.",
    "membership_limit_dropped": "A resource is in as many groups as it can be; it did not stay in one more.",
    "never_returned_dropped": "A value that is never returned was not stored.",
    "password_dropped": "A password was not stored.",
    "remove_values": "`remove` of `members` with a list of members: just those.",
    "replace_members": "`replace` of `members` with some: they are added, and no other goes.",
    "unknown_attribute": "An attribute that the schema does not have was ignored.",
    "unknown_member_skipped": "A member that no resource is was skipped.",
    "unknown_path": "An operation on an unknown path was skipped.",
    "unknown_schemas": "URNs in `schemas`, and extension objects, that are not of this resource type.",
    "unquoted_literal": "`externalId eq 42a` in a filter: the text.",
}
"""Notes that no function of the same name tells of to whoever reads the log."""

_SETTINGS = """\
# Settings

Environment variables; in Azure, application settings. One that is missing or wrong stops the start with a sentence that
says what to write.

"""
_ERRORS = """\
# Errors

Every error has a body of SCIM's own (RFC 7644, section 3.12), with the status as a text, a `scimType` where the
standard has one, and a `detail` that names the attribute and what would be right. 429 and 503 come with `Retry-After`,
405 with `Allow`, 401 with `WWW-Authenticate`. The token endpoint answers in OAuth's words instead (RFC 6749).

"""
_ENDPOINTS = f"""\
# Endpoints

Paths below a Base URL, `{URL}/scim/PROVIDER/v2`, as `/openapi.json` describes them, with the
statuses that each may answer beside {", ".join(_ANY)}. A provider's own resource types have the same
endpoints as users.

"""
_FUNCTIONS = """
## Functions

The functions of the app, by which it answers the above and what lies beside it. `/oauth/token`,
`/scim/PROVIDER/oauth/token`, `/.well-known/oauth-authorization-server` and `/.well-known/jwks.json` are there where
`ROLLCALL_SIGNING_KEYS` is set.

"""
_TELEMETRY = """\
# Log and metrics

One line of JSON for each request, on the logger `scim`; in Azure, a row of `AppTraces`. The line says what was asked
and how it went, and nothing of whom it was about. Its `request_id` is the one that the client got as `X-Request-Id`,
and that `python -m scim changes --json` shows.

"""
_EVENTS = """
## Other lines

"""
_QUIRKS = """
## Quirks

What `quirks` may name, and the notes of change records; [switches](switches.md) allow most of them.

"""
_METRICS = """
## Metrics

Of the meter `rollcall`; in Azure, rows of `AppMetrics`.

"""
_SWITCHES = """\
# Switches

What each [profile](../profiles.md) makes of each switch; `--set SWITCH=VALUE` overrides one for a provider.

"""
