"""The benchmarks run, and the page says what was measured."""

import asyncio
import json
from pathlib import Path

import pytest

from scim.local.options import REPOSITORY
from scim.schema import JsonObject
from scim.storage.rows import Create, Merge, Properties, Row
from scim.storage.tables import AzureTables
from tests.benchmarks import end_to_end, growth, kept, page, prices, targets
from tests.benchmarks.__main__ import parts
from tests.benchmarks.load import Connection, Record, Target, closed, open_loop
from tests.benchmarks.replay import Rest, Sdk
from tests.benchmarks.requests import Ask, get

PARTS = parts()
BODY = b'{"id":"1"}'
ANSWERS = {
    "by length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + BODY,
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"
    + BODY[:4]
    + b"\r\n6\r\n"
    + BODY[4:]
    + b"\r\n0\r\n\r\n",
    "closing": b"HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n" + BODY,
}


def silent(_sentence: str, /) -> None: ...


def test_the_page_says_what_was_measured() -> None:
    for path, text in page.rendered(PARTS, kept.KEPT).items():
        assert (REPOSITORY / path).read_text() == text, (
            f"{path} is not of these results: python -m tests.benchmarks --page"
        )


def test_no_chart_is_left_over() -> None:
    there = {path.name for path in (REPOSITORY / page.CHARTS).iterdir()}
    assert there == {path.name for path in page.rendered(PARTS, kept.KEPT)} - {page.PAGE.name}


def test_the_page_changes_with_the_results(tmp_path: Path) -> None:
    for name in ("growth", "starting"):
        found = kept.read(kept.KEPT, name)
        assert found is not None
        kept.write(tmp_path, name, found["machine"], 7, found["figures"])
    before = page.rendered(PARTS, tmp_path)[page.PAGE]
    file = tmp_path / "starting.json"
    starting = json.loads(file.read_text())
    starting["figures"]["import"]["own_ms"] = 201
    file.write_text(json.dumps(starting))
    after = page.rendered(PARTS, tmp_path)[page.PAGE]
    assert "| import of function_app above its dependencies | ≤ 200 ms | 201 ms | **no** |" in after
    assert before != after


@pytest.mark.parametrize("name", ["starting", "end_to_end"])
async def test_a_part_measures_and_tells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that need no peer, which would have to be installed, and are soon over."""
    monkeypatch.setattr(end_to_end, "QUICK", ((50,), (1,), 0.05))
    figures = await PARTS[name].measure(silent, quick=True)
    assert_told(name, figures)
    assert targets.table({name: figures}).rows


def assert_told(name: str, figures: JsonObject) -> None:
    """Fail unless the figures can be kept as JSON, and what was kept can be shown."""
    kept_figures = json.loads(json.dumps(figures))
    assert kept_figures == figures
    for table in PARTS[name].tables(kept_figures):
        assert table.rows
        assert {len(row) for row in table.rows} == {len(table.columns)}
    for chart in PARTS[name].charts(kept_figures).values():
        assert chart.svg().startswith("<svg")


async def test_calls_do_not_grow_with_the_directory() -> None:
    figures = await growth.measure(silent, quick=True)
    assert_told("growth", figures)
    small, large = figures["sizes"]
    assert large["rows_per_user"] <= small["rows_per_user"] + 0.1
    assert large["operations"]["get"] == small["operations"]["get"] == {"reads": 1, "transactions": 0, "rows": 0}


def test_bytes_are_azures() -> None:
    row = Row("key", "etag", {"a": "xy", "b": b"123", "c": 5, "d": True})
    assert growth.billed(row, "pp") == 4 + 2 * 5 + 4 * (8 + 2) + (2 * 2 + 4) + (3 + 4) + 8 + 1


def test_a_month_is_added_up() -> None:
    counts = {"reads": 1, "transactions": 1, "rows": 4}
    of = {
        "operations": dict.fromkeys(("filter, miss", "create", "filter, hit", "get", "PATCH", "member add"), counts),
        "bytes_per_user": 2_000,
        "bytes_per_change": 1_000,
        "change_rows_per_user": 1,
    }
    found = prices.month(1_000_000, of)
    asked = 1_080 + 4 * 300_000
    assert (found["requests"], found["reads"], found["rows_written"]) == (asked, asked, 4 * asked)
    assert found["transactions_most_usd"] == pytest.approx(5 * asked / 10_000 * 0.00036, abs=1e-4)
    assert found["stored_gb"] == pytest.approx((2_000e6 + (1.8e6 + 1e6) * 1_000) / 2**30, abs=1e-3)
    assert found["compute_usd"] == pytest.approx((asked * 2 - 100_000) * 0.000026, abs=0.01)


@pytest.mark.parametrize("kind", ANSWERS)
async def test_the_client_reads_answers(kind: str) -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(65536):
            asked.append(head)
            for byte in range(0, len(ANSWERS[kind]), 7):
                writer.write(ANSWERS[kind][byte : byte + 7])
                await writer.drain()
            if kind == "closing":
                break
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    target = Target(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v2", "token")
    left = iter(range(5))

    async def work(connection: Connection, record: Record) -> bool:
        if next(left, None) is None:
            return False
        assert await record.ask(connection, "get", get("1")) == BODY
        return True

    record = await closed(target, 2, work)
    assert (record.requests, record.failures) == (5, {})
    record = await open_loop(target, 100, iter([("get", get("1")), ("post", Ask("POST", "/", b"{}", 400))]), 0.02)
    assert record.failures == {"post: 200": 1}
    assert asked[0].startswith(b"GET /v2/Users/1 HTTP/1.1\r\n")
    server.close()
    await server.wait_closed()


async def test_a_server_that_is_gone_is_a_failure() -> None:
    record = Record()
    await record.ask(Connection(Target("http://127.0.0.1:9/v2", "token")), "get", get("1"))
    assert record.failures == {"get: no answer": 1}


async def test_rest_and_sdk_write_the_same(azurite: str) -> None:
    """The row that one writes, the other can merge; a bare call that did nothing would be cheap."""
    tables, name = AzureTables(azurite), "tbare"
    await tables.create(name)
    properties: Properties = {"text": 'é"\\', "bytes": b"\x00\xff", "number": 1 << 30, "small": 3, "yes": True}
    for kind in (Sdk, Rest):
        store = kind(azurite, name)
        etags = await store.transact(
            [Create(f"{kind.__name__}:1", properties), Create(f"{kind.__name__}:2", {"a": "b"})]
        )
        again = await store.transact([Merge(f"{kind.__name__}:1", etags[0], {"small": 4})])
        row = await tables.rows(name, name).get(f"{kind.__name__}:1")
        assert row is not None
        assert (row.properties, row.etag) == ({**properties, "small": 4}, again[0])
        await store.get(f"{kind.__name__}:1")
        await store.get("none")
        await store.close()
    await tables.close()


def test_the_held_load_is_told_apart_from_a_failed_one() -> None:
    figures = {
        "operations": [],
        "held": {"offered": 100, "per_second": 99.5, "seconds": 60, "users": 5, "p99_ms": 1.0, "failures": {}},
    }
    assert targets.table({"end_to_end": figures}).rows[-1][-1] == "yes"
    figures["held"] = {**figures["held"], "failures": {"get: 503": 1}}  # type: ignore[dict-item] # as above
    assert targets.table({"end_to_end": figures}).rows[-1][-1] == "**no**"
    assert end_to_end.HELD == 100
