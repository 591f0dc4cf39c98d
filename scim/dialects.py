"""Clients' dialects into the RFC's form, as far as a profile lets them go, before anything else reads a request.

Each quirk leaves a note of its name where it was used. Under ``rfc`` no switch is on and nothing is bent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from scim import filters, quirks
from scim.errors import BadRequest, InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, PayloadTooLarge
from scim.filters import MAX_TERMS, And, Comparison, Filter, Not, Or, PatchPath, Present, ValuePath
from scim.matching import element_predicate
from scim.messages import Operation
from scim.profiles import Profile
from scim.quirks import Quirk
from scim.resources import Note, distinct, unknown
from scim.schema import Attribute, Json, JsonObject, ResourceType, Target
from scim.steps import Step, read_only, spread


def body(resource_type: ResourceType, given: Json, profile: Profile) -> tuple[Json, tuple[Note, ...]]:
    """The body of a POST or PUT in the RFC's form, and what was bent for it."""
    if not isinstance(given, dict):
        return given, ()
    bending = _Bending(resource_type, profile)
    if profile.ignore_unknown_schemas:
        given, dropped = quirks.unknown_schemas(resource_type, given)
        bending.notes += [Note("unknown_schemas", urn[:200]) for urn in dropped]
    if profile.allow_missing_schemas:
        given = bending.bent(
            "missing_schemas", "schemas", given, quirks.missing_schemas(resource_type.schema.id, given)
        )
    if profile.bare_extension_names:
        moved = quirks.top_level_extension(resource_type, given)
        given = bending.bent("top_level_extension", resource_type.name, given, moved)
    return bending.body(given), distinct(bending.notes)


def message(urn: str, given: Json, profile: Profile) -> tuple[Json, tuple[Note, ...]]:
    """The body of a message such as a PatchOp in the RFC's form, and what was bent for it."""
    if not isinstance(given, dict) or not profile.allow_missing_schemas:
        return given, ()
    listed = quirks.missing_schemas(urn, given)
    return listed, () if listed is given else (Note("missing_schemas", "schemas"),)


def query_filter(text: str, profile: Profile) -> tuple[Filter, tuple[Note, ...]]:
    """The filter of a query, whose words may lack their quotes, and what was bent for it.

    Raises:
        InvalidFilter: it cannot be read.
    """
    try:
        return filters.parse(text), ()
    except InvalidFilter:
        if not profile.unquoted_literals:
            raise
    return filters.parse(text, unquoted=True), (Note("unquoted_literal", "filter"),)


def filter_(resource_type: ResourceType, given: Filter, profile: Profile) -> tuple[Filter, tuple[Note, ...]]:
    """A filter in the RFC's form, and what was bent for it."""
    if not (profile.boolean_strings or profile.bare_extension_names or profile.unquoted_literals):
        return given, ()
    bending = _Bending(resource_type, profile)
    return bending.filter(given), distinct(bending.notes)


def operations(
    resource_type: ResourceType, given: Sequence[Operation], profile: Profile
) -> tuple[tuple[Step, ...], tuple[Note, ...]]:
    """The operations of a PATCH as steps in the RFC's form, and what was bent or skipped for them.

    Raises:
        InvalidSyntax: there is no operation.
        InvalidPath, InvalidFilter: a path names nothing the schema knows, or selects by nothing it knows.
    """
    if not given and not profile.allow_empty_operations:
        raise InvalidSyntax("Operations is empty; it must hold at least one operation.")
    bending = _Bending(resource_type, profile)
    if not given:
        bending.notes.append(Note("empty_operations", "Operations"))
    steps: list[Step | None] = []
    nowhere: dict[str, BadRequest] = {}
    for place, operation in enumerate(given):
        for found in spread(operation, place, bending.find, bending.read_path):
            if isinstance(found, Step):
                try:
                    steps.append(bending.step(found))
                except InvalidFilter as error:
                    nowhere[str(found.target)] = error
            elif found.key:
                bending.unknown_key(found.name)
            else:
                name = found.name[:200]
                nowhere[name] = found.error or InvalidPath(f"{resource_type.name} has no attribute {name}.")
    if nowhere and not (profile.skip_unknown_paths and steps):
        raise next(iter(nowhere.values()))
    bending.notes += [Note("unknown_path", name) for name in nowhere]
    return tuple(step for step in steps if step is not None), distinct(bending.notes)


@dataclass(slots=True)
class _Bending:
    """Looks for what a profile lets bend, and keeps the notes of it."""

    resource_type: ResourceType
    profile: Profile
    notes: list[Note] = field(default_factory=list)
    idle: bool = field(init=False)

    def __post_init__(self) -> None:
        self.idle = not any(getattr(self.profile, switch) for switch in quirks.VALUE_SWITCHES)

    def bent[T](self, quirk: str, path: str, given: T, meant: T) -> T:
        if meant is not given:
            self.notes.append(Note(quirk, path))
        return meant

    def use(self, quirk: Quirk, attribute: Attribute, given: Json, path: str) -> Json:
        if not getattr(self.profile, quirk.switch):
            return given
        return self.bent(quirk.name, path, given, quirk.bend(attribute, given))

    def body(self, given: JsonObject) -> JsonObject:
        if self.idle:
            return given
        bent: JsonObject = {}
        for name, held in given.items():
            schema = self.resource_type.extension(name)
            if schema is not None and isinstance(held, dict):
                bent[name] = {key: self.named(schema.attribute(key), v, f"{schema.id}:") for key, v in held.items()}
            else:
                bent[name] = self.named(self.resource_type.attribute(name), held, "")
        return bent

    def named(self, attribute: Attribute | None, given: Json, prefix: str) -> Json:
        if attribute is None or quirks.plain(attribute, given) or attribute.mutability in {"readOnly", "writeOnly"}:
            return given
        return self.whole(attribute, given, prefix + attribute.name)

    def whole(self, attribute: Attribute, given: Json, path: str) -> Json:
        """The value of an attribute, all elements of it."""
        if self.idle:
            return given
        if not attribute.multi_valued:
            return self.one(attribute, given, path)
        if not isinstance(given, list):
            given = self.use(quirks.empty_string, attribute, given, path)
            if given is None:
                return None
            given = self.use(quirks.single_for_array, attribute, given, path)
        if not isinstance(given, list):
            return given
        elements = [self.one(attribute, item, path) for item in given]
        return self.use(quirks.two_primaries, attribute, elements, path)

    def one(self, attribute: Attribute, given: Json, path: str) -> Json:
        """A single value, or one element of many."""
        if self.idle:
            return given
        if not isinstance(given, dict):
            given = self.use(quirks.array_for_single, attribute, given, path)
            given = self.use(quirks.empty_string, attribute, given, path)
        if attribute.type != "complex":
            given = self.use(quirks.object_for_simple, attribute, given, path)
            return self.use(quirks.string_boolean, attribute, given, path)
        if not isinstance(given, dict):
            given = self.use(quirks.bare_value, attribute, given, path)
        given = self.use(quirks.json_text, attribute, given, path)
        if not isinstance(given, dict):
            return given
        given = {name: self.named(attribute.sub(name), held, f"{path}.") for name, held in given.items()}
        return self.use(quirks.empty_value, attribute, given, path)

    def find(self, path: str) -> Target | None:
        if self.profile.bare_extension_names:
            meant = quirks.bare_extension_name(self.resource_type, path)
            path = self.bent("bare_extension_name", meant, path, meant)
        return self.resource_type.resolve(path)

    def read_path(self, text: str) -> PatchPath:
        """The path of an operation, in whose filter words may lack their quotes."""
        try:
            return filters.parse_path(text)
        except InvalidFilter:
            if not self.profile.unquoted_literals:
                raise
        path = filters.parse_path(text, unquoted=True)
        self.notes.append(Note("unquoted_literal", path.path))
        return path

    def filter(self, given: Filter, within: Attribute | None = None) -> Filter:
        """A filter of resources, or of the elements of one attribute."""
        match given:
            case And(terms):
                return And(tuple([self.filter(term, within) for term in terms]))
            case Or(terms):
                return Or(tuple([self.filter(term, within) for term in terms]))
            case Not(term):
                return Not(self.filter(term, within))
            case Present(path):
                return Present(self.place(path, within)[0])
            case ValuePath(path, term):
                path, attribute = self.place(path, within)
                return ValuePath(path, self.filter(term, attribute) if attribute else term)
            case Comparison(path, operator, literal):
                path, attribute = self.place(path, within)
                if attribute is not None:
                    full = path if within is None else f"{within.name}.{path}"
                    literal = self.use(quirks.string_boolean, attribute, literal, full)
                    if self.profile.unquoted_literals:
                        meant = quirks.unquoted_number(attribute, literal)
                        literal = self.bent("unquoted_number", full, literal, meant)
                return Comparison(path, operator, literal)

    def place(self, path: str, within: Attribute | None) -> tuple[str, Attribute | None]:
        """What a path of a filter is in the RFC's form, and its attribute, where there is one."""
        if within is not None:
            return path, within.sub(path)
        target = self.find(path)
        return (str(target), target.leaf) if target and target.attribute else (path, None)

    def unknown_key(self, name: str) -> None:
        """Note an unknown key of a value, as `resources.read` does for a body."""
        if not name.lower().startswith("urn:"):
            for part in name.split("."):
                unknown(part, "")
            self.notes.append(Note("unknown_attribute", name[:200]))
        elif any(name.lower().startswith(f"{urn}:") for urn in self.resource_type.urns):
            self.notes.append(Note("unknown_attribute", name[:200]))
        elif self.profile.ignore_unknown_schemas:
            self.notes.append(Note("unknown_schemas", name[:200]))
        else:
            raise InvalidValue(f"{name[:200]!a} is no attribute or extension of {self.resource_type.name}.")

    def step(self, step: Step) -> Step | None:
        attribute = step.target.attribute
        if step.op == "remove" and step.value is not None and not self.profile.remove_values:
            raise InvalidValue(f"A remove has no value; its path says which values of {step.target} are meant.")
        if attribute is None or read_only(step.target) or attribute.returned == "never":
            return step
        if attribute.name == "schemas" and self.profile.ignore_unknown_schemas:
            step = self.known_schemas(step)
        path = str(step.target)
        if step.filter is not None:
            meant = self.filter(step.filter, attribute)
            element_predicate(meant, attribute)  # raises what stands against it
            step = replace(step, filter=meant)
        if step.op == "remove":
            return self.removal(step, attribute, path)
        if step.target.sub is not None:
            given = self.whole(step.target.sub, self.several(step, step.target.sub), path)
        elif step.filter is not None:
            given = self.one(attribute, step.value, path)
        else:
            given = self.whole(attribute, self.several(step, attribute), path)
        if given is not step.value:
            step = replace(step, value=given)
        additive = attribute.name == self.resource_type.members and self.profile.replace_members == "add"
        if additive and step.filter is None and quirks.replaces_members(step.op, step.value):
            self.notes.append(Note("replace_members", path))
            return replace(step, op="add")
        return step

    def several(self, step: Step, attribute: Attribute) -> Json:
        """A step's value; RFC 7644 §3.5.2.1 adds «a new value» to several, so a lone one stands for an array of it."""
        kinds = (dict,) if attribute.type == "complex" else (str, int, float)  # a bool is an int
        lone = step.op == "add" and attribute.multi_valued and isinstance(step.value, kinds)
        return [step.value] if lone and not self.profile.loose_values else step.value

    def known_schemas(self, step: Step) -> Step:
        named, dropped = quirks.unknown_schemas(self.resource_type, {"schemas": step.value})
        self.notes += [Note("unknown_schemas", urn[:200]) for urn in dropped]
        return replace(step, value=named["schemas"])

    def removal(self, step: Step, attribute: Attribute, path: str) -> Step | None:
        if step.value is None:
            return step
        self.notes.append(Note("remove_values", path))
        if step.filter is not None or step.target.sub is not None or not attribute.multi_valued:
            return replace(step, value=None, has_value=False)
        linking = attribute.name == self.resource_type.members
        if not linking and isinstance(step.value, list) and len(step.value) > MAX_TERMS:
            raise PayloadTooLarge(f"The remove of {path} names {len(step.value):,} values; the limit is {MAX_TERMS:,}.")
        telling = ("value",) if linking else ("value", "type")
        listed = quirks.remove_values(attribute, self.whole(attribute, step.value, path), telling)
        return replace(step, filter=listed, value=None, has_value=False) if listed else None
