"""A ledger tells that a fact stands alone, and which it may be."""

from scim.storage.ledger import Ledger


def test_what_both_sides_tell_is_even_in_any_order() -> None:
    ledger = Ledger()
    facts = [("row", str(number)) for number in range(1000)]
    for fact in facts:
        ledger.add(fact)
    for fact in reversed(facts):
        ledger.take(fact)
    assert ledger.even
    assert not any(map(ledger.uneven, facts))


def test_what_one_side_tells_is_uneven_and_few_others_are() -> None:
    ledger = Ledger()
    facts = [("row", str(number)) for number in range(10_000)]
    for fact in facts:
        ledger.add(fact)
    for fact in facts[2:]:
        ledger.take(fact)
    ledger.take(("row", "another"))
    assert not ledger.even
    assert all(map(ledger.uneven, [*facts[:2], ("row", "another")]))
    assert sum(map(ledger.uneven, facts)) < 20


def test_a_fact_told_twice_is_uneven() -> None:
    ledger = Ledger()
    ledger.add("fact")
    ledger.add("fact")
    ledger.take("fact")
    assert ledger.uneven("fact")
