"""Our own manners: every parameter of the whole is described, and no address belongs to one cloud only."""

from collections.abc import Iterator

from tests.infra.expressions import Literal, walk
from tests.infra.model import File, Finding
from tests.infra.names import expressions

_ONE_CLOUD = (
    "api.loganalytics.io",
    "core.windows.net",
    "database.windows.net",
    "graph.windows.net",
    "login.microsoftonline.com",
    "management.azure.com",
    "trafficmanager.net",
    "vault.azure.net",
)
"""Endings that the linter's rule no-hardcoded-env-urls knows, too: ``environment()`` has those of each cloud."""
_SAME_EVERYWHERE = ("schema.management.azure.com",)


def check(file: File) -> Iterator[Finding]:
    """The rules of this kind for one file."""
    if file.path.name == "main.bicep":
        for each in file.parameters:
            if each.decorator("description") is None:
                yield Finding(file.path, each.line, "description", f"{each.name} is not described")
    for whole in expressions(file):
        for part in walk(whole):
            text = part.value if isinstance(part, Literal) and isinstance(part.value, str) else ""
            for known in _SAME_EVERYWHERE:
                text = text.replace(known, "")
            found = next((ending for ending in _ONE_CLOUD if ending in text), None)
            if found:
                message = f"{found} is one cloud's: take it from environment()"
                yield Finding(file.path, part.line, "one-cloud", message)
