"""The pages of the reference, made from the code each time the site is built."""

from collections.abc import Iterator

from scim import discovery, openapi
from scim.errors import ScimError
from scim.profiles import PROFILES, SWITCHES, Profile
from scim.schema import JsonObject, Schemas
from scim.settings import PREFIX, Settings
from tests.docs import commands, template, told
from tests.docs.described import attributes, functions, markdown, sentence, table

URL = "https://APP.azurewebsites.net"


def pages() -> dict[str, str]:
    """Every page, by its path below docs."""
    made = {
        "settings": _settings(),
        "commands": commands.page(),
        "endpoints": _endpoints(),
        "errors": _errors(),
        "telemetry": told.page(),
        "switches": _switches(),
        "template": template.page(),
    }
    return {f"reference/{name}.md": text for name, text in made.items()}


def _settings() -> str:
    rows = (
        (f"`{PREFIX}{name.upper()}`", "required" if field.is_required() else f"{field.default}", field.description)
        for name, field in Settings.model_fields.items()
    )
    return _SETTINGS + table(("Variable", "Default", "What to write"), rows)


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
    return _ERRORS + table(("Status", "`scimType`", "When"), rows)


def _told(kind: type) -> str:
    return sentence(kind.__doc__)


def _endpoints() -> str:
    config = discovery.service_provider_config(f"{URL}/scim/demo/v2", _example(), None)
    document = openapi.of_service(Schemas.load(), config, URL)
    rows = (
        (f"`{method.upper()}`", f"`{path}`", markdown(operation["summary"]), _answers(operation["responses"]))
        for path, operations in document["paths"].items()
        if "servers" not in operations  # which is not below a Base URL, and told by its function
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
        + table(("Method", "Path", "What it does", "Answers"), rows)
        + "\n## Parameters and headers\n\n"
        + table(("Name", "In", "What it says"), described)
        + _FUNCTIONS
        + table(("Function", "Route", "What it serves"), routes)
        + "\n"
        + table(("Timer", "When (NCRONTAB)", "What it does"), timers)
    )


def _answers(responses: JsonObject) -> str:
    return ", ".join(status for status in sorted(responses) if status not in _ANY)


def _example() -> Settings:
    return Settings.model_validate({"storage": "https://ACCOUNT.table.core.windows.net", "public_url": URL})


def _switches() -> str:
    meanings = attributes(Profile)
    rows = (
        (f"`{name}`", *(_word(getattr(profile, name)) for profile in PROFILES.values()), meanings.get(name, ""))
        for name in SWITCHES
    )
    return _SWITCHES + table(("Switch", *(f"`{name}`" for name in PROFILES), "What it does"), rows)


def _word(value: bool | str) -> str:
    return value if isinstance(value, str) else "on" if value else "off"


_ANY = ("401", "403", "404", "414", "500", "503")
"""Statuses that any endpoint may answer."""

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
_SWITCHES = """\
# Switches

What each [profile](../profiles.md) makes of each switch; `--set SWITCH=VALUE` overrides one for a provider.

"""
