"""The forms in which strings are compared (RFC 7643 §2.2, caseExact)."""

import unicodedata

from scim.schema import Attribute

RULES = 1
"""The number of the rules below; whoever changes what they make of any value takes the next one."""
_MARKS = 30


def normal(attribute: Attribute, value: str) -> str:
    """The form in which two values of an attribute are compared.

    Used by uniqueness, by indexes and by filters alike, so that a filter and a 409 can never disagree. Where
    case does not count, neither do compatibility forms (NFKC) and outer blanks.
    """
    return value if attribute.case_exact else folded(attribute, value).strip()


def folded(attribute: Attribute, value: str) -> str:
    """The form in which a part of a value is looked for: as ``normal``, but with its outer blanks."""
    if attribute.case_exact or value.isascii():
        return value if attribute.case_exact else value.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _stream_safe(value)).casefold())


def form() -> str:
    """What normal forms depend on beside the value: the number of our rules, and Unicode's version (``1/15.1.0``)."""
    return f"{RULES}/{unicodedata.unidata_version}"


def constant(attribute: Attribute, value: str) -> bool:
    """Whether a value has the same normal form by every version of Unicode.

    Those of assigned characters never change (Unicode's stability policies), and what was assigned by version 3.2
    Python keeps at hand. Of a later character an older Python knows neither its case nor its parts.
    """
    assigned = unicodedata.ucd_3_2_0.category
    return attribute.case_exact or value.isascii() or all(assigned(character) != "Cn" for character in value)


def _stream_safe(value: str) -> str:
    """A text in which at most 30 combining marks follow each other (UAX #15 §13): normalizing takes linear time."""
    if len(value) <= _MARKS // 2:  # no character is more than two marks and nothing else
        return value
    safe: list[str] = []
    marks = 0
    for character in (part for whole in value for part in unicodedata.normalize("NFKD", whole)):
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MARKS:
            safe.append("\N{COMBINING GRAPHEME JOINER}")
            marks = 1
        safe.append(character)
    return "".join(safe)
