"""The operator's commands for what lets clients in, and for the keys that sign access tokens."""

import re
import stat
from pathlib import Path

import pytest

from scim import cli, signing
from scim.signing import SigningKey
from scim.storage.memory import MemoryTables
from tests.client import ORIGIN

TENANT, SUBJECT = "11111111-2222-4333-8444-555555555555", "AAAAAAAA-2222-4333-8444-555555555555"


class Operator:
    """Runs commands on one store that has a provider."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.token = re.findall(r"rollcall_\w{12}_\S+", self("providers create contoso --profile entra"))[0]

    def __call__(self, command: str, status: int = 0) -> str:
        """What a command says on stdout; or on stderr, if it is to fail."""
        assert cli.main(command.split()) == status
        out, err = self._capsys.readouterr()
        assert "" in (out, err)
        return out if status == 0 else err

    def made(self, command: str) -> dict[str, str]:
        """What a command says, by the words at the beginnings of its lines."""
        lines = [line.split(None, 1) for line in self(f"credentials {command}").splitlines()]
        return {words[0]: words[1] for words in lines if len(words) == 2}


@pytest.fixture
def operator(account: MemoryTables, capsys: pytest.CaptureFixture[str]) -> Operator:
    del account
    return Operator(capsys)


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "keys.pem"
    monkeypatch.setenv("ROLLCALL_SIGNING_KEYS", str(place))
    return place


@pytest.mark.parametrize("option", ["--tenant", "--subject", "--application"])
def test_a_federated_client_is_pinned_to_ids_and_to_none_whatsoever(operator: Operator, option: str) -> None:
    pinned = dict.fromkeys(("--tenant", "--subject", "--application"), SUBJECT) | {option: "any"}
    options = " ".join(f"{name} {value}" for name, value in pinned.items())
    with pytest.raises(SystemExit):
        operator(f"credentials federated contoso --audience api://a {options}")


@pytest.mark.usefixtures("keys")
def test_each_kind_is_shown_once_and_listed_without_its_secret(operator: Operator) -> None:
    token = operator.made("token contoso --scope read")
    basic = operator.made("basic contoso")
    client = operator.made("client contoso --days 400")
    trust = f"--tenant {TENANT} --subject {SUBJECT}"
    federated = operator.made(f"federated contoso {trust} --audience api://a --application {SUBJECT}")
    entra = operator.made(f"entra contoso --tenant {TENANT.upper()}")
    assert {each["Base"] for each in (token, basic, client, federated, entra)} == {f"URL  {ORIGIN}/scim/contoso/v2"}
    assert client["Endpoint"] == federated["Endpoint"] == f"{ORIGIN}/scim/contoso/oauth/token"
    assert "Whoever" in entra
    for said in (operator("credentials list contoso"), operator("providers show contoso")):
        for secret in (token["Token"], basic["Password"], client["Secret"], operator.token):
            assert secret not in said
        assert f"Token     {token['Token'].split('_')[1]}  may read" in said
        assert f"Password  {basic['User']}  may write" in said
        assert re.search(rf"OAuth client {client['Client']}  may write .+  ends 20\S+\n  secret 1 .+  ends 20", said)
        assert f"OAuth client {federated['Client']}" in said
        assert f"application {SUBJECT.lower()}" in said
        assert "Entra's tokens entra-contoso  may write" in said
        assert f"of the tenant {TENANT}" in said


def test_a_client_without_keys_to_sign_with_is_said_to_get_nothing_yet(operator: Operator) -> None:
    assert "set ROLLCALL_SIGNING_KEYS" in operator("credentials client contoso")


@pytest.mark.parametrize(
    ("overlap", "said"), [("", "7 more days"), (" --overlap 30", "30 more days"), (" --overlap 0", "no more")]
)
def test_rotating_shows_the_new_one_and_says_how_long_the_old_one_is_good(
    operator: Operator, overlap: str, said: str
) -> None:
    key_id = operator.token.split("_")[1]
    told = operator(f"credentials rotate contoso {key_id}{overlap}")
    assert f"is good {said if said == 'no more' else f'for {said}, if it does not end before'}." in told
    assert "It does not end." in told
    new = re.findall(r"^Token +(\S+)$", told, re.MULTILINE)[0]
    listed = operator("credentials list contoso")
    assert re.search(rf"{key_id} .+  {'ended' if said == 'no more' else 'ends'} 20", listed)
    assert re.search(rf"{new.split('_')[1]} (?!.*end)", listed)


@pytest.mark.parametrize(
    ("days", "warned"), [(61, ""), (60, "60"), (21, "60"), (20, "20"), (6, "20"), (5, "5"), (0.5, "5")]
)
def test_a_credential_that_ends_soon_is_shown_with_a_warning(operator: Operator, days: float, warned: str) -> None:
    said = operator(f"credentials expire contoso {operator.token.split('_')[1]} --days {days}")
    assert " ends 20" in said
    for shown in (operator("credentials list contoso"), operator("providers show contoso")):
        assert re.findall(r"WARNING: within (\d+) days; rotate it", shown) == ([warned] if warned else [])


@pytest.mark.usefixtures("keys")
def test_a_clients_secrets_are_rotated_listed_and_revoked_one_by_one(operator: Operator) -> None:
    key_id = operator.made("client contoso")["Client"]
    assert operator.made(f"rotate contoso {key_id} --overlap 7 --days 365")["Client"] == key_id
    listed = operator("credentials list contoso")
    assert re.findall(r"^  secret (\d)  issued \S+  (ends|does not end)", listed, re.MULTILINE) == [
        ("1", "ends"),
        ("2", "ends"),
    ]
    assert "two secrets already" in operator(f"credentials rotate contoso {key_id}", status=1)
    assert operator(f"credentials revoke contoso {key_id} --secret 1") == "secret 1 is revoked\n"
    assert "secret 1" not in operator("credentials list contoso")
    assert operator(f"credentials revoke contoso {key_id}") == f"{key_id} is revoked\n"
    assert key_id not in operator("credentials list contoso")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("list nobody", "there is no provider 'nobody'"),
        ("token nobody", "there is no provider 'nobody'"),
        ("token contoso --user 01990000-0000-7000-8000-000000000000", "has no user"),
        ("rotate contoso abc", "no credential with the key id 'abc'"),
        ("expire contoso abc --days 1", "no credential with the key id 'abc'"),
        ("revoke contoso abc", "no credential with the key id 'abc'"),
        ("revoke contoso ../é", "no credential with the key id '../é'"),
        (f"entra nobody --tenant {TENANT}", "there is no provider 'nobody'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(operator: Operator, command: str, sentence: str) -> None:
    said = operator(f"credentials {command}", status=1)
    assert said.startswith("scim: ")
    assert sentence in said
    assert said.count("\n") == 1


def test_a_tenant_is_trusted_once(operator: Operator) -> None:
    operator(f"credentials entra contoso --tenant {TENANT}")
    assert "trusts it already" in operator(f"credentials entra contoso --tenant {TENANT}", status=1)


@pytest.mark.parametrize(
    "command",
    [
        "credentials",
        "credentials rotate contoso abc --overlap 31",
        "credentials rotate contoso abc --overlap -1",
        "credentials rotate contoso abc --overlap nan",
        "credentials expire contoso abc",
        "credentials expire contoso abc --days 0",
        "credentials token contoso --days inf",
        "credentials entra contoso",
        "credentials entra contoso --tenant common",
        "credentials entra contoso --tenant ../x",
        f"credentials federated contoso --tenant {TENANT} --audience a --application {TENANT}",
        "keys",
    ],
)
def test_a_command_that_makes_no_sense_is_status_2(operator: Operator, command: str) -> None:
    with pytest.raises(SystemExit) as end:
        operator(command)
    assert end.value.code == 2


# Keys


def test_keys_are_rolled_and_shown_without_a_word_of_them(operator: Operator, keys: Path) -> None:
    assert re.fullmatch(r"\S{43}  signs from now on\n", operator("keys roll"))
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    assert re.fullmatch(r"\S{43}  signs from 20\S+Z on\n", operator("keys roll"))
    first, second = signing.read(keys.read_text())
    shown = operator("keys show")
    assert re.search(rf"^{first.kid}  created \S+  signs$", shown, re.MULTILINE)
    assert re.search(rf"^{second.kid}  created \S+  is not used yet$", shown, re.MULTILINE)
    assert "PRIVATE" not in shown


def test_a_key_whose_tokens_have_expired_is_retired(operator: Operator, keys: Path) -> None:
    old, current = SigningKey.new(1_700_000_000), SigningKey.new(1_750_000_000)
    keys.write_text(signing.write([old, current]))
    assert f"{old.kid}  is retired" in operator("keys roll")
    kept, _ = signing.read(keys.read_text())
    assert kept.kid == current.kid


def test_keys_that_cannot_be_had_are_said_in_a_sentence(operator: Operator, keys: Path) -> None:
    for command in ("keys show",):
        assert "cannot be reached: No such file" in operator(command, status=1)
    keys.write_text("nothing")
    for command in ("keys show", "keys roll"):
        assert "there is no signing key" in operator(command, status=1)
    keys.unlink()
    keys.mkdir()
    for command in ("keys show", "keys roll"):
        assert "cannot be reached: Is a directory" in operator(command, status=1)


@pytest.mark.parametrize("command", ["keys show", "keys roll"])
def test_without_a_place_for_keys_it_is_said_where_to_name_one(operator: Operator, command: str) -> None:
    assert "ROLLCALL_SIGNING_KEYS is not set" in operator(command, status=1)


def test_the_networks_that_requests_may_come_from_are_shown(operator: Operator) -> None:
    assert "Allowed" not in operator("providers show contoso")
    operator("providers allow contoso 192.0.2.0/24 2001:db8::/32")
    assert "Allowed   192.0.2.0/24 2001:db8::/32\n" in operator("providers show contoso")
