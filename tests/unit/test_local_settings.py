"""host.json and local.settings.json."""

import os
from pathlib import Path

import pytest

from scim.local import settings
from scim.local.failure import Failure


def test_host_json_gives_the_prefix_and_the_headers(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"extensions": {"http": {"routePrefix": "", "customHeaders": {"A": "b"}}}}')
    assert settings.http_options(tmp_path) == settings.HttpOptions(route_prefix="", custom_headers={"A": "b"})


def test_without_a_prefix_in_host_json_it_is_api(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    assert settings.http_options(tmp_path).route_prefix == "api"


@pytest.mark.parametrize(("text", "complaint"), [(None, "no host.json"), ("{", "not JSON"), ("[]", "JSON object")])
def test_a_missing_or_broken_host_json_is_told_in_words(tmp_path: Path, text: str | None, complaint: str) -> None:
    if text is not None:
        (tmp_path / "host.json").write_text(text)
    with pytest.raises(Failure, match=complaint):
        settings.http_options(tmp_path)


def test_local_settings_fill_the_environment_but_replace_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {"SET": "before"})
    (tmp_path / "local.settings.json").write_text('{"Values": {"SET": "after", "UNSET": 1}}')
    settings.apply_local_settings(tmp_path)
    assert os.environ == {"SET": "before", "UNSET": "1"}


def test_local_settings_may_be_absent_but_not_encrypted(tmp_path: Path) -> None:
    settings.apply_local_settings(tmp_path)
    (tmp_path / "local.settings.json").write_text('{"IsEncrypted": true, "Values": {}}')
    with pytest.raises(Failure, match="decrypt"):
        settings.apply_local_settings(tmp_path)


@pytest.mark.parametrize(("environment", "limit"), [({}, 104_857_600), ({settings.BODY_LIMIT: "1000"}, 1000)])
def test_the_limit_of_bodies_is_azures_unless_set(environment: dict[str, str], limit: int) -> None:
    assert settings.body_limit(environment) == limit


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "100 MB"])
def test_a_limit_of_bodies_that_is_no_number_is_told_in_words(text: str) -> None:
    with pytest.raises(Failure, match=f"{settings.BODY_LIMIT} must be a number of bytes, not '{text}'"):
        settings.body_limit({settings.BODY_LIMIT: text})
