"""Where the service can be reached: what the local host tells, writes, keeps and takes back."""

import re
import signal
from pathlib import Path

import pytest

from scim.local import azurite, connection, demo, ports
from scim.local.connection import Connection
from tests.integration.local_process import make_app, run_main, start

OURS = Connection("http://127.0.0.1:7071/scim/demo/v2", "t")


def test_the_connection_file_is_for_its_owner_only(tmp_path: Path) -> None:
    host = start(make_app(tmp_path)).await_answer()
    file = connection.file_of(tmp_path)
    assert file.read_text() == f"BASE_URL={host.url}\nTOKEN=\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert host.stop() == 0
    assert not file.exists()


def test_a_second_host_takes_the_file_over_with_a_word_and_the_first_leaves_it_there(tmp_path: Path) -> None:
    file = connection.file_of(make_app(tmp_path))
    first = start(tmp_path).await_answer()
    second = start(tmp_path).await_answer()
    assert f"{file} told of the service at {first.url}, which still runs" in second.errors.read_text()
    assert "still runs" not in first.errors.read_text()
    assert first.stop() == 0
    assert file.read_text() == f"BASE_URL={second.url}\nTOKEN=\n"
    assert second.stop() == 0
    assert not file.exists()


@pytest.mark.parametrize(
    ("earlier", "lives"),
    [
        ("http://127.0.0.1:{taken}/scim/demo/v2", True),
        ("http://127.0.0.1:{free}/scim/demo/v2", False),
        ("http://127.0.0.1:{own}/scim/demo/v2", False),
        (OURS.base_url, False),
        ("http://[", False),
        ("", False),
    ],
)
def test_an_earlier_service_lives_when_its_port_answers_and_is_not_our_own(
    tmp_path: Path, earlier: str, *, lives: bool
) -> None:
    file = connection.file_of(tmp_path)
    with ports.listen(0) as other, ports.listen(0) as own:
        taken, port = ports.number(other), ports.number(own)
        there = Connection(earlier.format(taken=taken, free=ports.free(), own=port))
        connection.write(there, file)
        assert connection.alive_elsewhere(file, OURS, port) == (there.base_url if lives else None)


def test_without_a_file_no_earlier_service_lives(tmp_path: Path) -> None:
    assert connection.alive_elsewhere(connection.file_of(tmp_path), OURS, 7071) is None


DEMO = """
from scim.local import demo, install, options  # install finds its place before the repository is another
from scim.local.connection import Connection
options.REPOSITORY = tmp
async def create(profile, previous=None):
    issued = tmp / "issued"
    issued.write_text((issued.read_text() if issued.exists() else "") + "x")
    token = previous.token if previous else "secret-" + issued.read_text()
    return Connection("http://127.0.0.1:1/scim/p/v2", token, {"STORAGE": "here"}, "rfc")
demo.create = create
"""


def told_by_demo(tmp_path: Path, *arguments: str) -> str:
    """What the command says when it has started; it is stopped again at once."""
    process = run_main(tmp_path, DEMO, "--port", "0", *arguments)
    assert process.stdout is not None
    told = "".join(iter(process.stdout.readline, "Stop it with Ctrl-C.\n"))
    file = connection.file_of(tmp_path)
    assert "STORAGE='here'\n" in file.read_text()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert not file.exists()
    return told


def test_the_connection_is_kept_with_the_data_whatever_runs_in_between(tmp_path: Path) -> None:
    data = make_app(tmp_path) / "data"
    shown = [
        re.findall(r"Base URL +(\S+)\n +Token +(\S+)\n", told_by_demo(tmp_path, *arguments))
        for arguments in (["--data", str(data)], [], ["--data", str(data)])
    ]
    url = "http://127.0.0.1:1/scim/p/v2"
    assert shown == [[(url, "secret-x")], [(url, "secret-xx")], [(url, "secret-x")]]
    kept = data / "connection.env"
    assert kept.read_text() == f"BASE_URL={url}\nTOKEN=secret-x\n"
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--profile", "entra"], "rfc, which the provider had already; --profile entra had no effect"),
        (["--profile", "rfc"], "rfc"),
        ([], "rfc"),
    ],
)
def test_the_profile_shown_is_the_providers_own(tmp_path: Path, arguments: list[str], line: str) -> None:
    assert f"  Profile    {line}\n" in told_by_demo(make_app(tmp_path), *arguments)


async def test_the_demo_provider_keeps_its_profile_and_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with azurite.running() as storage:
        monkeypatch.setenv("ROLLCALL_STORAGE", storage)
        monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "http://127.0.0.1:7071")
        first = await demo.create("rfc")
        again = await demo.create("entra", first)
        without = await demo.create("entra")
    assert [each.profile for each in (first, again, without)] == ["rfc"] * 3
    assert again == first
    assert without.token != first.token
