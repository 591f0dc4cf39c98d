"""The environment, read once into one frozen value."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Annotated, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

PREFIX = "ROLLCALL_"

_OTHER_SERVICES = frozenset({"blob", "queue", "file", "dfs", "web"})
"""Parts of hosts of a storage account that are not its tables."""


class SettingsError(Exception):
    """A setting is missing or wrong; the text says which, and what to write."""


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or " " in url:
        raise ValueError
    return url.rstrip("/")


def _authority(url: str) -> str:
    parts = urlsplit(url)
    if parts.path.strip("/") or (parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}):
        raise ValueError
    return _base_url(url)


def _storage(text: str) -> str:
    """An account's URL, or a connection string that names an account."""
    if "://" in text.partition("=")[0]:
        parts = urlsplit(text)
        other = not _OTHER_SERVICES.isdisjoint((parts.hostname or "").split("."))
        wrong = parts.scheme != "https" or not parts.hostname or other or parts.query or parts.path not in {"", "/"}
    else:
        names = {each.partition("=")[0].strip().lower() for each in text.split(";") if "=" in each}
        wrong = names.isdisjoint({"usedevelopmentstorage", "accountname", "tableendpoint"})
    if wrong:
        raise ValueError
    return text


def _signing_keys(place: str) -> str:
    """A file, or a secret in a vault, of whatever version is the newest."""
    if "://" in place:
        parts = urlsplit(place)
        folder, _, name = parts.path.removeprefix("/").removesuffix("/").partition("/")
        if parts.scheme != "https" or not parts.hostname or folder != "secrets" or not name or "/" in name:
            raise ValueError
    return place


def _identity(text: str) -> str:
    return str(UUID(text)) if text else text


def _backups(place: str) -> str:
    """A folder, or a container's URL; unencrypted only to this machine, where an emulator is."""
    parts = urlsplit(place)
    if parts.scheme not in {"http", "https"}:
        if "://" in place:
            raise ValueError
        return place
    here = parts.hostname in {"127.0.0.1", "localhost"}
    names = [name for name in parts.path.split("/") if name]
    if not parts.hostname or (parts.scheme != "https" and not here) or len(names) != (2 if here else 1):
        raise ValueError
    return place


class Settings(BaseModel):
    """Every setting of the service; each is an environment variable, ``ROLLCALL_`` and its name in upper case.

    The description of a field says what to write.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    storage: Annotated[str, AfterValidator(_storage)] = Field(
        description="the tables' URL (https://ACCOUNT.table.core.windows.net) or a connection string", repr=False
    )
    identity: Annotated[str, AfterValidator(_identity)] = Field(
        "",
        description="the client id of the user-assigned managed identity that signs in to Azure; blank: the "
        "system-assigned one, or whoever is signed in by 'az login'",
    )
    public_url: Annotated[str, AfterValidator(_base_url)] = Field(
        description="the URL under which clients reach the service, such as https://APP.azurewebsites.net"
    )
    page_default: int = Field(
        100,
        ge=1,
        description="resources in a page when the client does not say, from 1 to ROLLCALL_PAGE_MAX",
    )
    page_max: int = Field(500, ge=1, le=500, description="resources in a page at most, 1 to 500")
    scan_max: int = Field(10_000, ge=1, description="resources read to answer a filter no index helps, at most")
    cursor_seconds: int = Field(3_600, ge=1, description="seconds a cursor is good for, at least 1")
    body_max: int = Field(1_000_000, ge=10_000, description="bytes in the body of a request, at least 10000")
    group_body_max: int = Field(
        24_000_000, ge=10_000, description="bytes in the body of a group or of a bulk request, at least 10000"
    )
    json_depth: int = Field(64, ge=8, le=500, description="levels of nesting in a body, 8 to 500")
    operations_max: int = Field(1_000, ge=1, description="operations in one PATCH or bulk request, at least 1")
    requests_per_second: int = Field(
        1_000, ge=0, description="requests of one provider that one process takes in a second, or 0 for any number"
    )
    requests_at_once: int = Field(
        100, ge=0, description="requests of one provider that one process answers at a time, or 0 for any number"
    )
    request_seconds: int = Field(200, ge=30, le=220, description="seconds a request may take, 30 to 220")
    signing_keys: Annotated[str, AfterValidator(_signing_keys)] = Field(
        "",
        description="where the keys that sign access tokens are: a file, or a Key Vault secret "
        "(https://VAULT.vault.azure.net/secrets/NAME); blank: no access tokens are issued",
    )
    backups: Annotated[str, AfterValidator(_backups)] = Field(
        "",
        description="where each night's exports go: a blob container (https://ACCOUNT.blob.core.windows.net/backups, "
        "perhaps with a SAS as its query) or a folder; blank: nothing is exported",
        repr=False,
    )
    token_minutes: int = Field(120, ge=60, le=360, description="minutes an access token is good for, 60 to 360")
    entra_authority: Annotated[str, AfterValidator(_authority)] = Field(
        "https://login.microsoftonline.com", description="the https URL of Entra's cloud, without a tenant"
    )
    proxies: int = Field(
        1, ge=0, le=9, description="proxies of your own before the service, Azure's front end among them, 0 to 9"
    )
    cache_seconds: int = Field(60, ge=0, le=60, description="seconds a credential may be cached, 0 to 60")

    _unknown: tuple[str, ...] = PrivateAttr(())

    @property
    def unknown(self) -> tuple[str, ...]:
        """A sentence for each variable that has the form of a setting and is none of this version."""
        return self._unknown

    @classmethod
    def read(cls, environment: Mapping[str, str], *, strict: bool = True) -> Self:
        """Read the settings from the environment.

        Args:
            environment: the process's.
            strict: whether one that nobody knows is an error. To a deployed service it is not: its settings are new
                before its code is, or, where one goes back to earlier code, after it.

        Raises:
            SettingsError: naming each variable that is missing, wrong or unknown, and what to write.
        """
        variables = {PREFIX + name.upper(): name for name in cls.model_fields}
        given = {name: text for variable, name in variables.items() if (text := environment.get(variable))}
        others = sorted(each for each in environment if each.upper().startswith(PREFIX) and each not in variables)
        unknown = tuple(_unknown(each, variables) for each in others)
        complaints = [*unknown] if strict else []
        try:
            settings = cls.model_validate(given)
        except ValidationError as error:
            wrong = dict.fromkeys(str(each["loc"][0]) for each in error.errors())
            complaints = [_sentence(cls, name, environment) for name in wrong] + complaints
        if complaints:
            raise SettingsError("; ".join(complaints))
        settings._unknown = unknown  # noqa: SLF001 (its own)
        return settings


def _sentence(settings: type[Settings], name: str, environment: Mapping[str, str]) -> str:
    variable = PREFIX + name.upper()
    state = "is not what it must be" if environment.get(variable) else "is not set"
    return f"{variable} {state}: write {settings.model_fields[name].description}"


def _unknown(variable: str, known: Iterable[str]) -> str:
    near = get_close_matches(variable.upper().removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in known], n=1)
    return f"{variable} is no setting: {f'did you mean {PREFIX}{near[0]}?' if near else 'take it away'}"
