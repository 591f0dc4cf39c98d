"""Acts on memberships as resources of their own: a member joins a group, stays in it, or leaves it.

Each is an edit of the group's members, as a PATCH of the group would be, and recorded as that.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from scim.changes import Origin
from scim.errors import InvalidValue, Mutability, NotFound, ScimError, Uniqueness
from scim.resources import NO_LINKS, Links, Member, Reading
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage import keys, records
from scim.storage.acts import Edit, Modification, Request, Written
from scim.storage.drafts import Draft, Torn, View
from scim.storage.members import place
from scim.storage.membership import Membership, groups, held, parse_id, stored
from scim.storage.records import Stored, not_found


@dataclass(frozen=True, slots=True)
class Joining:
    """Create a membership."""

    schemas: Schemas
    kind: ResourceType
    attributes: JsonObject
    request: Request

    async def __call__(self, view: View, draft: Draft) -> Written:
        """Lay the new member into the draft.

        Raises:
            InvalidValue: there is no such group, or no such member.
            Uniqueness: the member is in the group already.
        """
        group, member = self.attributes["group"]["value"], self.attributes["member"]["value"]
        there = Uniqueness(f"member.value: {member[:100]} is a member of this group already.")
        edit = _edit(Links(add={member: Member(member, None)}), there)
        try:
            written = await Modification(self.schemas, groups(self.schemas), group, edit, self.request)(view, draft)
        except NotFound:
            raise InvalidValue(f"group.value: there is no group with the id {group[:100]}.") from None
        except InvalidValue:
            raise InvalidValue(f"member.value: no resource that can be a member has the id {member[:100]}.") from None
        joined = Membership(group, member, written.added[member])
        return Written(stored(self.kind, joined), changed=True, notes=written.notes)


@dataclass(frozen=True, slots=True)
class Staying:
    """Edit a membership, of which nothing can change; what the request had to leave out is recorded with the group."""

    schemas: Schemas
    kind: ResourceType
    identifier: str
    edit: Edit
    request: Request

    async def __call__(self, view: View, draft: Draft) -> Written:
        """Lay at most a record into the draft.

        Raises:
            NotFound: there is no such membership.
            Mutability: it would become another one.
            ScimError: what ``edit.apply`` raises.
        """
        there = await _existing(view, self.schemas, self.kind, self.identifier)
        read = self.edit.apply(there)
        for name in ("group", "member"):
            if read.resource.get(name) != there.attributes[name]:
                raise Mutability(f"{name} is immutable; create the other membership, and delete this one.")
        request = replace(self.request, notes=(*self.request.notes, *read.notes))
        if any(note.skipped for note in request.notes):
            group = there.attributes["group"]["value"]
            await Modification(self.schemas, groups(self.schemas), group, _edit(NO_LINKS), request)(view, draft)
        return Written(there, changed=False, notes=read.notes)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Delete a membership, if ``check`` raises nothing."""

    schemas: Schemas
    kind: ResourceType
    identifier: str
    origin: Origin
    check: Callable[[Stored], None]

    async def __call__(self, view: View, draft: Draft) -> Written:
        """Lay the end of it into the draft; gives the membership as it was.

        Raises:
            NotFound: there is no such membership.
            ScimError: what ``check`` raises.
        """
        there = await _existing(view, self.schemas, self.kind, self.identifier)
        self.check(there)
        edit = _edit(Links(remove=frozenset(there.members or ())))
        group, request = there.attributes["group"]["value"], Request(self.origin)
        await Modification(self.schemas, groups(self.schemas), group, edit, request)(view, draft)
        return Written(there, changed=True)


def _edit(links: Links, unchanged: ScimError | None = None) -> Edit:
    return Edit("modify", lambda group: Reading(group.attributes, links), unchanged=unchanged)


async def _existing(view: View, schemas: Schemas, kind: ResourceType, identifier: str) -> Stored:
    """A membership as it is read from rows that the draft is laid upon."""
    ids = parse_id(identifier)
    row = await view.get(keys.resource(groups(schemas).alias, ids[0])) if ids else None
    if ids is None or row is None:
        raise not_found(kind, identifier)
    group, member = ids
    found = await held(view.get, records.decode(groups(schemas), row), place(member))
    if found is None:
        raise Torn
    if member not in found[0]:
        raise not_found(kind, identifier)
    return stored(kind, Membership(group, member, found[0][member]))
