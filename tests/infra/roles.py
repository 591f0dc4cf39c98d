"""Role assignments: known roles, the least ones that do, on single resources, under names that never collide."""

from collections.abc import Iterator

from tests.infra.expressions import Call, Expression, Literal, Object, Text, walk
from tests.infra.json_modules import COSMOS_CONTRIBUTOR
from tests.infra.kinds import resource
from tests.infra.model import File, Finding, Resource, Template
from tests.infra.names import expressions
from tests.infra.tracing import Traced, body

_ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "17d1049b-9a84-46fb-8f53-869881c3d3ab": "Storage Account Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
}
"""Azure's built-in roles that may be met here, good and bad, by their ids."""

_STORAGE = "Microsoft.Storage/storageAccounts"
_CONTAINER = f"{_STORAGE}/blobServices/containers"
LEAST = {
    ("Storage Blob Data Owner", f"{_STORAGE} of the host"),
    ("Storage Queue Data Contributor", f"{_STORAGE} of the host"),
    ("Storage Table Data Contributor", f"{_STORAGE} of the host"),
    ("Storage Table Data Contributor", _STORAGE),
    ("Storage Table Data Reader", _STORAGE),
    ("Storage Blob Data Owner", f"{_CONTAINER} of the host"),
    ("Storage Blob Data Contributor", f"{_CONTAINER} of the host"),
    ("Storage Blob Data Contributor", _CONTAINER),
    ("Storage Blob Data Reader", _CONTAINER),
    ("Key Vault Secrets User", "Microsoft.KeyVault/vaults"),
    ("Key Vault Secrets User", "Microsoft.KeyVault/vaults/secrets"),
    ("Monitoring Metrics Publisher", "Microsoft.Insights/components"),
}
"""Which role may be given on what. The host's storage is what has ``host`` in its own or its file's name."""
PEOPLE = {("Key Vault Secrets Officer", "Microsoft.KeyVault/vaults")}
"""What only operators may have, who are given by a parameter: the principal's type is not written down."""


def check(template: Template, file: File) -> Iterator[Finding]:
    """All rules about the role assignments of one file."""
    for each in file.resources:
        if each.is_a(_ASSIGNMENT) and not each.existing:
            yield from _named(template, file, each)
            yield from _least(template, file, each)
    for whole in expressions(file):
        yield from _of_cosmos(template, file, whole)


def _named(template: Template, file: File, each: Resource) -> Iterator[Finding]:
    for name in body(template, file, each).at("name"):
        if name is None or not isinstance(name.expression, Call) or name.expression.function != "guid":
            yield Finding(file.path, each.line, "role-name", f"the name of {each.name} must be a guid(...)")
    if each.body.at("properties", "principalType") is None:
        message = f"{each.name} needs a principalType, or it fails while a new identity is not known everywhere"
        yield Finding(file.path, each.line, "principal-type", message)


def _least(template: Template, file: File, each: Resource) -> Iterator[Finding]:
    scope = each.body.property("scope")
    if scope is None:
        message = f"{each.name} has no scope, and so reaches everything in the {file.scope}"
        yield Finding(file.path, each.line, "role-scope", message)
        return
    on = resource(scope.value, file, frozenset())
    if on is None:
        yield Finding(file.path, scope.line, "role-scope", f"the scope of {each.name} must be one resource")
        return
    place = f"{on.type} of the host" if _hosts(file, on) else on.type
    for found in body(template, file, each).at("properties", "roleDefinitionId"):
        ids = _ids(found) if found else {"": body(template, file, each)}
        for identifier, end in ids.items():
            role, path, line = ROLES.get(identifier), end.file.path, end.expression.line
            if role is None:
                message = f"{each.name} gives a role that is none of those known: {identifier or 'it cannot be read'}"
                yield Finding(path, line, "role", message)
            elif (role, place) not in LEAST and not ((role, place) in PEOPLE and _to_people(template, file, each)):
                yield Finding(path, line, "role", f"{each.name} gives {role} on {place}, which is more than is needed")


def _hosts(file: File, on: Resource) -> bool:
    return on.type.startswith(_STORAGE) and "host" in f"{file.path.stem} {on.name}".casefold()


def _to_people(template: Template, file: File, each: Resource) -> bool:
    found = body(template, file, each).at("properties", "principalType")
    return not any(
        kind is None or (isinstance(kind.expression, Literal) and kind.expression.value == "ServicePrincipal")
        for kind in found
    )


def _ids(found: Traced) -> dict[str, Traced]:
    """The ids of roles that a definition's id can end in, each where it stands; the empty one cannot be read."""
    last: Expression
    match found.expression:
        case Call(arguments=(*_, last)) | Text(parts=(*_, last)):
            ends = list(found.to(last).possible())
        case _:
            ends = [found]
    return {_id(end.expression): end for end in ends}


def _id(end: Expression) -> str:
    written = end.value if isinstance(end, Literal) else ""
    return written.rpartition("/")[2].lower() if isinstance(written, str) else ""


def _of_cosmos(template: Template, file: File, whole: Expression) -> Iterator[Finding]:
    """Cosmos DB's own assignments, in resources and in templates that are nested as objects."""
    for each in walk(whole):
        if not isinstance(each, Object) or not each.get("roleDefinitionId") or each.get("principalType"):
            continue
        given = Traced(each, template, file)
        for found in given.at("roleDefinitionId"):
            if found and isinstance(found.expression, Text) and set(_ids(found)) != {COSMOS_CONTRIBUTOR}:
                message = "of Cosmos DB's own roles only the built-in data contributor is given"
                yield Finding(found.file.path, found.expression.line, "role", message)
