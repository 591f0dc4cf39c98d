"""Export and import in processes of their own, on Azurite: killed again and again, and whole in the end."""

import asyncio
import os
import random
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path

from scim.app import App
from scim.local.options import REPOSITORY
from scim.settings import Settings
from tests.client import ORIGIN, Client, connected
from tests.transfer import assert_in_order, assert_same, contents, fill

KILLS = 4


def command(storage: str, *words: str) -> subprocess.Popen[str]:
    """A command, at work."""
    return subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, "-m", "scim", *words],
        cwd=REPOSITORY,
        env=os.environ | {"ROLLCALL_STORAGE": storage, "ROLLCALL_PUBLIC_URL": ORIGIN},
        stderr=subprocess.PIPE,
        text=True,
    )


def killed(storage: str, seconds: float, *words: str) -> bool:
    """Whether a command is killed before it comes to its end, which must be a good one."""
    with command(storage, *words) as process:
        with suppress(subprocess.TimeoutExpired):
            _, said = process.communicate(timeout=seconds)
            assert process.returncode == 0, said
            return False
        process.kill()
    return True


async def test_a_directory_moves_whole_however_often_both_commands_are_killed(azurite: str, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)  # noqa: S311

    chance = random.Random(seed)  # noqa: S311
    app = App.build(Settings.model_validate({"storage": azurite, "public_url": ORIGIN}))
    await app.providers.prepare()
    source, target = f"s{uuid.uuid4().hex[:12]}", f"t{uuid.uuid4().hex[:12]}"
    await fill(await connected(Client, app, source, "rfc"), 120, 6, 120, chance)
    await app.providers.create(target, "rfc", {"unique_group_names": "off"})
    path = tmp_path / "directory.jsonl"
    deaths = 0
    for name, words in ((source, ("export", source, str(path), "--resume")), (target, ("import", target, str(path)))):
        for latest in (0.8, *[1.5] * KILLS):  # the first time it has hardly begun
            moment = chance.uniform(0.3, latest)
            if not await asyncio.to_thread(killed, azurite, moment, *words):
                break
            deaths += 1
        assert not await asyncio.to_thread(killed, azurite, 300, *words)
        await assert_in_order(app, await app.providers.get(name))
    assert deaths, f"seed {seed}"
    assert_same(await contents(app, source), await contents(app, target))
    for name in (source, target):
        await app.providers.delete(name)
    await app.close()
