"""What changes from one set of schemas to another, and which resources may stand against it.

Nothing is looked at here but the schemas. Most changes lose nothing and are only told. The others are hurdles: each
brings a question to ask of every resource of its type, and what to do about those that answer yes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from scim.schema import Attribute, Index, Json, JsonObject, ResourceType, Schema, Schemas, Target

_VALUES = "with a value"
_REMOVE = "Remove the values first, or leave it as it is."
_FILL = "Give them a value first, or leave it optional."
_INDEX = "Give the index up first, and declare it once more after that, so that it is built anew; or leave it as it is."


@dataclass(frozen=True, slots=True)
class Hurdle:
    """A change that resources may stand against.

    Attributes:
        type: the name of the resources' type.
        change: what would change.
        standing: what distinguishes the resources that stand against it, such as ``with a value``.
        remedy: what to do about them.
        stands: whether a resource, as it is stored, is one of them.
    """

    type: str
    change: str
    standing: str
    remedy: str
    stands: Callable[[JsonObject], bool]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs between two sets of schemas.

    Attributes:
        told: a sentence for each change.
        hurdles: those changes that resources may stand against.
        indexes: new indexes of attributes that may have values, by the name of the type.
    """

    told: list[str] = field(default_factory=list)
    hurdles: list[Hurdle] = field(default_factory=list)
    indexes: dict[str, tuple[Index, ...]] = field(default_factory=dict)

    def tell(self, type_name: str, change: str) -> None:
        """Add a change that loses nothing."""
        self.told.append(f"{type_name}: {change}.")

    def raise_(self, hurdle: Hurdle) -> None:
        """Add a change that may lose something."""
        self.tell(hurdle.type, hurdle.change)
        self.hurdles.append(hurdle)


def compare(before: Schemas, after: Schemas) -> Comparison:
    """What changes from ``before`` to ``after``."""
    found = Comparison()
    for name in dict.fromkeys([*before.types, *after.types]):
        old, new = before.types.get(name), after.types.get(name)
        if old is None:
            found.tell(name, f"a new resource type, at {after.types[name].endpoint}")
        elif new is None:
            remedy = "Delete them first, or keep the type."
            found.raise_(Hurdle(name, "the resource type is removed", "of this type", remedy, lambda _: True))
        else:
            _Types(found, old, new).compare()
    return found


@dataclass(frozen=True, slots=True)
class _Types:
    """The comparison of a resource type as it was with what it is to be."""

    found: Comparison
    old: ResourceType
    new: ResourceType

    def compare(self) -> None:
        old, new = self.old, self.new
        if old.endpoint != new.endpoint:
            self.tell(f"its resources move from {old.endpoint} to {new.endpoint}")
        if old.description != new.description:
            self.tell("its description changes")
        if old.schema.id != new.schema.id:
            self.hurdle(
                f"its schema becomes {new.schema.id}", "of this type", "Delete them first, or keep it.", lambda _: True
            )
        else:
            self.schemas(None, old.schema, new.schema)
        for urn in dict.fromkeys([*old.extensions, *new.extensions]):
            self.extension(urn)
        self.indexes()

    def tell(self, change: str) -> None:
        self.found.tell(self.new.name, change)

    def hurdle(self, change: str, standing: str, remedy: str, stands: Callable[[JsonObject], bool]) -> None:
        self.found.raise_(Hurdle(self.new.name, change, standing, remedy, stands))

    def extension(self, urn: str) -> None:
        old, new = self.old.extensions.get(urn), self.new.extensions.get(urn)
        required = urn in self.new.required_extensions
        if new is None:
            remedy = "Remove it from them first (a PATCH that removes the path of that URN), or keep it."
            self.hurdle(f"the extension {urn} is removed", "with it", remedy, partial(_extended, urn))
            return
        was_required = urn in self.old.required_extensions
        if old is None and not required:
            self.tell(f"a new extension, {urn}")
        elif required and not was_required:
            become = "is new and required" if old is None else "becomes required"
            remedy = "Add it to them while it is optional, then make it required."
            self.hurdle(f"the extension {urn} {become}", "without it", remedy, lambda resource: urn not in resource)
        elif was_required and not required:
            self.tell(f"the extension {urn} becomes optional")
        if old is not None:
            self.schemas(urn, old, new)

    def schemas(self, urn: str | None, old: Schema, new: Schema) -> None:
        if (old.name, old.description) != (new.name, new.description):
            self.tell(f"{new.id}: its name or description changes")
        self.attributes(urn, None, old.attributes, new.attributes)

    def attributes(
        self, urn: str | None, parent: Attribute | None, old: Iterable[Attribute], new: Iterable[Attribute]
    ) -> None:
        were, become = {each.name: each for each in old}, {each.name: each for each in new}
        for name in dict.fromkeys([*were, *become]):
            target = _target(urn, parent, were.get(name) or become[name])
            if name not in become:
                self.hurdle(f"{target} is removed", _VALUES, _REMOVE, partial(_held, target))
            elif name not in were:
                self.added(target, become[name])
            elif were[name] != become[name]:
                self.changed(target, were[name], become[name])

    def added(self, target: Target, new: Attribute) -> None:
        if _must_be_given(new):
            self.hurdle(f"{target} is new and required", "without it", _FILL, partial(_lacking, target))
        else:
            self.tell(f"a new attribute, {target}")

    def changed(self, target: Target, old: Attribute, new: Attribute) -> None:
        """Compare an attribute's characteristics (RFC 7643 §2.2); its uniqueness is the indexes' concern."""
        same_form = (old.type, old.multi_valued) == (new.type, new.multi_valued)
        if not same_form:
            form = f"{new.type}, {'several values' if new.multi_valued else 'one value'}"
            self.hurdle(f"{target} becomes of another form ({form})", _VALUES, _REMOVE, partial(_held, target))
        if new.returned == "never" != old.returned:
            self.hurdle(f"{target} is never returned any more", _VALUES, _REMOVE, partial(_held, target))
        if _must_be_given(new) and not _must_be_given(old):
            self.hurdle(f"{target} becomes required", "without it", _FILL, partial(_lacking, target))
        if old.case_exact != new.case_exact and str(target) in _indexed(self.old):
            self.hurdle(f"{target} is compared in another way (caseExact)", _VALUES, _INDEX, partial(_held, target))
        if changed := [name for name in _HARMLESS if getattr(old, name) != getattr(new, name)]:
            self.tell(f"{target}: {', '.join(changed)} changes")
        if same_form and target.sub is None:
            self.attributes(target.extension, old, old.sub_attributes, new.sub_attributes)

    def build(self, path: str, was: Target) -> None:
        """Have an index built, if the attribute's values stay as they are."""
        (index,) = [index for index in self.new.indexes if str(index.target) == path]
        if _form(index.target) == _form(was):
            self.found.indexes[self.new.name] = (*self.found.indexes.get(self.new.name, ()), index)

    def indexes(self) -> None:
        old, new = _indexed(self.old), _indexed(self.new)
        for path, (alias, unique) in new.items():
            was = self.old.resolve(path)
            become = "unique" if unique else "indexed"
            if was is None or was.attribute is None:
                self.tell(f"{path} is {become}")
            elif path not in old:
                self.tell(f"{path} becomes {become}")
                self.build(path, was)
            elif old[path] != (alias, unique):
                change = f"{path} is {become} in another way" if old[path][1] == unique else f"{path} becomes {become}"
                self.hurdle(change, _VALUES, _INDEX, partial(_held, was))
        for path in old.keys() - new.keys():
            if self.new.resolve(path) is not None:
                self.tell(f"{path} is no longer indexed, so filters that compare it read all resources")


_HARMLESS = (
    "description",
    "required",
    "canonical_values",
    "case_exact",
    "mutability",
    "returned",
    "uniqueness",
    "reference_types",
)


def _form(target: Target) -> tuple[object, ...]:
    return tuple((part.type, part.multi_valued) for part in (target.attribute, target.sub) if part is not None)


def _target(urn: str | None, parent: Attribute | None, attribute: Attribute) -> Target:
    return Target(urn, attribute) if parent is None else Target(urn, parent, attribute)


def _indexed(kind: ResourceType) -> dict[str, tuple[str, bool]]:
    return {str(index.target): (index.alias, index.unique) for index in kind.indexes}


def _must_be_given(attribute: Attribute) -> bool:
    """Whether a stored resource must have the attribute: what clients cannot set, or is not stored, it need not."""
    return attribute.required and attribute.mutability != "readOnly" and attribute.returned != "never"


def _extended(urn: str, resource: JsonObject) -> bool:
    return urn in resource or urn in resource.get("schemas", ())


def _held(target: Target, resource: JsonObject) -> bool:
    return bool(target.values(resource))


def _lacking(target: Target, resource: JsonObject) -> bool:
    """Whether the object that should have the attribute is there, and the attribute is not, or is blank."""
    if target.sub is not None:
        holders = Target(target.extension, target.attribute).values(resource)
    else:
        holders = [target.holder(resource)] if target.extension is None or target.extension in resource else []
    return any(_blank(holder.get(target.leaf.name)) for holder in holders)


def _blank(value: Json) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
