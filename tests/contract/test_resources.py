"""Resources in a directory, on every kind of tables: kept, found, changed, counted."""

import re
import uuid
from dataclasses import replace

import pytest

from scim.errors import NotFound, PayloadTooLarge, Unavailable, Uniqueness
from scim.resources import NO_LINKS, Note, Reading
from scim.schema import Schemas
from scim.storage.acts import Edit, Request
from scim.storage.directory import Directory
from scim.storage.records import Stored
from scim.storage.rows import Rows
from tests.contract.writing import ORIGIN, REQUEST, Writer, adding, linking, other_ids

[NOBODY] = other_ids(1)


def mails(*values: str) -> list[dict[str, str]]:
    return [{"value": value} for value in values]


async def test_a_resource_comes_back_as_it_was_created(writer: Writer, schemas: Schemas) -> None:
    user = schemas.types["User"]
    enterprise = next(iter(user.extensions))
    attributes = {
        "schemas": [user.schema.id, enterprise],
        "userName": "Zoë 😀",
        "active": True,
        "name": {"givenName": 'a "quoted" \\ one'},
        "emails": [{"value": "a@example.org", "primary": True}],
        enterprise: {"department": "x" * 40_000},
    }
    written = await writer.directory.create(user, attributes, NO_LINKS, REQUEST)
    assert written.changed
    stored = await writer.read("User", written.stored.id)
    assert replace(stored, members=None) == replace(written.stored, members=None)
    assert stored.attributes == attributes
    assert stored.created == stored.modified
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stored.created)
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', stored.version)
    assert uuid.UUID(stored.id).version == 7


@pytest.mark.parametrize("identifier", [NOBODY, "", "x", "../head", "runs:user", NOBODY.upper(), NOBODY + "\n"])
async def test_what_is_not_there_is_not_found(writer: Writer, schemas: Schemas, identifier: str) -> None:
    user = schemas.types["User"]
    assert await writer.directory.get(user, identifier, members=True) is None
    with pytest.raises(NotFound):
        await writer.change("User", identifier, title="x")
    with pytest.raises(NotFound):
        await writer.delete("User", identifier)
    assert await writer.kinds() == []


async def test_a_user_is_no_group_and_a_group_no_user(writer: Writer, schemas: Schemas) -> None:
    user, group = await writer.user("a"), await writer.group("g")
    assert await writer.directory.get(schemas.types["Group"], user, members=True) is None
    with pytest.raises(NotFound):
        await writer.delete("User", group)
    with pytest.raises(NotFound):
        await writer.change("Group", user, displayName="x")


@pytest.mark.parametrize("taken", ["ann", "ANN", " Ann ", "\uff21nn"])
async def test_a_user_name_is_taken_without_regard_to_case(writer: Writer, taken: str) -> None:
    await writer.user("Ann")
    bob = await writer.user("bob")
    with pytest.raises(Uniqueness, match="userName"):
        await writer.user(taken)
    with pytest.raises(Uniqueness, match="userName"):
        await writer.change("User", bob, userName=taken)
    assert await writer.find("User", "userName", taken) != []
    assert await writer.kinds() == ["create", "create"]


async def test_a_group_name_is_taken_and_a_user_of_that_name_does_not_matter(writer: Writer) -> None:
    await writer.user("Sales")
    await writer.group("Sales")
    with pytest.raises(Uniqueness, match="displayName"):
        await writer.group("sales")


@pytest.mark.usefixtures("writer")
async def test_a_provider_may_share_group_names(rows: Rows, schemas: Schemas) -> None:
    relaxed = schemas.without_uniqueness("Group", "displayName")
    directory = Directory(rows, relaxed)
    assert await directory.adopt(ORIGIN)
    shared = Writer(directory, relaxed)
    one, two = await shared.group("same"), await shared.group("SAME")
    assert not await Directory(rows, schemas).adopt(ORIGIN)
    assert await shared.find("Group", "displayName", "Same") == [one, two]
    await shared.delete("Group", one)
    assert await shared.find("Group", "displayName", "same") == [two]
    await shared.delete("Group", two)


async def test_a_process_that_has_not_learnt_what_is_unique_may_not_write(
    rows: Rows, schemas: Schemas, writer: Writer
) -> None:
    one = await writer.user("one")
    await writer.delete("User", one)
    relaxed = schemas.without_uniqueness("Group", "displayName")
    assert await Directory(rows, relaxed).adopt(ORIGIN)
    for late in (writer.group("same"), writer.user("two"), writer.delete("User", one)):
        with pytest.raises(Unavailable, match="settings are being changed"):
            await late


async def test_names_go_from_one_to_the_other_and_back(writer: Writer) -> None:
    one, two = await writer.user("a"), await writer.user("x")
    for name, freed in (("b", "A"), ("B", "a"), ("a", "b"), ("A", "B")):
        await writer.change("User", one, userName=name)
        assert await writer.find("User", "userName", name.swapcase()) == [one]
        if name.lower() != freed.lower():
            assert await writer.find("User", "userName", freed) == []
    await writer.change("User", two, userName="B")
    assert await writer.find("User", "userName", "b") == [two]
    assert await writer.find("User", "userName", "x") == []


async def test_a_name_is_free_again_when_its_resource_goes(writer: Writer) -> None:
    old = await writer.user("a")
    await writer.delete("User", old)
    new = await writer.user("A")
    assert await writer.find("User", "userName", "a") == [new]
    assert new > old


async def test_an_external_id_may_be_shared_and_its_case_counts(writer: Writer) -> None:
    one, two = await writer.user("a", externalId="X:1"), await writer.user("b", externalId="X:1")
    three = await writer.user("c", externalId="x:1")
    assert await writer.find("User", "externalId", "X:1") == [one, two]
    assert await writer.find("User", "externalId", "x:1") == [three]
    assert await writer.find("User", "externalId", "X") == []
    await writer.change("User", one, externalId=None)
    assert await writer.find("User", "externalId", "X:1") == [two]


async def test_every_e_mail_is_found_and_two_that_differ_in_case_are_one(writer: Writer) -> None:
    one = await writer.user("a", emails=mails("A@x.org", "a@X.org", "b@x.org"))
    two = await writer.user("b", emails=mails("b@x.org"))
    assert await writer.find("User", "emails.value", "a@x.org") == [one]
    assert await writer.find("User", "emails.value", "B@x.org") == [one, two]
    await writer.change("User", one, emails=mails("a@x.org", "c@x.org"))
    assert await writer.find("User", "emails.value", "b@x.org") == [two]
    assert await writer.find("User", "emails.value", "c@x.org") == [one]


@pytest.mark.parametrize("end", ["", "~"])
async def test_values_too_long_for_a_key_are_told_apart(writer: Writer, end: str) -> None:
    stem = "ä" * 60
    one, two = await writer.user(stem + end + "1"), await writer.user(stem + end + "2")
    assert await writer.find("User", "userName", stem + end + "1") == [one]
    assert await writer.find("User", "userName", stem.upper() + end + "2") == [two]
    assert await writer.find("User", "userName", stem) == []


async def test_a_replacement_leaves_nothing_of_what_was_longer(writer: Writer) -> None:
    user = await writer.user("a", title="x" * 100_000, emails=mails("a@x.org"))
    await writer.change("User", user, title="short", emails=None)
    assert (await writer.read("User", user)).attributes["title"] == "short"
    assert "emails" not in (await writer.read("User", user)).attributes
    assert await writer.find("User", "emails.value", "a@x.org") == []


async def test_what_changes_nothing_writes_nothing(writer: Writer) -> None:
    user = await writer.user("a", title="x")
    group = await writer.group("g", user)
    before = await writer.kinds(), await writer.read("User", user), await writer.read("Group", group)
    for written in (await writer.change("User", user, title="x"), await writer.link(group, adding(user))):
        assert not written.changed
    assert (await writer.kinds(), await writer.read("User", user), await writer.read("Group", group)) == before


async def test_what_only_skips_is_recorded_and_moves_no_version(writer: Writer, schemas: Schemas) -> None:
    group = await writer.group("g")
    before = await writer.read("Group", group)
    notes = (Note("unknown_attribute", "color"),)
    kind, edit = schemas.types["Group"], linking(NO_LINKS)
    for request, applied in ((Request(ORIGIN, notes), edit), (REQUEST, linking(NO_LINKS, notes))):
        assert not (await writer.directory.modify(kind, group, applied, request)).changed
        change = [change async for change in writer.directory.changes()][-1]
        assert (change.kind, change.id, change.notes, change.moved, change.values) == (
            "skipped",
            group,
            notes,
            (),
            None,
        )
    coerced = Request(ORIGIN, (Note("string_boolean", "active"),))
    await writer.directory.modify(kind, group, edit, coerced)
    assert await writer.kinds() == ["create", "skipped", "skipped"]
    assert await writer.read("Group", group) == before


async def test_a_change_says_who_did_what(writer: Writer, schemas: Schemas) -> None:
    user = await writer.user("a", title="x")
    kind = schemas.types["User"]
    edit = Edit("replace", lambda stored: Reading({**stored.attributes, "title": "y"}))
    notes = (Note("password_dropped", "password"),)
    await writer.directory.modify(kind, user, edit, Request(ORIGIN, notes))
    await writer.delete("User", user)
    created, replaced, deleted = [change async for change in writer.directory.changes()]
    assert (replaced.kind, replaced.type, replaced.id, replaced.origin) == ("replace", "User", user, ORIGIN)
    assert (replaced.values, replaced.notes) == ({"title": {"before": "x", "after": "y"}}, notes)
    assert replaced.moved == (("user", user),)
    assert created.values is not None
    assert created.values["userName"] == {"before": None, "after": "a"}
    assert deleted.values is not None
    assert deleted.values["title"] == {"before": "y", "after": None}
    assert [change async for change in writer.directory.changes(replaced.number)] == [replaced, deleted]


async def test_an_edit_that_raises_changes_nothing(writer: Writer, schemas: Schemas) -> None:
    user = await writer.user("a")

    def refuse(stored: Stored) -> Reading:
        raise NotFound(stored.id)

    with pytest.raises(NotFound, match=user):
        await writer.directory.modify(schemas.types["User"], user, Edit("modify", refuse), REQUEST)
    assert await writer.kinds() == ["create"]


async def test_a_resource_too_large_for_its_rows_is_refused_and_any_other_can_be_changed(writer: Writer) -> None:
    with pytest.raises(PayloadTooLarge, match="230000"):
        await writer.user("a", title="x" * 230_000)
    user = await writer.user("a", title="x" * 229_000)
    await writer.group("g", user)
    await writer.change("User", user, title="y" * 229_000)
    with pytest.raises(PayloadTooLarge, match="230000"):
        await writer.change("User", user, title="é" * 115_000)
    await writer.delete("User", user)
    assert await writer.kinds() == ["create", "create", "modify", "delete"]


async def test_without_its_head_a_directory_is_empty_and_not_ready(rows: Rows, schemas: Schemas) -> None:
    directory = Directory(rows, schemas)
    assert await directory.total(schemas.types["User"]) == 0
    assert await directory.page(schemas.types["User"], 1, 10) == (0, [])
    await directory.found()
    await directory.found()
    await Writer(directory, schemas).user("a")
    await directory.found()
    assert await directory.total(schemas.types["User"]) == 1
