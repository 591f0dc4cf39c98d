"""PATCH: operations to a plan, and a plan applied to a resource (RFC 7644 §3.5.2).

Links to other resources are planned without a look at those there are, so that changing some of a group's members
does not mean loading all of them. ``characteristics.check`` judges what comes out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scim import links
from scim.characteristics import check_required, not_removable, schema_list
from scim.dialects import operations as rfc_form
from scim.edits import Assign, Change, Drop, Merge, Union, merging, replacing
from scim.errors import InvalidValue, Mutability, PayloadTooLarge
from scim.filters import terms
from scim.matching import element_predicate
from scim.messages import Operation
from scim.profiles import Profile
from scim.quirks import described
from scim.resources import (
    NO_LINKS,
    Links,
    Note,
    Reading,
    assignments,
    distinct,
    dropped,
    element,
    value,
)
from scim.schema import Attribute, Json, JsonObject, ResourceType, Target
from scim.steps import Step, read_only
from scim.values import few, object_of

MAX_WORK = 2_000_000
"""Comparisons of values that the operations of one PATCH may make, about; a visit of a value counts for ten."""
_VISIT = 10

type ValueEdit = Assign | Merge | Union | Drop | Change


@dataclass(frozen=True, slots=True)
class Keep:
    """A readOnly attribute named with the value that it has; anything else is refused."""

    value: Json


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit and its target; None drops a whole extension.

    Attributes:
        terms: comparisons that the edit makes with each element.
    """

    target: Target
    edit: ValueEdit | Keep | None
    terms: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a PATCH does, in order; a value that can be applied to any resource of its type.

    Attributes:
        resource_type: the type of resource.
        edits: the changes to attributes.
        links: the changes to links; none where they are among the edits.
        needs_members: whether the edits need the links attribute in the resource.
        notes: what was bent or skipped to come to this plan.
    """

    resource_type: ResourceType
    edits: tuple[Edit, ...]
    links: Links
    needs_members: bool
    notes: tuple[Note, ...]

    def apply(self, resource: JsonObject) -> JsonObject:
        """The resource after all operations; the same object where they change nothing.

        Raises:
            NoTarget: a path matches no value.
            Mutability: a readOnly attribute would change, or a required one go, be it for a moment.
            InvalidValue: several elements would be primary, or a required attribute blank.
        """
        return self.outcome(resource).resource

    @property
    def added(self) -> list[str]:
        """The ids that edits of the links attribute may add."""
        lists = [edit.edit for edit in self.edits if self._of_links(edit.target)]
        elements = [
            element
            for change in lists
            for element in (change.elements if isinstance(change, Union) else getattr(change, "value", None) or ())
        ]
        return [element["value"] for element in elements]

    def outcome(self, resource: JsonObject, known: Mapping[str, JsonObject] = MappingProxyType({})) -> Reading:
        """The resource after all operations, the links, and notes that include what was created on the way.

        Args:
            resource: the resource as it is.
            known: what links look like once they are stored, by id: an operation sees what one before it added.

        Raises:
            PayloadTooLarge: the operations would look at too many values.
        """
        notes = [*self.notes]
        work = 0
        for edit in self.edits:
            attribute = edit.target.attribute
            held = edit.target.holder(resource).get(attribute.name) if attribute else None
            work += len(held) * (_VISIT + edit.terms) if isinstance(held, list) else 0
            if work > MAX_WORK:
                raise PayloadTooLarge("The operations look at too many values; send fewer of them in one request.")
            resource = self._edited(resource, edit, notes)
            if known and attribute and self._of_links(edit.target) and attribute.name in resource:
                linked = [known.get(each["value"], each) for each in resource[attribute.name]]
                resource = {**resource, attribute.name: linked}
        return Reading(resource, self.links, distinct(notes))

    def _of_links(self, target: Target) -> bool:
        return (
            target.extension is None
            and target.attribute is not None
            and target.attribute.name == self.resource_type.members
        )

    def _edited(self, resource: JsonObject, edit: Edit, notes: list[Note]) -> JsonObject:
        target, change = edit.target, edit.edit
        if isinstance(change, Keep):
            return _kept(resource, target, change)
        if target.attribute is None or change is None:
            return self._with_extension(resource, target.extension or "", {})
        holder = target.holder(resource)
        name = target.attribute.name
        current = holder.get(name)
        new = change.of(current, notes)
        if new == current:
            return resource
        if isinstance(new, list) and name != self.resource_type.members:
            few(new, str(target))
        held = {known: given for known, given in holder.items() if known != name}
        if new is not None:
            held[name] = new
        if target.attribute.required:
            check_required(target.attribute, holder, held, f"{target.extension}:" if target.extension else "")
        return held if target.extension is None else self._with_extension(resource, target.extension, held)

    def _with_extension(self, resource: JsonObject, urn: str, held: JsonObject) -> JsonObject:
        """The resource with that extension; its URN is in ``schemas`` while it has attributes."""
        listed = set(resource.get("schemas", ()))
        if not held and urn not in listed and urn not in resource:
            return resource
        others = {name: given for name, given in resource.items() if name != urn}
        if held:
            others[urn] = held
            listed.add(urn)
        else:
            listed.discard(urn)
        others["schemas"] = schema_list(self.resource_type, listed)
        return others


def plan(resource_type: ResourceType, operations: Sequence[Operation], profile: Profile) -> Plan:
    """Plan the operations of a PATCH, as far as the profile lets their form go.

    Raises:
        BadRequest: the first operation that is wrong, whatever the resource.
    """
    steps, bent = rfc_form(resource_type, operations, profile)
    notes = [*bent]
    linking = [step for step in steps if links.names_links(resource_type, step)]
    looking = [links.looks_at_links(step) for step in linking]  # every step is judged, also after one that looks
    needs_members = any(looking)
    edits = []
    for step in steps:
        if needs_members or not links.names_links(resource_type, step):
            edits += _edits(resource_type, step, profile, notes)
    changed = NO_LINKS if needs_members or not linking else links.planned(resource_type, linking, notes)
    return Plan(resource_type, tuple(edits), changed, needs_members, distinct(notes))


def _edits(resource_type: ResourceType, step: Step, profile: Profile, notes: list[Note]) -> list[Edit]:
    target = step.target
    attribute = target.attribute
    if attribute is None:
        return [Edit(target, None)]
    if read_only(target):
        return [_keep(resource_type, step)]
    if attribute.name == "schemas" and target.extension is None:
        _check_schemas(resource_type, step, attribute)
        return []
    if "never" in {attribute.returned, target.leaf.returned}:
        return _unreturned(step, target.leaf, notes)
    if links.names_links(resource_type, step):
        change: ValueEdit | None = links.edit_of_links(resource_type, step, attribute, notes)
    elif step.filter is not None or (target.sub is not None and attribute.multi_valued):
        change = _element_edit(step, attribute, profile, notes)
    else:
        change = _whole_edit(step, attribute, notes)
    return [] if change is None else [Edit(target, change, terms(step.filter) if step.filter else 0)]


def _unreturned(step: Step, leaf: Attribute, notes: list[Note]) -> list[Edit]:
    """The edit of what is never returned: none, since it is not kept."""
    if step.op == "remove":
        if leaf.required:
            raise not_removable(str(step.target))
        return []
    if step.filter is None:
        value(leaf, step.value, str(step.target), [])  # refused where it is of the wrong type
    notes.append(dropped(leaf, str(step.target)))
    return []


def _whole_edit(step: Step, attribute: Attribute, notes: list[Note]) -> ValueEdit | None:
    """The edit of an attribute that the path names whole, or by a sub-attribute of its single value."""
    path, adding, sub = str(step.target), step.op == "add", step.target.sub
    given = None if step.op == "remove" else step.value
    if sub is not None:
        return Merge({sub.name: value(sub, given, path, notes)}, adding)
    if attribute.type == "complex" and not attribute.multi_valued and given not in (None, []):
        parts = assignments(attribute.sub, object_of(given, path), f"{path}.", notes)
        return Merge(parts, adding) if parts else None
    new = value(attribute, given, path, notes)
    if attribute.multi_valued and adding:
        return Union(new) if new is not None else None
    return Assign(new)


def _element_edit(step: Step, attribute: Attribute, profile: Profile, notes: list[Note]) -> ValueEdit | None:
    """The edit of the elements that a value path selects, or of one sub-attribute in them."""
    path, adding, sub = str(step.target), step.op == "add", step.target.sub
    matches = _every if step.filter is None else element_predicate(step.filter, attribute)
    like: Json = {} if step.filter is None else described(step.filter, attribute)
    if like and profile.create_unmatched and step.op != "remove":
        whole = str(Target(step.target.extension, attribute))
        like = element(attribute, like, whole, notes)  # what it compares with may be no value to have
    given = None if step.op == "remove" else step.value
    become: Callable[[Json], Json]
    new: Json
    if sub is not None or (adding and attribute.type == "complex"):
        if sub is not None:
            parts = {sub.name: value(sub, given, path, notes)}
        else:
            parts = assignments(attribute.sub, object_of(given or {}, path), f"{path}.", notes)
        become = merging(parts, path, _immutable(attribute), adding=adding)
        new = {name: part for name, part in parts.items() if part is not None}
    else:
        new = element(attribute, given, path, notes)
        if new is None and step.op == "remove":
            return Drop(matches, attribute.multi_valued)
        if profile.create_unmatched and like and isinstance(new, dict):
            new = {**like, **new}
        become = _same if adding and new is None else replacing(new)
    created = {**like, **new} if isinstance(like, dict) and isinstance(new, dict) else like and new
    return Change(
        path=path,
        many=attribute.multi_valued,
        matches=matches,
        become=become,
        created=created if profile.create_unmatched and like is not None else None,
        idle=step.op == "remove" or (profile.create_unmatched and new in (None, {})),
        last_primary_wins=profile.last_primary_wins,
    )


def _immutable(attribute: Attribute) -> frozenset[str]:
    return frozenset(sub.name for sub in attribute.sub_attributes if sub.mutability == "immutable")


def _every(_: Json) -> bool:
    return True


def _same(held: Json) -> Json:
    return held


def _check_schemas(resource_type: ResourceType, step: Step, attribute: Attribute) -> None:
    """Refuse a step on ``schemas`` that would take the core schema out; extensions follow their attributes."""
    core = resource_type.schema.id
    if step.op == "remove":
        leaves = step.filter is None or element_predicate(step.filter, attribute)(core)
    else:
        listed = {urn.lower() for urn in value(attribute, step.value, attribute.name, []) or ()}
        if strange := listed - resource_type.urns:
            raise InvalidValue(f"{min(strange)[:200]!a} is no schema of {resource_type.name}.")
        leaves = step.op == "replace" and core.lower() not in listed
    if leaves:
        raise Mutability(f"{core} cannot leave schemas.")


def _keep(resource_type: ResourceType, step: Step) -> Edit:
    target = step.target
    if step.filter is not None or (step.op == "remove" and target.attribute in resource_type.common):
        raise _read_only(target)
    return Edit(target, Keep(None if step.op == "remove" else step.value))


def _kept(resource: JsonObject, target: Target, keep: Keep) -> JsonObject:
    values = target.values(resource)
    several = target.attribute is not None and target.attribute.multi_valued
    current = values if several else values[0] if values else None
    if _assigned(current) != _assigned(keep.value):
        raise _read_only(target)
    return resource


def _assigned(held: Json) -> Json:
    """The value, or None where it stands for none (RFC 7643 §2.5)."""
    return None if held in ([], {}) else held


def _read_only(target: Target) -> Mutability:
    return Mutability(f"{target} is readOnly; it cannot be changed.")
