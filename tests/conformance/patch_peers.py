"""One PATCH, done by us and by scim2-models: two answers in one form, so that they can be compared."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from scim2_models import Context, EnterpriseUser, Error, Group, PatchOp, User
from scim2_models.exceptions import SCIMException

from scim import characteristics, messages, patch
from scim.errors import ScimError
from scim.profiles import PROFILES
from scim.resources import Links
from scim.schema import Json, JsonObject, Schemas

SCHEMAS = Schemas.load()
USER, GROUP = SCHEMAS.types["User"], SCHEMAS.types["Group"]
_EMPTY: tuple[Json, ...] = (None, [], {})
_MODELS: dict[str, Any] = {"User": User[EnterpriseUser], "Group": Group}


@dataclass(frozen=True, slots=True)
class Patch:
    """A resource and what a client asks to be done to it."""

    kind: str
    resource: JsonObject
    operations: list[JsonObject]

    @property
    def body(self) -> JsonObject:
        """The request's body."""
        return {"schemas": [messages.PATCH_OP], "Operations": self.operations}


@dataclass(frozen=True, slots=True)
class Refused:
    """An error, by its status and scimType."""

    status: int
    scim_type: str | None

    def __str__(self) -> str:
        return f"{self.status} {self.scim_type or ''}".rstrip()


type Outcome = JsonObject | Refused
"""The resource afterwards, in a form in which equal resources are equal; or the refusal."""


def ours(asked: Patch) -> Outcome:
    """What Rollcall makes of it under the profile ``rfc``."""
    try:
        return comparable(_modified(asked))
    except ScimError as error:
        return Refused(error.status, error.scim_type)


def _modified(asked: Patch) -> JsonObject:
    """The resource after the request, as `scim.service` comes to it; every id counts as that of a resource."""
    kind, before = SCHEMAS.types[asked.kind], asked.resource
    plan = patch.plan(kind, messages.patch_op(asked.body).operations, PROFILES["rfc"])
    members = kind.members or ""
    seen = before if plan.needs_members else {name: held for name, held in before.items() if name != members}
    outcome = plan.outcome(seen)
    derived = {"id", "meta", members, kind.memberships}
    stored, after = ({n: v for n, v in held.items() if n not in derived} for held in (before, outcome.resource))
    characteristics.check(kind, stored, after)
    if kind.members is None or plan.needs_members:
        return outcome.resource
    return outcome.resource | {members: _linked(before.get(members, []), outcome.links)}


def _linked(held: list[JsonObject], links: Links) -> list[JsonObject]:
    kept = [] if links.clear else [link for link in held if link["value"] not in links.remove]
    known = {link["value"] for link in kept}
    return [*kept, *({"value": identifier} for identifier in links.add if identifier not in known)]


def theirs(asked: Patch) -> Outcome:
    """What scim2-models makes of it under its strict policy."""
    model: Any = _MODELS[asked.kind]
    resource = model.model_validate(asked.resource)
    try:
        message: Any = PatchOp.__class_getitem__(model)
        message.model_validate(asked.body, scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(resource)
        return comparable(resource.model_dump(scim_ctx=Context.DEFAULT))
    except ValidationError as error:
        first = Error.from_validation_errors(error)[0]
        return Refused(first.status or 0, first.scim_type)
    except SCIMException as error:
        return Refused(error.status, error.scim_type)


def comparable(resource: JsonObject) -> JsonObject:
    """The resource without attributes that are empty, its arrays in one order, and links by their ids, each once."""
    ids = {member.get("value", "") for member in resource.get("members") or ()}
    tidy: JsonObject = _tidy(resource | {"members": [{"value": identifier} for identifier in ids]})
    return tidy


def _tidy(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: kept for name, held in value.items() if (kept := _tidy(held)) not in _EMPTY}
    if isinstance(value, list):
        return sorted((_tidy(held) for held in value), key=_text)
    return value


def _text(value: Json) -> str:
    return json.dumps(value, sort_keys=True)
