"""The environment, read once: what may stand there, and what is said when something else does."""

import pytest
from pydantic import ValidationError

from scim.settings import Settings, SettingsError

GOOD = {"ROLLCALL_STORAGE": "https://a.table.core.windows.net", "ROLLCALL_PUBLIC_URL": "https://scim.example"}


def test_two_variables_are_enough() -> None:
    settings = Settings.read(GOOD | {"PATH": "/bin"})
    assert settings.storage == "https://a.table.core.windows.net"
    assert settings.public_url == "https://scim.example"
    assert (settings.page_default, settings.page_max, settings.scan_max) == (100, 500, 10_000)
    assert (settings.body_max, settings.group_body_max, settings.json_depth) == (1_000_000, 24_000_000, 64)
    assert (settings.operations_max, settings.cache_seconds) == (1_000, 60)


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("ROLLCALL_STORAGE", "UseDevelopmentStorage=true", "UseDevelopmentStorage=true"),
        ("ROLLCALL_STORAGE", "AccountName=a;AccountKey=b;EndpointSuffix=core.windows.net", None),
        ("ROLLCALL_STORAGE", "TableEndpoint=https://a.table.core.windows.net/;SharedAccessSignature=sv=1", None),
        ("ROLLCALL_SIGNING_KEYS", "https://v.vault.azure.net/secrets/signing-keys", None),
        ("ROLLCALL_SIGNING_KEYS", ".local/keys.pem", None),
        ("ROLLCALL_PUBLIC_URL", "http://127.0.0.1:7071//", "http://127.0.0.1:7071"),
        ("ROLLCALL_PUBLIC_URL", "https://example.com/below/", "https://example.com/below"),
        ("ROLLCALL_PAGE_DEFAULT", "7", 7),
        ("ROLLCALL_CACHE_SECONDS", "0", 0),
        ("ROLLCALL_IDENTITY", "9F1C77AB-0000-4000-8000-000000000001", "9f1c77ab-0000-4000-8000-000000000001"),
        ("ROLLCALL_BACKUPS", "https://a.blob.core.windows.net/backups?sv=1", None),
        ("ROLLCALL_BACKUPS", "http://127.0.0.1:10000/devstoreaccount1/backups", None),
        ("ROLLCALL_BACKUPS", "/var/backups/rollcall", None),
        ("ROLLCALL_SCAN_MAX", "", 10_000),
    ],
)
def test_a_setting_is_read(variable: str, text: str, read: object) -> None:
    settings = Settings.read(GOOD | {variable: text})
    assert getattr(settings, variable.removeprefix("ROLLCALL_").lower()) == (text if read is None else read)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ROLLCALL_STORAGE", "http://a.table.core.windows.net"),
        ("ROLLCALL_STORAGE", "account"),
        ("ROLLCALL_STORAGE", "https://"),
        ("ROLLCALL_STORAGE", "https://a.table.core.windows.net/contoso"),
        ("ROLLCALL_STORAGE", "https://a.table.core.windows.net?sv=1&sig=secret"),
        ("ROLLCALL_STORAGE", "DefaultEndpointsProtocol=https"),
        ("ROLLCALL_STORAGE", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)"),
        ("ROLLCALL_SIGNING_KEYS", "https://v.vault.azure.net"),
        ("ROLLCALL_SIGNING_KEYS", "https://v.vault.azure.net/keys/signing-keys"),
        ("ROLLCALL_SIGNING_KEYS", "https://v.vault.azure.net/secrets/signing-keys/0123"),
        ("ROLLCALL_SIGNING_KEYS", "http://v.vault.azure.net/secrets/signing-keys"),
        ("ROLLCALL_PUBLIC_URL", "https://scim example"),
        ("ROLLCALL_PUBLIC_URL", "scim.example"),
        ("ROLLCALL_PUBLIC_URL", "ftp://scim.example"),
        ("ROLLCALL_PUBLIC_URL", "https://"),
        ("ROLLCALL_PUBLIC_URL", "https://scim.example?x=1"),
        ("ROLLCALL_PUBLIC_URL", "https://scim.example#x"),
        ("ROLLCALL_PUBLIC_URL", "https://[scim.example"),
        ("ROLLCALL_PAGE_MAX", "501"),
        ("ROLLCALL_PAGE_MAX", "many"),
        ("ROLLCALL_PAGE_DEFAULT", "0"),
        ("ROLLCALL_BODY_MAX", "1"),
        ("ROLLCALL_JSON_DEPTH", "7"),
        ("ROLLCALL_CACHE_SECONDS", "61"),
        ("ROLLCALL_IDENTITY", "id-rollcall"),
        ("ROLLCALL_BACKUPS", "https://a.blob.core.windows.net"),
        ("ROLLCALL_BACKUPS", "https://a.blob.core.windows.net/backups/more"),
        ("ROLLCALL_BACKUPS", "http://a.blob.core.windows.net/backups"),
        ("ROLLCALL_BACKUPS", "az://backups"),
        ("ROLLCALL_OPERATIONS_MAX", "1.5"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write_and_without_its_value(variable: str, text: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.read(GOOD | {variable: text})
    sentence = str(refusal.value)
    description = Settings.model_fields[variable.removeprefix("ROLLCALL_").lower()].description
    assert sentence == f"{variable} is not what it must be: write {description}"


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("ROLLCALL_PAGE_MAXIMUM", "ROLLCALL_PAGE_MAXIMUM is no setting: did you mean ROLLCALL_PAGE_MAX?"),
        ("ROLLCALL_page_max", "ROLLCALL_page_max is no setting: did you mean ROLLCALL_PAGE_MAX?"),
        ("ROLLCALL_XYZ", "ROLLCALL_XYZ is no setting: take it away"),
    ],
)
def test_a_setting_that_would_be_ignored_is_named(variable: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.read(GOOD | {variable: ""})
    assert str(refusal.value) == sentence


def test_a_deployed_service_starts_with_settings_of_another_version_and_tells() -> None:
    settings = Settings.read(GOOD | {"ROLLCALL_PAGE_MAXIMUM": "7", "ROLLCALL_XYZ": ""}, strict=False)
    assert settings.unknown == (
        "ROLLCALL_PAGE_MAXIMUM is no setting: did you mean ROLLCALL_PAGE_MAX?",
        "ROLLCALL_XYZ is no setting: take it away",
    )
    assert Settings.read(GOOD).unknown == ()
    with pytest.raises(SettingsError, match=r"^ROLLCALL_PAGE_MAX is not what it must be: write [^;]*$"):
        Settings.read(GOOD | {"ROLLCALL_PAGE_MAX": "x", "ROLLCALL_XYZ": ""}, strict=False)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match=r"^ROLLCALL_PAGE_MAX is not .*; ROLLCALL_XYZ is no setting"):
        Settings.read(GOOD | {"ROLLCALL_PAGE_MAX": "x", "ROLLCALL_XYZ": "x"})


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError, match=r"ROLLCALL_STORAGE is not set: .*; ROLLCALL_PUBLIC_URL is not set: "):
        Settings.read({})


def test_settings_are_frozen_and_do_not_show_the_storage_key_nor_a_sas() -> None:
    sas = {"ROLLCALL_BACKUPS": "https://a.blob.core.windows.net/b?sig=secret"}
    settings = Settings.read(GOOD | sas | {"ROLLCALL_STORAGE": "AccountName=a;AccountKey=secret"})
    assert "secret" not in repr(settings)
    with pytest.raises(ValidationError):
        settings.page_max = 1  # type: ignore[misc] # what must not be possible
