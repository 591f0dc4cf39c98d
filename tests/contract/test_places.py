"""Where backups go: one suite for a folder, and for a container of Azurite's that a SAS lets in."""

import gzip
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.storage.blob.aio import BlobClient

from scim import blobs
from scim.blobs import Container
from scim.places import Folder, Place, PlaceError
from tests.contract.containers import made, signed


@pytest.fixture(params=["folder", "container"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    if request.param == "folder":
        there: Place = Folder(tmp_path)
    else:
        there = Container(await made(request.getfixturevalue("blobs")))
    yield there
    await there.close()


async def pieces(*given: bytes) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


async def content(place: Place, name: str) -> bytes:
    return b"".join([piece async for piece in place.get(name)])


async def test_a_file_is_there_once_it_is_whole(place: Place) -> None:
    await place.ready()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"one "
        assert not await place.has("contoso/night")
        yield b"two"

    assert await place.put("contoso/night", slowly())
    assert await place.has("contoso/night")
    assert await content(place, "contoso/night") == b"one two"


async def test_what_is_there_stays(place: Place) -> None:
    assert await place.put("a/b", pieces(b"first"))
    assert not await place.put("a/b", pieces(b"second"))
    assert await content(place, "a/b") == b"first"


async def test_of_two_that_write_at_once_one_is_there_as_a_whole(place: Place) -> None:
    async def meanwhile() -> AsyncIterator[bytes]:
        yield b"one"
        assert await place.put("a/b", pieces(b"another"))
        yield b"one more"

    assert not await place.put("a/b", meanwhile())
    assert await content(place, "a/b") == b"another"


async def test_what_breaks_off_leaves_nothing_under_the_name_and_can_be_begun_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "_BLOCK", 4)

    async def broken() -> AsyncIterator[bytes]:
        yield b"half of it"
        raise LookupError

    with pytest.raises(LookupError):
        await place.put("a/b", broken())
    assert not await place.has("a/b")
    with pytest.raises(PlaceError, match="a/b"):
        await content(place, "a/b")
    assert await place.put("a/b", pieces(b"all of it"))
    assert await content(place, "a/b") == b"all of it"


async def test_many_blocks_are_one_file(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "_BLOCK", 1_000)
    whole = bytes(number % 251 for number in range(70_000))
    assert await place.put("a/b", pieces(*(whole[at : at + 333] for at in range(0, len(whole), 333))))
    assert await content(place, "a/b") == whole


@pytest.mark.parametrize("lengths", [(), (8,), (3, 5), (3, 6)])
async def test_no_block_of_nothing_is_sent_which_azurite_would_take_and_azure_does_not(
    place: Place, monkeypatch: pytest.MonkeyPatch, lengths: tuple[int, ...]
) -> None:
    monkeypatch.setattr(blobs, "_BLOCK", 8)
    stage = BlobClient.stage_block

    async def staged(client: BlobClient, number: str, data: bytes) -> object:
        assert data
        return await stage(client, number, data)

    monkeypatch.setattr(BlobClient, "stage_block", staged)
    assert await place.put("a/b", pieces(*(b"x" * length for length in lengths)))
    assert await content(place, "a/b") == b"x" * sum(lengths)


async def test_nobody_else_may_read_a_folder_s_files_and_what_was_left_unfinished_goes(tmp_path: Path) -> None:
    folder = tmp_path
    place = Folder(folder)
    (folder / "contoso").mkdir()
    old, new = folder / "contoso" / "x.1.part", folder / "contoso" / "x.2.part"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    assert await place.put("contoso/x", pieces(gzip.compress(b"x")))
    assert sorted(path.name for path in (folder / "contoso").iterdir()) == ["x", "x.2.part"]
    assert stat.S_IMODE((folder / "contoso" / "x").stat().st_mode) == 0o600


async def test_a_folder_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (Folder(tmp_path / "not-mounted"), Folder(tmp_path / "file")):
        with pytest.raises(PlaceError, match="is not there: make it"):
            await folder.ready()
        with pytest.raises(PlaceError, match="is not there: make it"):
            await folder.put("contoso/x", pieces(b"x"))
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 (short, in a test)


async def test_a_container_that_is_not_there_or_lets_nobody_in_is_told_without_the_sas(blobs: str) -> None:
    url = await made(blobs)
    address, _, sas = url.partition("?")
    cases = {
        f"{address}x?{signed(blobs, address.rpartition('/')[2] + 'x')}": "create it",
        f"{address}?{sas[:-6]}AAAA%3D": "the SAS in ROLLCALL_BACKUPS is not taken",
        f"http://127.0.0.1:9/devstoreaccount1/backups?{sas}": "does not answer",
    }
    for where, told in cases.items():
        place = Container(where)
        with pytest.raises(PlaceError, match=told) as refused:
            await place.ready()
        assert "sig=" not in str(refused.value)
        await place.close()


async def test_an_identity_s_token_is_never_sent_in_the_clear(blobs: str) -> None:
    address = (await made(blobs)).partition("?")[0]
    place = Container(address)
    with pytest.raises(PlaceError, match="does not answer"):
        await place.ready()
    await place.close()
