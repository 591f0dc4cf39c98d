"""Profiles and the overriding of their switches."""

from dataclasses import fields

import pytest

from scim.profiles import PROFILES, SWITCHES, Profile


def test_the_standards_profile_bends_nothing() -> None:
    bent = {name for name in SWITCHES if getattr(PROFILES["rfc"], name) not in (False, "set")}
    assert bent == {"unique_group_names"}


def test_entras_profile_bends_everything_that_can_be_bent() -> None:
    unbent = {name for name in SWITCHES if getattr(PROFILES["entra"], name) in (False, "set")}
    assert unbent == {"group_memberships", "refuse_personal_urls"}, "which bend nothing, but offer more and less"


def test_oktas_profile_bends_one_thing() -> None:
    assert PROFILES["okta"] == PROFILES["rfc"].override({"ignore_unknown_schemas": "on"})


def test_every_field_is_a_switch() -> None:
    assert tuple(field.name for field in fields(Profile)) == SWITCHES


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_of_a_profile_is_turned_one_way_and_the_other_alone(profile: str, switch: str) -> None:
    before = PROFILES[profile]
    words: dict[str, object] = (
        {"set": "set", "add": "add"} if switch == "replace_members" else {"on": True, "off": False}
    )
    for word, value in words.items():
        after = before.override({switch: word})
        assert getattr(after, switch) == value
        assert [name for name in SWITCHES if name != switch and getattr(after, name) != getattr(before, name)] == []


def test_overriding_leaves_the_profile_itself_as_it_was() -> None:
    PROFILES["rfc"].override({"create_unmatched": "on"})
    assert not PROFILES["rfc"].create_unmatched
    assert PROFILES["rfc"].override({}) == PROFILES["rfc"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"no_such": "on"}, "there is no switch 'no_such'; the switches are create_unmatched, "),
        ({"__class__": "on"}, "there is no switch '__class__'"),
        ({"create_unmatched": "yes"}, "switch create_unmatched takes on or off, not 'yes'"),
        ({"create_unmatched": "True"}, "takes on or off"),
        ({"replace_members": "on"}, "switch replace_members takes set or add, not 'on'"),
        ({"create_unmatched": "on", "remove_values": ""}, "switch remove_values takes on or off, not ''"),
    ],
)
def test_a_wrong_setting_is_refused_with_the_right_words(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match="switch") as refused:
        PROFILES["rfc"].override(settings)
    assert sentence in str(refused.value)
