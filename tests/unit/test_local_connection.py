"""What connection.env holds and who may read it."""

from pathlib import Path

import pytest

from scim.local import connection
from scim.local.connection import Connection


def test_a_connection_is_written_for_its_owner_only_and_read_again(tmp_path: Path) -> None:
    file = connection.file_of(tmp_path)
    connection.write(Connection("http://h/scim/p/v2", "rollcall_k_s=="), file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == "BASE_URL=http://h/scim/p/v2\nTOKEN=rollcall_k_s==\n"
    assert connection.read(file) == Connection("http://h/scim/p/v2", "rollcall_k_s==")


def test_without_a_file_there_is_no_connection(tmp_path: Path) -> None:
    assert connection.read(connection.file_of(tmp_path)) is None


def test_a_write_that_fails_leaves_the_earlier_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = connection.file_of(tmp_path)
    connection.write(Connection("first"), file)

    def fail(_self: Path, _target: Path) -> None:
        raise OSError

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match=r"^$"):
        connection.write(Connection("second"), file)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert connection.read(file) == Connection("first")


@pytest.mark.parametrize(("written", "left"), [("ours", False), ("another's", True)])
def test_only_our_own_file_is_taken_back(tmp_path: Path, written: str, *, left: bool) -> None:
    file = connection.file_of(tmp_path)
    connection.write(Connection(written), file)
    connection.withdraw(Connection("ours"), file)
    assert file.exists() == left


def test_a_file_that_is_gone_is_taken_back_without_a_word(tmp_path: Path) -> None:
    connection.withdraw(Connection("ours"), connection.file_of(tmp_path))
