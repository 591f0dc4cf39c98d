"""Bad options end in a sentence; the report and the exit code say what happened."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.entra import Options, Unreachable, __main__, run
from tests.entra.cycle import plan
from tests.entra.failures import code_of, quarantine
from tests.entra.options import parse
from tests.entra.report import Report
from tests.entra.tally import percentile
from tests.unit.test_entra_server import BASE_URL, TOKEN, ScimServer

NEEDED = ("--base-url", BASE_URL, "--token", TOKEN)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: --base-url"),
        (("--base-url", BASE_URL), "--token must not be empty, unless"),
        (("--base-url", BASE_URL, "--client-id", "c"), "--token-endpoint, --client-id and --client-secret go together"),
        (
            (*NEEDED, "--token-endpoint", "x", "--client-id", "c", "--client-secret", "s"),
            "--token and --token-endpoint are two ways",
        ),
        (("--base-url", "scim.example", "--token", "t"), "--base-url must be an http:// or https:// address"),
        (("--base-url", BASE_URL, "--token", ""), "--token must not be empty"),
        ((*NEEDED, "--users", "0"), "--users must be at least 1"),
        ((*NEEDED, "--users", "2", "--groups", "2", "--memberships", "5"), "at most users x groups, here 4"),
        ((*NEEDED, "--inject", "429,418"), "--inject knows 429, 500, timeout, not 418"),
        ((*NEEDED, "--inject-rate", "1"), "--inject-rate must be at least 0 and less than 1"),
        ((*NEEDED, "--dialect", "klingon"), "invalid choice: 'klingon'"),
    ],
)
def test_a_bad_option_ends_with_code_2_and_a_sentence(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_options_made_in_python_are_checked_too() -> None:
    with pytest.raises(ValueError, match="--dialect must be one of legacy, flag, validator, rfc, not klingon"):
        Options(base_url=BASE_URL, token=TOKEN, dialect="klingon")


def test_the_command_line_fills_every_option() -> None:
    given = parse([*NEEDED, "--inject", "429,500", "--state", "s.json", "--match-groups", "externalId"])
    assert given == Options(
        base_url=BASE_URL, token=TOKEN, inject=("429", "500"), state=Path("s.json"), match_groups="externalId"
    )


@pytest.mark.parametrize(("fault", "exit_code"), [(frozenset[str](), 0), (frozenset({"string booleans"}), 1)])
def test_the_exit_code_tells_green_from_red(
    fault: frozenset[str],
    exit_code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server, file = ScimServer(faults=fault), tmp_path / "report.json"

    async def on_the_server(options: Options, **rest: Any) -> Report:  # noqa: ANN401 - passed on
        return await run(options, transport=server.transport, **rest)

    monkeypatch.setattr(__main__, "run", on_the_server)
    arguments = [*NEEDED, "--users", "5", "--groups", "2", "--memberships", "4", "--seed", "1", "--json", str(file)]
    assert __main__.main(arguments) == exit_code
    assert json.loads(file.read_text())["ok"] is (exit_code == 0)
    printed = capsys.readouterr().out
    assert ("All green (seed 1)." in printed) is (exit_code == 0)
    assert ("not a JSON boolean" in printed) is (exit_code == 1)
    assert TOKEN not in printed + file.read_text()


def test_an_unreachable_server_is_one_sentence_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nowhere(*_: object, **__: object) -> Report:
        raise Unreachable(f"cannot reach {BASE_URL}: refused")

    monkeypatch.setattr(__main__, "run", nowhere)
    assert __main__.main([*NEEDED, "--quiet"]) == 2
    assert capsys.readouterr().err == f"entra: cannot reach {BASE_URL}: refused\n"


async def test_twenty_differences_are_printed_and_the_rest_counted() -> None:
    server = ScimServer(faults=frozenset({"string booleans"}))
    options = Options(base_url=BASE_URL, token=TOKEN, users=30, groups=0, memberships=0, seed=1, cycles=1)
    report = await run(options, transport=server.transport)
    assert len(report.differences) == 60
    out = io.StringIO()
    report.print(Console(file=out, width=200), quiet=True)
    lines = out.getvalue().splitlines()
    assert [line.startswith("cycle 1 (initial): /Users/") for line in lines] == [True] * 20 + [False] * 2
    assert lines[20:] == [
        "… and 40 more differences.",
        "Not as it should be: 0 failures, 60 differences (dialect flag, seed 1).",
    ]


@pytest.mark.parametrize("reason", ["because", "because."])
def test_a_quarantine_is_printed_even_when_quiet(reason: str) -> None:
    out = io.StringIO()
    Report(1, "flag", quarantine=reason).print(Console(file=out, width=200), quiet=True)
    assert out.getvalue().splitlines() == [
        "The job is quarantined: because.",
        "Not as it should be: quarantined, 0 failures, 0 differences (dialect flag, seed 1).",
    ]


@pytest.mark.parametrize(
    ("failures", "references", "attempted", "quarantined"),
    [
        (4_999, 0, 4_999, False),
        (5_000, 0, 12_500, False),
        (5_000, 0, 12_499, True),
        (40_000, 0, 1_000_000, False),
        (40_001, 0, 1_000_000, True),
        (0, 59_999, 10, False),
        (1, 59_999, 1_000_000, True),
    ],
)
def test_quarantine_is_reckoned_as_entra_does(
    failures: int, references: int, attempted: int, quarantined: bool
) -> None:
    reason = quarantine(failures=failures, references=references, attempted=attempted)
    assert (reason is not None) is quarantined


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "SystemForCrossDomainIdentityManagementBadRequest"),
        (404, "InvalidAnchor"),
        (409, "EntryConflict"),
        (422, "UnprocessableEntity"),
        (429, "TooManyRequests"),
        (503, "InternalServerError"),
    ],
)
def test_a_status_has_the_name_that_the_provisioning_logs_give_it(status: int, code: str) -> None:
    assert code_of(status) == code


@pytest.mark.parametrize(
    ("cycles", "fresh", "names"),
    [
        (1, True, ["initial"]),
        (2, True, ["initial", "no change"]),
        (3, True, ["initial", "no change", "no change"]),
        (1, False, ["no change"]),
        (3, False, ["no change", "attributes", "no change"]),
    ],
)
def test_a_plan_begins_and_ends_without_a_change(cycles: int, fresh: bool, names: list[str]) -> None:
    assert [step.name for step in plan(cycles, fresh=fresh)] == names


def test_eight_cycles_show_every_kind_of_change() -> None:
    assert len({step.name for step in plan(8, fresh=True)}) == 7


@pytest.mark.parametrize(("share", "milliseconds"), [(0.5, 51), (0.95, 96), (0.99, 100)])
def test_a_percentile_is_taken_from_the_ordered_latencies(share: float, milliseconds: int) -> None:
    assert percentile([each / 1000 for each in range(100, 0, -1)], share) == pytest.approx(milliseconds)
    assert percentile([], share) == 0
