"""Secrets: none in an app setting, an output or a text, and no function that would tell one."""

import re
from collections.abc import Iterator

from tests.infra.app_settings import UNREADABLE, settings
from tests.infra.expressions import Access, Call, Expression, Literal, Name, Text, walk
from tests.infra.kinds import resource
from tests.infra.model import File, Finding, Output, Parameter, Template
from tests.infra.names import expressions
from tests.infra.tracing import Traced

SECRET = re.compile(r"(key|secret|passwo?r?d|pwd|token|sas|connection_?string|credential)s?$", re.IGNORECASE)
"""The endings of names whose values are likely secret."""
PLAIN = re.compile(r"(AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|[?&]sig)=", re.IGNORECASE)
"""What stands in a text before a key."""
_BY_IDENTITY = re.compile(r"__(accountName|clientId|credential|\w+Uri|fullyQualifiedNamespace)$", re.IGNORECASE)
_REFERENCE = "@Microsoft.KeyVault("
_TELEMETRY = "APPLICATIONINSIGHTS_CONNECTION_STRING"
"""No secret where the component asks for a signed-in sender, which is a demand of its own."""
_TELLING = re.compile(r"^(primary|secondary)?(master)?key$|^InstrumentationKey$|password", re.IGNORECASE)


def check(template: Template, file: File) -> Iterator[Finding]:
    """All rules about secrets in one file."""
    for whole in expressions(file):
        yield from _told(file, whole)
    for name, value in settings(template, file):
        yield from _setting(name, value)
    for output in file.outputs:
        yield from _output(template, file, output)
    for parameter in file.parameters:
        default = parameter.default
        if parameter.secure and default and not (isinstance(default, Literal) and default.value == ""):
            message = f"{parameter.name} is secret, and a default is not"
            yield Finding(file.path, default.line, "plain-secret", message)


def _told(file: File, whole: Expression) -> Iterator[Finding]:
    for each in walk(whole):
        if isinstance(each, Call) and each.function.startswith("list"):
            yield Finding(file.path, each.line, "told-secret", f"{each.function} tells keys, and there are to be none")
        elif isinstance(each, Literal) and isinstance(each.value, str) and PLAIN.search(each.value):
            yield Finding(file.path, each.line, "plain-secret", "this text is made to hold a key")


def _setting(name: str, value: Traced) -> Iterator[Finding]:
    path, line = value.file.path, value.expression.line
    if name == UNREADABLE:
        message = "these app settings cannot be followed: write them as objects, lists, unions or choices of such"
        yield Finding(path, line, "app-settings", message)
        return
    for found in value.possible():
        if _secure(found):
            message = f"{name} is given a secret, which every reader of the site's settings sees"
            yield Finding(path, line, "plain-secret", message)
        elif SECRET.search(name) and not _BY_IDENTITY.search(name) and not _harmless(name, found.expression):
            message = f"{name} looks like a secret: let it be a Key Vault reference, or sign in with the identity"
            yield Finding(path, line, "plain-secret", message)


def _harmless(name: str, value: Expression) -> bool:
    """A Key Vault reference, the address of a secret in a vault, nothing at all, or where telemetry goes."""
    first = value.parts[0] if isinstance(value, Text) else value
    if isinstance(first, Literal):
        return first.value in {"", None} or str(first.value).startswith((_REFERENCE, "https://"))
    if not isinstance(first, Access):
        return False
    return first.name == "vaultUri" or (name == _TELEMETRY and first.name == "ConnectionString")


def _secure(found: Traced) -> bool:
    for each in walk(found.expression):
        if isinstance(each, Name) and each.name not in found.loops:
            declared = found.file.find(each.name)
            if isinstance(declared, Parameter) and declared.secure:
                return True
    return False


def _output(template: Template, file: File, output: Output) -> Iterator[Finding]:
    if output.decorator("secure"):
        return
    for found in Traced(output.value, template, file).possible():
        if _secure(found):
            yield Finding(file.path, output.line, "told-secret", f"{output.name} tells a secret parameter")
        for each in walk(found.expression):
            if isinstance(each, Access) and _TELLING.search(each.name) and _of_resource(each, found.file):
                yield Finding(file.path, output.line, "told-secret", f"{output.name} tells a resource's {each.name}")


def _of_resource(access: Access, file: File) -> bool:
    of: Expression = access
    while isinstance(of, Access):
        of = of.of
        if resource(of, file):
            return True
    return False
