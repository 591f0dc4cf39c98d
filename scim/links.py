"""Links in a PATCH: a group's members, which are changed without a look at those there are, wherever that can be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scim.edits import Assign, Drop, Union
from scim.errors import Mutability
from scim.filters import Comparison, Filter, Or
from scim.matching import element_predicate
from scim.resources import Links, Member, Note, read_members
from scim.schema import Attribute, ResourceType
from scim.steps import Step


def names_links(resource_type: ResourceType, step: Step) -> bool:
    """Whether a step is about the links attribute."""
    attribute = step.target.attribute
    return attribute is not None and step.target.extension is None and attribute.name == resource_type.members


def looks_at_links(step: Step) -> bool:
    """Whether a step on links cannot be done without those there are."""
    selects = step.filter is not None
    if step.target.sub is not None or (selects and step.op != "remove" and step.value is not None):
        raise Mutability(f"{step.target} is immutable; members are added and removed, not changed.")
    return step.filter is not None and _ids(step.filter) is None


def _ids(filter_: Filter) -> list[str] | None:
    """The ids that a filter of links names, if it does nothing else."""
    terms = filter_.terms if isinstance(filter_, Or) else (filter_,)
    ids: list[str] = []
    for term in terms:
        match term:
            case Comparison(path, "eq", str(identifier)) if path.lower() == "value":
                ids.append(identifier)
            case _:
                return None
    return ids


@dataclass(slots=True)
class _LinkChanges:
    add: dict[str, Member] = field(default_factory=dict)
    remove: set[str] = field(default_factory=set)
    clear: bool = False

    def put(self, members: dict[str, Member]) -> None:
        self.add |= members
        self.remove -= members.keys()

    def take(self, ids: Sequence[str]) -> None:
        for identifier in ids:
            self.add.pop(identifier, None)
        if not self.clear:
            self.remove.update(ids)

    def take_all(self) -> None:
        self.add, self.remove, self.clear = {}, set(), True


def planned(resource_type: ResourceType, steps: Sequence[Step], notes: list[Note]) -> Links:
    """What steps on links come to, one after another."""
    changes = _LinkChanges()
    for step in steps:
        if step.filter is not None:
            if step.op != "add":  # an add of nothing to what is there
                changes.take(_ids(step.filter) or ())
            continue
        if step.op != "add":
            changes.take_all()
        if step.op != "remove":
            changes.put(read_members(resource_type, step.value, notes, step.operation))
    return Links(changes.add, frozenset(changes.remove), changes.clear)


def edit_of_links(
    resource_type: ResourceType, step: Step, attribute: Attribute, notes: list[Note]
) -> Assign | Drop | Union | None:
    """The edit of links among those there are."""
    if step.filter is not None:
        return Drop(element_predicate(step.filter, attribute), many=True) if step.op != "add" else None
    given = None if step.op == "remove" else step.value
    members = read_members(resource_type, given, notes, step.operation).values()
    elements = [{"value": m.id, "type": m.type} if m.type else {"value": m.id} for m in members]
    return Union(elements, key="value") if step.op == "add" else Assign(elements or None)
