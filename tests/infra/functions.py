"""Bicep's functions: how many arguments each takes, and what comes out.

The table is the language's standard library (namespaces ``sys`` and ``az``), as its reference describes it.
"""

from collections.abc import Iterator

from tests.infra.expressions import Call, Name, walk
from tests.infra.model import File, Finding
from tests.infra.names import expressions

_ANY = 255
_TABLE = """
any 1 ; array 1 array ; base64 1 string ; base64ToJson 1 ; base64ToString 1 string ; bool 1 bool ; buildUri 1 string
cidrHost 2 string ; cidrSubnet 3 string ; coalesce 1+ ; concat 1+ ; contains 2 bool ; dataUri 1 string
dataUriToString 1 string ; dateTimeAdd 2-3 string ; dateTimeFromEpoch 1 string ; dateTimeToEpoch 1 int
empty 1 bool ; endsWith 2 bool ; fail 1 ; filter 2 array ; first 1 ; flatten 1 array ; format 1+ string
groupBy 2 object ; guid 1+ string ; indexOf 2 int ; int 1 int ; intersection 2+ ; items 1 array ; join 2 string
json 1 ; last 1 ; lastIndexOf 2 int ; length 1 int ; loadDirectoryFileInfo 1-2 array ; loadFileAsBase64 1 string
loadJsonContent 1-3 ; loadTextContent 1-2 string ; loadYamlContent 1-3 ; map 2 array ; mapValues 2 object ; max 1+ int
min 1+ int ; nameof 1 string ; newGuid 0 string ; objectKeys 1 array ; padLeft 2-3 string ; parseCidr 1 object
parseUri 1 object ; range 2 array ; reduce 3 ; replace 3 string ; shallowMerge 1 object ; skip 2 ; sort 2 array
split 2 array ; startsWith 2 bool ; string 1 string ; substring 2-3 string ; take 2 ; toLower 1 string
toObject 2-3 object ; toUpper 1 string ; trim 1 string ; tryGet 2+ ; union 2+ ; uniqueString 1+ string ; uri 2 string
uriComponent 1 string ; uriComponentToString 1 string ; utcNow 0-1 string
deployer 0 object ; deployment 0 object ; environment 0 object ; extensionResourceId 3+ string
managementGroup 0-1 object ; managementGroupResourceId 2+ string ; pickZones 3-5 array ; providers 1-2
reference 1-3 ; resourceGroup 0-2 object ; resourceId 2+ string ; subscription 0-1 object
subscriptionResourceId 2+ string ; tenant 0 object ; tenantResourceId 2+ string ; toLogicalZone 3 string
toLogicalZones 3 array ; toPhysicalZone 3 string ; toPhysicalZones 3 array
"""
_DEFAULTS_ONLY = {"newGuid", "utcNow"}


def _row(entry: str) -> tuple[str, tuple[int, int, str | None]]:
    name, count, *kind = entry.split()
    least, _, most = count.removesuffix("+").partition("-")
    limit = _ANY if count.endswith("+") else int(most or least)
    return name, (int(least), limit, kind[0] if kind else None)


FUNCTIONS = dict(_row(entry) for line in _TABLE.split("\n") for entry in line.split(";") if entry.strip())
"""For each function the least and the greatest number of arguments, and the kind of what it returns, if it is one."""


def check(file: File) -> Iterator[Finding]:
    """Functions that do not exist, that get too few or too many arguments, or that stand where they must not."""
    own = {other.name for other in file.others}
    defaults = {id(each) for parameter in file.parameters if parameter.default for each in walk(parameter.default)}
    for whole in expressions(file):
        for call in walk(whole):
            if not isinstance(call, Call):
                continue
            if call.target is not None:
                yield from _method(file, call)
            elif call.function not in own:
                yield from _function(file, call, in_default=id(call) in defaults)


def _function(file: File, call: Call, *, in_default: bool) -> Iterator[Finding]:
    if call.function.startswith("list"):
        least, most = 2, 3
    elif call.function in FUNCTIONS:
        least, most, _ = FUNCTIONS[call.function]
    else:
        yield Finding(file.path, call.line, "function", f"there is no function {call.function}")
        return
    if not least <= len(call.arguments) <= most:
        wanted = f"{least}" if least == most else f"{least} or more" if most == _ANY else f"{least} to {most}"
        message = f"{call.function} takes {wanted} argument(s), not {len(call.arguments)}"
        yield Finding(file.path, call.line, "arguments", message)
    if call.function in _DEFAULTS_ONLY and not in_default:
        yield Finding(file.path, call.line, "function", f"{call.function} may stand in a parameter's default only")


def _method(file: File, call: Call) -> Iterator[Finding]:
    """What resources and imports offer: ``list...`` and ``getSecret``; the functions of an import are not followed."""
    known = call.function.startswith("list") or call.function == "getSecret"
    imported = isinstance(call.target, Name) and any(
        other.name == call.target.name and other.kind == "import" for other in file.others
    )
    if not known and not imported:
        yield Finding(file.path, call.line, "function", f"nothing has a function {call.function} of its own")
