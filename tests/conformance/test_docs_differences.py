"""docs/conformance.md shows the tables of differences as they are."""

from tests.conformance.differential_page import PAGE, blocks, renewed, stale


def test_the_tables_on_the_page_are_those_the_examiners_use() -> None:
    outdated = stale(PAGE.read_text(encoding="utf-8"), blocks())
    assert not outdated, "python -m tests.conformance.differential_page brings docs/conformance.md up to date"


def test_a_table_that_is_not_as_it_would_be_generated_is_found_and_renewed() -> None:
    page = "Text.\n<!-- generated: a table -->\nold\n<!-- end -->\nMore, and <!-- generated: another -->\nx<!-- end -->"
    assert stale(page, {"a table": "new\n", "a third": ""}) == ["a table", "a third"]
    fresh = renewed(page, {"a table": "new\n"})
    assert fresh == page.replace("old", "new")
    assert stale(fresh, {"a table": "new\n"}) == []
