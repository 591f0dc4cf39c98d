"""Where our PATCH and that of scim2-models in its strict policy differ, with the reasons."""

import json
from collections.abc import Callable
from dataclasses import replace

from scim import messages, patch
from scim.errors import ScimError
from scim.profiles import PROFILES
from scim.schema import Json, Target
from scim.steps import read_only
from scim.values import unequal
from tests.conformance.differences import Difference, code, explanation, shortened, table
from tests.conformance.patch_peers import GROUP, SCHEMAS, USER, Outcome, Patch, Refused, comparable, ours, theirs

ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MANAGER = f"{ENT}:manager"
WORK = {"value": "a@x.example", "type": "work"}
HOME = {"value": "b@x.example", "type": "home"}

type Explains = Callable[[Patch, Outcome, Outcome], bool]


def one(op: str, path: str | None, value: Json = ..., **held: Json) -> Patch:
    """One operation on a user, or on a group where it is about members."""
    operation = {"op": op} | ({} if path is None else {"path": path}) | ({} if value is ... else {"value": value})
    if path is not None and path.startswith("members"):
        return Patch("Group", {"schemas": [GROUP.schema.id], "id": "9", "displayName": "g", **held}, [operation])
    listed = [USER.schema.id, ENT] if ENT in held else [USER.schema.id]
    return Patch("User", {"schemas": listed, "id": "7", "userName": "a", **held}, [operation])


def first(asked: Patch) -> tuple[str, str, Json]:
    """Op, path and value of the only operation asked for; "" and None where they are absent."""
    (operation,) = asked.operations
    return operation["op"], operation.get("path") or "", operation.get("value")


def named(asked: Patch) -> Target | None:
    """What the path names, brackets aside."""
    _, path, _ = first(asked)
    head, bracket, tail = path.partition("[")
    sub = tail.rpartition("]")[2] if bracket else ""
    return SCHEMAS.types[asked.kind].resolve(head + sub)


def notes(asked: Patch) -> set[str]:
    """What Rollcall would note about the request."""
    try:
        planned = patch.plan(SCHEMAS.types[asked.kind], messages.patch_op(asked.body).operations, PROFILES["rfc"])
    except ScimError:
        return set()
    return {note.quirk for note in planned.notes}


def is_refused(outcome: Outcome, *scim_types: str) -> bool:
    return isinstance(outcome, Refused) and outcome.scim_type in scim_types


def done(outcome: Outcome) -> bool:
    return not isinstance(outcome, Refused)


def is_different(asked: Patch) -> bool:
    """Whether both answer differently, and not as some difference has it."""
    answer, other = ours(asked), theirs(asked)
    return answer != other and explain(asked, answer, other) is None


def unchanged(asked: Patch, outcome: Outcome) -> bool:
    return outcome == comparable(asked.resource)


def once(value: Json) -> Json:
    """The value with equal elements of arrays once."""
    if isinstance(value, dict):
        return {name: once(held) for name, held in value.items()}
    return unequal([once(item) for item in value]) if isinstance(value, list) else value


def without_primary(value: Json) -> Json:
    """The value without the mark of primary elements."""
    if isinstance(value, dict):
        return {name: without_primary(held) for name, held in value.items() if name != "primary"}
    return [without_primary(item) for item in value] if isinstance(value, list) else value


def unmarked(value: Json) -> Json:
    """The value without ``primary`` where it is false."""
    if isinstance(value, dict):
        return {name: unmarked(held) for name, held in value.items() if name != "primary" or held is not False}
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def unknown_schema(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    return first(asked)[1].lower() == "schemas" and is_refused(answer, "invalidValue") and done(other)


def null_is_added(asked: Patch, _: Outcome, other: Outcome) -> bool:
    op, _path, value = first(asked)
    return op == "add" and value is None and "value" in asked.operations[0] and is_refused(other, "invalidValue")


def nothing_for_single(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    value = first(asked)[2]
    extension = value is None and first(asked)[1].lower() == ENT.lower()
    return (value == [] or extension) and done(answer) and is_refused(other, "invalidValue")


def unknown_key(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    return done(answer) and is_refused(other, "invalidValue") and "unknown_attribute" in notes(asked)


def read_only_key(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    op, path, value = first(asked)
    keys = {key.lower() for key in value} if isinstance(value, dict) else set()
    named_so = op != "remove" and path in {"", MANAGER, ENT} and keys & {"id", "groups", "meta", "displayname"}
    return bool(named_so) and is_refused(other, "mutability", "invalidValue") and not is_refused(answer, "mutability")


def read_only_as_it_is(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    target = named(asked)
    return target is not None and read_only(target) and unchanged(asked, answer) and is_refused(other, "mutability")


def password(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    op, path, value = first(asked)
    if path.lower() == "password":
        return unchanged(asked, answer) and (done(other) or is_refused(other, "invalidValue"))
    if path or not isinstance(value, dict) or "password" not in value:
        return False
    rest = {name: held for name, held in value.items() if name != "password"}
    without = replace(asked, operations=[{"op": op, "value": rest}])
    return answer == ours(without) and not is_different(without)


def path_into_members(asked: Patch, answer: Outcome, _: Outcome) -> bool:
    return asked.kind == "Group" and "members" in first(asked)[1].lower() and is_refused(answer, "mutability")


def member_display(asked: Patch, answer: Outcome, _: Outcome) -> bool:
    return asked.kind == "Group" and first(asked)[1].endswith("display") and is_refused(answer, "invalidPath")


def members_replaced_by_null(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    op, path, value = first(asked)
    nothing = op == "replace" and path.lower().startswith("members[") and value is None
    return nothing and done(answer) and is_refused(other, "noTarget", "invalidValue")


def sub_attribute_of_none(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    target = named(asked)
    every = target is not None and target.sub is not None and "[" not in first(asked)[1]
    return every and is_refused(answer, "noTarget", "invalidValue") and unchanged(asked, other)


def element_replaced(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    op, path, value = first(asked)
    whole = op == "replace" and path.endswith("]") and isinstance(value, dict)
    return whole and done(answer) and done(other)


def equal_elements(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    """Theirs has elements twice, or takes what would be one primary element for two."""
    if isinstance(answer, Refused):
        return False
    value = first(asked)[2]
    lists = [(name, held) for name, held in asked.resource.items() if isinstance(held, list)]
    fewer = once(value) != value or any(len(answer.get(name, held)) < len(held) for name, held in lists)
    if isinstance(other, Refused):
        return fewer and is_refused(other, "invalidValue")
    return answer == comparable(once(other)) or (
        fewer and comparable(once(without_primary(answer))) == comparable(once(without_primary(other)))
    )


def equal_but_for_primary(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    if isinstance(answer, Refused) or isinstance(other, Refused) or first(asked)[0] != "add":
        return False
    return comparable(once(unmarked(answer))) == comparable(once(unmarked(other)))


def equal_but_for_case(_: Patch, answer: Outcome, other: Outcome) -> bool:
    if isinstance(answer, Refused) or isinstance(other, Refused):
        return False
    return comparable(once(json.loads(json.dumps(answer).lower()))) == comparable(
        once(json.loads(json.dumps(other).lower()))
    )


def blank(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    needed = "displayName" if asked.kind == "Group" else "userName"
    return is_refused(answer, "invalidValue") and not isinstance(other, Refused) and not other.get(needed, "").strip()


def brackets(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    return "[" in first(asked)[1] and {str(answer), str(other)} == {"400 invalidFilter", "400 invalidPath"}


def expression_as_path(asked: Patch, answer: Outcome, _: Outcome) -> bool:
    path = first(asked)[1]
    return " " in path and "[" not in path and is_refused(answer, "invalidPath")


def path_to_the_resource(asked: Patch, answer: Outcome, _: Outcome) -> bool:
    path = asked.operations[0].get("path")
    return path is not None and path.lower() in {"", USER.schema.id.lower()} and is_refused(answer, "invalidPath")


def filter_on_single(asked: Patch, _: Outcome, other: Outcome) -> bool:
    target = named(asked)
    single = target is not None and target.attribute is not None and not target.attribute.multi_valued
    return single and "[" in first(asked)[1] and is_refused(other, "invalidFilter")


def two_faults(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    if not (isinstance(answer, Refused) and isinstance(other, Refused)):
        return False
    kinds = {answer.scim_type, other.scim_type}
    if len(kinds) == 1 or "invalidValue" not in kinds:
        return False
    path_alone = replace(asked, operations=[{"op": "remove", "path": first(asked)[1]}])
    return "noTarget" in kinds or not (done(ours(path_alone)) or done(theirs(path_alone)))


def several_primary(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    op, path, value = first(asked)
    lists = (
        [*value.values()] if isinstance(value, dict) and not path else [value if isinstance(value, list) else [value]]
    )
    marked = [sum(primary(element) for element in each) for each in lists if isinstance(each, list)]
    marks = value is True if path.endswith(".primary") else max(marked, default=0) > ("[" not in path)
    return op != "remove" and marks and is_refused(answer, "invalidValue") and done(other)


def primary(element: Json) -> bool:
    return isinstance(element, dict) and element.get("primary") is True


def one_for_many(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    target, (_op, path, value) = named(asked), first(asked)
    many = target is not None and target.sub is None and target.attribute is not None and target.attribute.multi_valued
    bare = "[" not in path and not isinstance(value, list)
    return many and bare and is_refused(answer, "invalidValue") and done(other)


def null_elements(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    value = first(asked)[2]
    return isinstance(value, list) and None in value and done(answer) and is_refused(other, "invalidValue")


def coerced(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    wrong = '"true"' in json.dumps(asked.operations) or first(asked)[2] in (0, 1)
    return wrong and is_refused(answer, "invalidValue") and done(other)


def form_of_text(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    target = named(asked)
    if target is None or target.attribute is None:
        return False
    formed = target.leaf.type == "reference" or target.attribute.name in {"emails", "photos"}
    return formed and first(asked)[0] != "remove" and done(answer) and is_refused(other, "invalidValue")


def manager_without_value(asked: Patch, answer: Outcome, other: Outcome) -> bool:
    return "manager" in json.dumps(asked.operations).lower() and done(answer) and is_refused(other, "mutability")


DIFFERENCES: tuple[Difference[Patch, Outcome], ...] = (
    Difference(
        "A value path that replaces a whole element",
        "The values that match are replaced, which is more than a change of the sub-attributes named.",
        "RFC 7644 §3.5.2.3",
        one("replace", 'emails[type eq "work"]', {"value": "c@x.example"}, emails=[WORK]),
        element_replaced,
    ),
    Difference(
        "Equal elements",
        "The same value is kept once, whether it was sent twice or two elements came to be equal.",
        "RFC 7643 §2.4, RFC 7644 §3.5.2.1",
        one("replace", "emails", [WORK, WORK]),
        equal_elements,
    ),
    Difference(
        "An element there is, said not to be primary",
        "An element without `primary` is not primary, so the two are equal, and an add changes nothing.",
        "RFC 7643 §2.4, RFC 7644 §3.5.2.1",
        one("add", "emails", [WORK | {"primary": False}], emails=[WORK]),
        equal_but_for_primary,
    ),
    Difference(
        "Elements equal but for case",
        "An element is there already if it was sent so; a client may add an address in another spelling.",
        "RFC 7643 §2.2, RFC 7644 §3.5.2.1",
        one("add", "emails", [{"value": "A@x.example"}], emails=[{"value": "a@x.example"}]),
        equal_but_for_case,
    ),
    Difference(
        "A sub-attribute of every element, where there is none",
        "The path matches no value, as a filter that matches none does.",
        "RFC 7644 §3.5.2.3, table 9",
        one("replace", "emails.type", "work"),
        sub_attribute_of_none,
    ),
    Difference(
        "Several elements made primary at once",
        "The operation makes several elements primary; only one may be.",
        "RFC 7643 §2.4",
        one("replace", "emails.primary", value=True, emails=[WORK | {"primary": True}, HOME]),
        several_primary,
    ),
    Difference(
        "`add` of null",
        "Null is the same as no value: it unassigns what has one value and adds nothing to what has several.",
        "RFC 7643 §2.5",
        one("add", "title", None, title="t"),
        null_is_added,
    ),
    Difference(
        "An empty array for a single value, null for an extension",
        "Both stand for no value, whatever the attribute.",
        "RFC 7643 §2.5",
        one("replace", "title", [], title="t"),
        nothing_for_single,
    ),
    Difference(
        "Null among the values of an array",
        "A value that is none is left out.",
        "RFC 7643 §2.5",
        one("replace", "emails", [None, WORK]),
        null_elements,
    ),
    Difference(
        "Unknown keys in a value",
        "Ignored, and named in the change record, so that a client may know more attributes than the service.",
        "RFC 7643 §2.1, RFC 7644 §3.3",
        one("add", None, {"title": "t", "shoeSize": 5}),
        unknown_key,
    ),
    Difference(
        "readOnly attributes as keys of a value",
        "Ignored, as in the body of a POST or PUT: clients send back the `id` that they were given.",
        "RFC 7644 §3.3, §3.5.1",
        one("replace", None, {"id": "8", "title": "t"}),
        read_only_key,
    ),
    Difference(
        "A readOnly attribute by its path, with the value it has",
        "Nothing would change, so nothing is refused.",
        "RFC 7644 §3.5.2",
        one("replace", "id", "7"),
        read_only_as_it_is,
    ),
    Difference(
        "A URN in `schemas` that the resource type does not have",
        "There are no attributes that it could stand for.",
        "RFC 7643 §3",
        one("add", "schemas", ["urn:example:shoes"]),
        unknown_schema,
    ),
    Difference(
        "`password`",
        "Accepted and dropped, whatever it is, and the change record says so: Rollcall keeps no passwords.",
        "RFC 7643 §4.1.1, §9.2",
        one("replace", "password", "secret"),
        password,
    ),
    Difference(
        "A value path that changes members",
        "What members have is immutable; they are added and removed, and not looked at for anything else.",
        "RFC 7643 §8.7.1",
        one("replace", 'members[value eq "u1"].type', "Group", members=[{"value": "u2"}]),
        path_into_members,
    ),
    Difference(
        "A value path to members, replaced by null",
        "Another way to write a remove. Who is a member need not be known for it.",
        "RFC 7643 §2.5",
        one("replace", 'members[value eq "u1"]', None, members=[{"value": "u2"}]),
        members_replaced_by_null,
    ),
    Difference(
        "`display` of a member",
        "It is not in RFC 7643's own schema of Group, and not in that which is served.",
        "RFC 7643 §8.7.1",
        one("replace", 'members[value eq "u1"].display', "Ann", members=[{"value": "u1"}]),
        member_display,
    ),
    Difference(
        "A required attribute that is blank",
        "A required attribute has a value; blanks are none.",
        "RFC 7643 §2.4, §4.1.1",
        one("replace", "userName", " "),
        blank,
    ),
    Difference(
        "What the manager must have",
        "`value` and `$ref` are optional: the standard recommends them, and its schema contradicts itself.",
        "RFC 7643 §4.3, §8.7.1",
        one("remove", f"{MANAGER}.value", **{ENT: {"manager": {"value": "u1", "$ref": "https://a.example/1"}}}),
        manager_without_value,
    ),
    Difference(
        "Text or numbers for a boolean",
        'JSON has booleans of its own. The profile `entra` reads `"True"` as one.',
        "RFC 7643 §2.3.2",
        one("replace", "active", "true"),
        coerced,
    ),
    Difference(
        "One value, not in an array, to replace a multi-valued attribute",
        "Several values are an array, be it of one; only `add` adds «a new value». `entra` reads it as meant.",
        "RFC 7643 §2.4",
        one("replace", "emails", {"value": "a@x.example"}),
        one_for_many,
    ),
    Difference(
        "Texts that are no URI or no e-mail address",
        "They are kept as they are sent; nothing depends on their form.",
        "RFC 7643 §2.3.7, §4.1.2",
        one("replace", "profileUrl", ""),
        form_of_text,
    ),
    Difference(
        "A filter on a complex attribute with one value",
        "It selects that value or does not; Entra ID removes a manager so.",
        "RFC 7644 §3.5.2",
        one("remove", f'{MANAGER}[value eq "u1"]', **{ENT: {"manager": {"value": "u1"}}}),
        filter_on_single,
    ),
    Difference(
        "A comparison as a path",
        "The grammar of a path has none; erratum 7122, which adds it, is reported and not verified.",
        "RFC 7644 §3.5.2",
        one("replace", 'emails.type eq "work"', {"value": "c@x.example"}, emails=[WORK]),
        expression_as_path,
    ),
    Difference(
        "The core schema, or nothing, as a path",
        "It names no attribute; an operation on the resource itself has no path.",
        "RFC 7644 §3.5.2",
        one("add", USER.schema.id, {"title": "t"}),
        path_to_the_resource,
    ),
    Difference(
        "What is wrong about brackets",
        "`invalidFilter` where the filter is at fault, `invalidPath` where the attribute cannot have one.",
        "RFC 7644 §3.12, table 9",
        one("remove", "emails[type eq work]"),
        brackets,
    ),
    Difference(
        "Two faults in one operation",
        "Which of them is named is not for the standard to say.",
        "RFC 7644 §3.12",
        one("remove", "shoeSize", "x"),
        two_faults,
    ),
)
"""The first that explains two outcomes names them."""


def explain(asked: Patch, answer: Outcome, other: Outcome) -> Difference[Patch, Outcome] | None:
    """The difference that explains two outcomes of one operation; outcomes of several have no excuse."""
    return explanation(DIFFERENCES, asked, answer, other) if len(asked.operations) == 1 else None


def patch_table() -> str:
    """The differences as a table, each with what both answer to its example."""
    return table([(d.title, _asked(d.example), _answer(d, ours), _answer(d, theirs), _why(d)) for d in DIFFERENCES])


def _asked(asked: Patch) -> str:
    (operation,) = asked.operations
    held = {name: value for name, value in asked.resource.items() if name not in {"schemas", "id", "userName"}}
    if asked.kind == "Group":
        del held["displayName"]
    given = f" on {code(shortened(json.dumps(held)))}" if held else ""
    return code(shortened(json.dumps(operation))) + given


def _answer(difference: Difference[Patch, Outcome], reader: Callable[[Patch], Outcome]) -> str:
    asked = difference.example
    outcome = reader(asked)
    if isinstance(outcome, Refused):
        return str(outcome)
    before = comparable(asked.resource)
    changed = {name: outcome.get(name) for name in before | outcome if before.get(name) != outcome.get(name)}
    return code(shortened(json.dumps(changed))) if changed else "nothing changes"


def _why(difference: Difference[Patch, Outcome]) -> str:
    return f"{difference.because} ({difference.source})"
