"""Azurite: installed, started, told of, and given its ports and its data."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from scim.local import azurite, install, ports
from scim.local.failure import Failure
from scim.local.options import REPOSITORY
from tests.integration.local_process import await_end, descendants, run_main


def test_azurite_only_tells_its_connection_string_and_waits() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "scim.local", "--azurite-only"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = next(line for line in process.stdout if "ROLLCALL_STORAGE" in line)
    found = re.search(r'"ROLLCALL_STORAGE": "(.+)"', told)
    assert found
    assert [service for service in ("Blob", "Queue", "Table") if f"{service}Endpoint=" not in found.group(1)] == []
    with TableServiceClient.from_connection_string(found.group(1)) as tables:
        assert list(tables.list_tables()) == []
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_an_azurite_alone_that_ends_is_told_and_ends_the_command() -> None:
    command = [sys.executable, "-m", "scim.local", "--azurite-only"]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own
    assert process.stdout is not None
    assert any("Stop it with Ctrl-C" in line for line in process.stdout)
    (storage,) = descendants(process.pid)
    os.kill(storage, signal.SIGKILL)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == "Azurite, which holds the data, ended while it was needed; it gave no reason.\n"


def test_azurite_keeps_its_data_in_a_folder_and_lets_one_at_a_time_have_it(tmp_path: Path) -> None:
    with azurite.running(data=tmp_path) as storage, TableServiceClient.from_connection_string(storage) as tables:
        tables.create_table("kept")
        with pytest.raises(Failure, match="in use"), azurite.running(data=tmp_path):
            pass
    with azurite.running(data=tmp_path) as storage, TableServiceClient.from_connection_string(storage) as tables:
        assert [table.name for table in tables.list_tables()] == ["kept"]


def test_an_azurite_that_ends_at_once_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "main.js").write_text("console.error('no memory'); process.exit(1);")
    monkeypatch.setattr(install, "azurite", lambda: tmp_path)
    with pytest.raises(Failure, match="ended as soon as it was started: no memory"), azurite.running():
        pass


def test_a_preferred_port_is_given_only_while_it_is_free() -> None:
    with ports.listen(0) as listener:
        taken = ports.number(listener)
        assert ports.free(taken) != taken
    assert ports.free(taken) == taken


def test_a_port_lost_to_another_program_is_chosen_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[int] = []
    real = ports.free
    with ports.listen(0) as taken:

        def free(preferred: int = 0) -> int:
            offered.append(ports.number(taken) if not offered else real(preferred))
            return offered[-1]

        monkeypatch.setattr(ports, "free", free)
        with azurite.running() as storage:
            assert f"127.0.0.1:{offered[1]}/" in storage


INSTALL_AGAIN = "from scim.local import install; install.STATE = tmp / 'state'"


def test_npm_that_cannot_reach_its_registry_is_told_in_one_line(tmp_path: Path) -> None:
    offline = {"npm_config_registry": "http://127.0.0.1:1/", "npm_config_cache": str(tmp_path / "cache")}
    process = run_main(tmp_path, INSTALL_AGAIN, "--port", "0", npm_config_fetch_retries="0", **offline)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.fullmatch(
        r"Azurite could not be installed: npm's registry cannot be reached \(ECONNREFUSED\).*\n", errors
    )


def test_ctrl_c_while_npm_installs_leaves_nothing_behind(tmp_path: Path) -> None:
    with ports.listen(0) as silent:
        registry = f"http://127.0.0.1:{ports.number(silent)}/"
        process = run_main(tmp_path, INSTALL_AGAIN, "--port", "0", npm_config_registry=registry)
        silent.accept()[0].close()  # npm asks, so it runs
        below = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert below
    assert await_end(below) == set()
    assert [path.name for path in (tmp_path / "state").iterdir() if path.is_dir()] == []
