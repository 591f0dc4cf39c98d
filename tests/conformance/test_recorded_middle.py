"""Recorded requests through the pure middle: read, planned, matched and applied without a store."""

from dataclasses import dataclass, field

import pytest

from scim import characteristics, dialects, matching, messages, patch, quirks, resources
from scim.errors import ScimError
from scim.profiles import PROFILES, Profile
from scim.resources import Links, Note
from scim.schema import JsonObject, ResourceType, Schemas
from tests.conformance.cases import Case, expanded, holds, load, named

SCHEMAS = Schemas.load()
CASES = load()


@dataclass
class Directory:
    """Resources by id, each with its type; ids are the names of the recorded resources."""

    profile: Profile
    types: dict[str, ResourceType] = field(default_factory=dict)
    resources: dict[str, JsonObject] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def put(self, kind: ResourceType, name: str, body: JsonObject) -> int:
        created = name not in self.resources
        given, bent = dialects.body(kind, body, self.profile)
        reading = resources.read(kind, given)
        if not created:
            characteristics.check(kind, self.resources[name], reading.resource)
        self.notes += [*bent, *reading.notes]
        self._store(kind, name, reading.resource, reading.links)
        return 201 if created else 200

    def modify(self, name: str, body: JsonObject) -> int:
        kind, stored = self.types[name], self.resources[name]
        given, noted = dialects.message(messages.PATCH_OP, body, self.profile)
        plan = patch.plan(kind, messages.patch_op(given).operations, self.profile)
        outcome = plan.outcome(stored)
        characteristics.check(kind, stored, outcome.resource)
        self.notes += [*noted, *outcome.notes]
        self._store(kind, name, outcome.resource, outcome.links)
        return 204 if kind.members else 200

    def find(self, kind: ResourceType, text: str) -> list[str]:
        tree, _ = dialects.query_filter(text, self.profile)
        matches = matching.predicate(dialects.filter_(kind, tree, self.profile)[0], kind)
        return [name for name, held in self.resources.items() if self.types[name] is kind and matches(held)]

    def _store(self, kind: ResourceType, name: str, resource: JsonObject, links: Links) -> None:
        members = {} if links.clear else {m["value"]: m for m in resource.get("members", ())}
        kept = {identifier: member for identifier, member in members.items() if identifier not in links.remove}
        added = {i: {"value": i, "type": member.type or self.types[i].name} for i, member in links.add.items()}
        stored = {known: value for known, value in resource.items() if known != "members"} | {"id": name}
        if kept | added:
            stored["members"] = [*(kept | added).values()]
        self.types[name], self.resources[name] = kind, stored


def replay(case: Case) -> tuple[Directory, str, int, list[str]]:
    """Do what is recorded; the directory then, the id asked for, the status and what was found."""
    directory = Directory(PROFILES["rfc"])
    ids = {name: name for name in case.given}
    for name, given in case.given.items():
        directory.put(_kind(given["endpoint"]), name, named(given["body"], ids))
    directory.profile, directory.notes = PROFILES[case.profile], []
    request = named(case.request, ids)
    _, endpoint, *rest = request["path"].split("/")
    name = rest[0] if rest else "new"
    match request["method"]:
        case "PATCH":
            return directory, name, directory.modify(name, request["body"]), []
        case "POST" | "PUT":
            return directory, name, directory.put(_kind(f"/{endpoint}"), name, request["body"]), []
        case _:
            search = messages.query(request["query"])
            return directory, name, 200, directory.find(_kind(f"/{endpoint}"), search.filter or "")


def _kind(endpoint: str) -> ResourceType:
    kind = SCHEMAS.at(endpoint)
    assert kind is not None
    return kind


@pytest.mark.parametrize("case", [case for case in CASES if case.layer != "http"], ids=lambda case: case.name)
def test_a_recorded_request_comes_to_what_is_expected(case: Case) -> None:
    expect = named(case.expect, {name: name for name in case.given})
    if expect["status"] >= 400:
        with pytest.raises(ScimError) as refusal:
            replay(case)
        assert (refusal.value.status, refusal.value.scim_type) == (expect["status"], expect.get("scimType"))
        return
    directory, name, status, found = replay(case)
    assert status == expect["status"]
    assert found == expect.get("found", [])
    if "resource" in expect:
        assert holds(directory.resources[name], expect["resource"]), directory.resources[name]
        assert {note.quirk for note in directory.notes} == {*expect["notes"]}


def test_each_case_lies_in_the_folder_of_its_profile() -> None:
    assert all(case.name.startswith(f"{case.profile}/") for case in CASES)


def test_every_quirk_has_a_recorded_request() -> None:
    recorded = {quirk for case in CASES for quirk in case.expect.get("notes", ())}
    values = {quirk.name for quirk in vars(quirks).values() if isinstance(quirk, quirks.Quirk)}
    others = {
        "bare_extension_name",
        "create_unmatched",
        "empty_operations",
        "missing_schemas",
        "password_dropped",
        "remove_values",
        "replace_members",
        "top_level_extension",
        "unknown_attribute",
        "unknown_member_skipped",
        "unknown_path",
        "unknown_schemas",
        "unquoted_literal",
        "unquoted_number",
    }
    assert recorded == values | others


@pytest.mark.parametrize(
    ("found", "expected", "held"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "c": None}, True),
        ({"a": 1}, {"a": None}, False),
        ({"a": 1}, {"a": True}, False),
        ({}, {"a": 1}, False),
        ([{"a": 1, "b": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], True),
        ([{"a": 1}], [{"a": 1}, {"a": 1}], False),
        ([{"a": 1}, {"a": 1}], [{"a": 1}, {"a": 2}], False),
        ("x", {}, False),
        ("abc", {"matches": "a.c"}, True),
        ("abcd", {"matches": "a.c"}, False),
        (5, {"matches": "5"}, False),
        ("b", {"oneOf": ["a", "b"]}, True),
        ("c", {"oneOf": ["a", "b"]}, False),
        ([{"a": 1}, {"a": 2}], {"contains": [{"a": 2}]}, True),
        ([{"a": 1}, {"a": 2}], {"contains": [{"a": 3}]}, False),
    ],
)
def test_holding_means_what_it_says(found: object, expected: object, held: bool) -> None:
    assert holds(found, expected) is held


def test_repetitions_are_carried_out_and_numbered() -> None:
    assert expanded({"a": {"repeat": "xy", "times": 3}}) == {"a": "xyxyxy"}
    assert expanded([0, {"repeat": {"v": "u{n}"}, "times": 2}, {"repeat": "z", "times": 2}]) == [
        0,
        {"v": "u1"},
        {"v": "u2"},
        "zz",
    ]
