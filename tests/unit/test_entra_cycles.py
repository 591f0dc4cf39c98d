"""Whole runs against the small server: green where it behaves, red in words where it does not."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.entra import Options, Report, run
from tests.entra.dialects import DIALECTS
from tests.unit.test_entra_server import BASE_URL, TOKEN, ScimServer

EIGHT_CYCLES = 8


async def simulated(server: ScimServer, **options: Any) -> Report:  # noqa: ANN401 - fields of Options
    sizes = {"users": 40, "groups": 12, "memberships": 160, "seed": 7, "longest_wait": 0.0}
    chosen = Options(**{"base_url": BASE_URL, "token": TOKEN, **sizes, **options})
    return await run(chosen, transport=server.transport)


def said(report: Report) -> str:
    return "\n".join([f"seed {report.seed}", str(report.quarantine), *report.failures, *report.differences][:12])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("match", ["userName", "externalId", "mail"])
async def test_every_dialect_converges_whatever_it_matches_by(dialect: str, match: str) -> None:
    server = ScimServer(strict=dialect == "rfc")
    report = await simulated(server, dialect=dialect, match=match)
    assert report.ok, said(report)
    assert [cycle.writes for cycle in report.cycles if cycle.name == "no change"] == [0, 0]
    assert all(cycle.writes for cycle in report.cycles if cycle.name != "no change")
    assert len(report.cycles) == EIGHT_CYCLES
    assert not report.warnings


@pytest.mark.parametrize("dialect", ["flag", "validator"])
async def test_a_server_that_replaces_members_is_green_when_expected_and_red_when_not(dialect: str) -> None:
    assert (await simulated(ScimServer(replaces=True), dialect=dialect, replace_members="set")).ok
    assert (await simulated(ScimServer(replaces=True), dialect=dialect, replace_members="never")).ok
    report = await simulated(ScimServer(replaces=True), dialect=dialect, replace_members="add")
    assert any(re.search(r"/Groups/\S+: members lacks", each) for each in report.differences), said(report)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("string booleans", r"cycle 1 \(initial\): /Users/\S+: active is 'True', not a JSON boolean"),
        ("loses a member", r"cycle 1 \(initial\): /Users/\S+: groups lacks"),
        ("misplaced manager", r"cycle 1 \(initial\): /Users/\S+: manager stands outside urn:"),
        ("misplaced manager", r"enterprise:2.0:User:manager is None, should be \{'value': "),
        ("misplaced manager", r"cycle 2 \(no change\): nothing had changed, yet \d+ writing requests were needed: "),
        ("loses a member", r"cycle 1 \(initial\): /Groups/\S+: members lacks"),
        ("string booleans", r"cycle 2 \(no change\): .*PATCH /Users/\S+: active was 'True', should be True"),
    ],
)
async def test_a_fault_is_told_in_a_sentence(fault: str, sentence: str) -> None:
    report = await simulated(ScimServer(faults=frozenset({fault})))
    assert not report.ok
    assert any(re.search(sentence, each) for each in report.differences), said(report)


async def test_a_busy_server_is_waited_for() -> None:
    report = await simulated(ScimServer(faults=frozenset({"busy"})))
    assert report.ok, said(report)
    assert report.statuses["GET", "429"] > 0


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_lost_requests_and_lost_responses_do_not_keep_a_run_from_converging(dialect: str) -> None:
    server = ScimServer(strict=dialect == "rfc")
    report = await simulated(server, dialect=dialect, inject=("429", "500", "timeout"), inject_rate=0.15)
    assert report.ok, said(report)
    assert sum(cycle.injected for cycle in report.cycles) > 100
    assert {"Timeout", "InternalServerError"} <= {code for cycle in report.cycles for code in cycle.failed_tries}


async def test_a_create_whose_answer_was_lost_is_found_by_the_next_match() -> None:
    report = await simulated(ScimServer(), inject=("timeout",), inject_rate=0.2, cycles=1)
    assert report.ok, said(report)
    first = report.cycles[0]
    assert first.methods["POST"] < 52 + first.injected
    assert report.statuses["POST", "409"] == 0


async def test_members_arrive_one_by_one_in_lots_and_at_once() -> None:
    server = ScimServer()
    await simulated(server, users=60, memberships=500, dialect="legacy", parallel=20)
    patches = [json.loads(each.content) for each in server.requests if each.method == "PATCH"]
    sizes = [
        len(operation["value"])
        for body in patches
        for operation in body["Operations"]
        if operation["path"] == "members"
    ]
    assert sizes.count(1) > len(sizes) / 2
    assert 1 < max(sizes) <= 40
    assert 8 < server.most_on_one_group <= 20


class Forgetful(ScimServer):
    """Loses one user and one group before the request it is told."""

    loses_at = 10**9

    def _handled(self, request: httpx.Request) -> tuple[int, Any]:
        if len(self.requests) >= self.loses_at:
            self.loses_at = 10**9
            self.delete(self.users, next(reversed(self.users)))
            self.delete(self.groups, next(reversed(self.groups)))
        return super()._handled(request)


async def test_an_object_that_vanished_is_an_invalid_anchor_and_provisioned_anew() -> None:
    counting = ScimServer()
    await simulated(counting, cycles=1)
    server = Forgetful()
    server.loses_at = len(counting.requests) + 8
    report = await simulated(server, cycles=2)
    second = report.cycles[1]
    assert second.failed_tries["InvalidAnchor"] == 2
    assert second.methods["POST"] == 2
    assert not second.failures
    assert all("nothing had changed" in each or re.match(r"(POST|PATCH) /", each) for each in second.differences)


async def test_a_run_goes_on_from_its_state_file(tmp_path: Path) -> None:
    server, file = ScimServer(), tmp_path / "state.json"
    first = await simulated(server, state=file, cycles=4)
    assert first.ok, said(first)
    posts = sum(each.method == "POST" for each in server.requests)
    second = await simulated(server, state=file, seed=None, cycles=4)
    assert second.ok, said(second)
    assert second.seed == first.seed
    assert [cycle.number for cycle in second.cycles] == [5, 6, 7, 8]
    assert second.cycles[0].writes == 0
    assert sum(each.method == "POST" for each in server.requests) == posts


async def test_a_state_file_of_another_target_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    await simulated(ScimServer(), state=file, cycles=1)
    with pytest.raises(ValueError, match=r"belongs to https://scim\.example/v2, not to https://other"):
        await simulated(ScimServer(), state=file, base_url="https://other/v2")
    file.write_text('{"seed": 1}')
    with pytest.raises(ValueError, match=r"was not written by this simulator: target: Field required"):
        await simulated(ScimServer(), state=file)


async def test_what_was_there_before_is_left_alone_and_matched_users_are_taken_over() -> None:
    server = ScimServer()
    server.users["foreign"] = {"id": "foreign", "userName": "someone@else"}
    await simulated(server, cycles=1)
    again = await simulated(server, cycles=3)
    assert again.ok, said(again)
    assert again.cycles[0].methods.get("POST", 0) == 0
    assert "foreign" in server.users


def add_a_stranger(server: ScimServer) -> None:
    """Put a user into a group he is not in, behind the simulator's back."""
    group = min(server.groups.values(), key=lambda each: len(each["members"]))
    members = {each["value"] for each in group["members"]}
    group["members"].append({"value": next(each for each in server.users if each not in members)})


async def test_members_that_a_group_had_before_it_was_matched_are_no_difference_and_later_ones_are(
    tmp_path: Path,
) -> None:
    server, file = ScimServer(), tmp_path / "state.json"
    await simulated(server, cycles=1)
    add_a_stranger(server)
    again = await simulated(server, dialect="legacy", state=file, cycles=4)
    assert again.ok, said(again)
    later = await simulated(server, dialect="legacy", state=file, cycles=1)
    assert later.ok, said(later)
    add_a_stranger(server)
    last = await simulated(server, dialect="legacy", state=file, cycles=1)
    assert [bool(re.search(r": (members|groups) holds \S+, which should not", each)) for each in last.differences] == [
        True,
        True,
    ]


async def test_a_wrong_token_quarantines_the_job() -> None:
    report = await simulated(ScimServer(), token="wrong")
    assert not report.ok
    assert report.quarantine
    assert "was answered 401: who are you?" in report.quarantine
    assert report.cycles == []


async def test_without_groups_no_request_names_them() -> None:
    server = ScimServer()
    report = await simulated(server, groups=0, memberships=0)
    assert report.ok, said(report)
    assert not [each for each in server.requests if "/Groups" in each.url.path]


async def test_a_run_is_repeated_by_its_seed() -> None:
    async def sent(seed: int) -> list[tuple[str, int]]:
        server = ScimServer()
        await simulated(server, seed=seed, concurrency=1, parallel=1)
        return [(each.method, len(each.content)) for each in server.requests]

    assert await sent(3) == await sent(3)
    assert await sent(3) != await sent(4)
