"""Where a filter matches a user for us and not for scim2-models, or the other way round, with the reasons."""

import json
import unicodedata
from dataclasses import dataclass, replace

from scim2_models import EnterpriseUser, ScimFilter, User
from scim2_models.exceptions import InvalidFilterException

from scim.errors import InvalidFilter
from scim.filters import And, Comparison, Filter, Literal, Not, Or, Present, ValuePath, parse, render
from scim.matching import predicate
from scim.schema import Json, JsonObject, Schemas, Target
from tests.conformance.differences import Difference, code, explanation, shortened, table

USER = Schemas.load().types["User"]
CORE = USER.schema.id
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True, slots=True)
class Question:
    """Does this user match this filter?"""

    text: str
    user: JsonObject


type Answer = bool | None
"""Whether it does; None where the question was refused."""


def ours(asked: Question) -> Answer:
    """What Rollcall answers."""
    try:
        return predicate(parse(asked.text), USER)(asked.user)
    except InvalidFilter:
        return None


def theirs(asked: Question) -> Answer:
    """What scim2-models answers."""
    try:
        return ScimFilter[User[EnterpriseUser]](asked.text).match(User[EnterpriseUser].model_validate(asked.user))
    except InvalidFilterException:
        return None


def questions(asked: Question) -> list[Question]:
    """The question taken apart: one for each comparison, presence test and value path."""
    leaves: list[Question] = []
    left: list[Filter] = [parse(asked.text)]
    while left:
        match left.pop():
            case And(terms) | Or(terms):
                left += terms
            case Not(term):
                left.append(term)
            case leaf:
                leaves.append(Question(render(leaf), asked.user))
    return leaves


def comparisons(asked: Question) -> list[tuple[Target | None, str, Literal]]:
    """What a question without and, or and not compares, by which operator, with what."""
    match parse(asked.text):
        case Comparison(path, operator, value):
            return [(compared(path), operator, value)]
        case ValuePath(path, And(terms) | Or(terms)):
            inner = [term for term in terms if isinstance(term, Comparison)]
            return [(USER.resolve(f"{path}.{term.path}"), term.operator, term.value) for term in inner]
        case ValuePath(path, Comparison(sub, operator, value)):
            return [(USER.resolve(f"{path}.{sub}"), operator, value)]
    return []


def compared(path: str) -> Target | None:
    """What a path leads to; from a complex attribute on to its ``value``."""
    target = USER.resolve(path)
    if target is None or target.attribute is None or target.sub is not None:
        return target
    return replace(target, sub=target.attribute.sub("value"))


def several(target: Target | None) -> bool:
    return target is not None and target.attribute is not None and target.attribute.multi_valued


def null_of_several(asked: Question, answer: Answer, other: Answer) -> bool:
    match parse(asked.text):
        case Comparison(path, _, None):
            return several(USER.resolve(path)) and answer is not None and other is not None
    return False


def unequal_of_several(asked: Question, answer: Answer, other: Answer) -> bool:
    match parse(asked.text):
        case Comparison(path, "ne", _):
            return several(USER.resolve(path)) and answer is True and other is False
    return False


def null_and_empty(asked: Question, answer: Answer, other: Answer) -> bool:
    target, operator, value = next(iter(comparisons(asked)), (None, "", ""))
    asks = value is None and operator in {"eq", "ne"} and target is not None
    return asks and answer is not other and other is not None and target is not None and "" in target.values(asked.user)


def forms_of_text(asked: Question, answer: Answer, other: Answer) -> bool:
    """Texts that are equal for us by NFKC, case folding, or blanks around them, and not by lower case alone."""
    literals = [value for _, _, value in comparisons(asked) if isinstance(value, str)]
    held = [text for target, _, _ in comparisons(asked) if target for text in target.values(asked.user)]
    texts = [text for text in (*literals, *held) if isinstance(text, str)]
    formed = any(text.strip().lower() != unicodedata.normalize("NFKC", text).casefold() for text in texts)
    return (formed or any(text != text.strip() for text in texts)) and answer is not None and other is not None


def literal_of_another_type(asked: Question, answer: Answer, other: Answer) -> bool:
    return answer is None and other is not None and bool(comparisons(asked))


def form_of_literal(asked: Question, answer: Answer, other: Answer) -> bool:
    targets = [target for target, _, _ in comparisons(asked) if target is not None]
    formed = any(str(t).startswith("emails") or t.leaf.type in {"reference", "binary"} for t in targets)
    return formed and answer is not None and other is None


def single_complex(asked: Question, answer: Answer, other: Answer) -> bool:
    match parse(asked.text):
        case Comparison(path):
            target = USER.resolve(path)
            whole = target is not None and target.sub is None and target.leaf.type == "complex"
            return whole and not several(target) and answer is not None and other is not answer
    return False


def extension_present(asked: Question, answer: Answer, other: Answer) -> bool:
    return parse(asked.text) == Present(ENT) and answer is True and other is False


def has(text: str, **held: Json) -> Question:
    """A filter asked of a user who has this."""
    listed = [CORE, ENT] if ENT in held else [CORE]
    return Question(text, {"schemas": listed, "id": "7", "userName": "a", **held})


WORK, HOME = {"value": "a@x.example", "type": "work"}, {"value": "b@x.example", "type": "home"}

DIFFERENCES: tuple[Difference[Question, Answer], ...] = (
    Difference(
        "`ne` on several values",
        "A filter matches if any value does: one that differs is enough. That none is equal is said by `not (… eq …)`.",
        "RFC 7644 §3.4.2.2",
        has('emails.type ne "work"', emails=[WORK, HOME]),
        unequal_of_several,
    ),
    Difference(
        "Null and several values",
        "It is null if no element has it, as `pr` is true if one has.",
        "RFC 7643 §2.5, RFC 7644 §3.4.2.2",
        has("emails.type eq null", emails=[WORK, {"value": "b@x.example"}]),
        null_of_several,
    ),
    Difference(
        "Null and the empty string",
        "`eq null` is the contrary of `pr`, and what is empty is not present.",
        "RFC 7644 §3.4.2.2, table 3",
        has("title eq null", title=""),
        null_and_empty,
    ),
    Difference(
        "Texts equal by more than lower case",
        "Without `caseExact`, texts are compared by NFKC and case folding, and for equality without blanks around "
        "them, by filters and uniqueness alike: a user who exists is found.",
        "RFC 7644 §5",
        has('title eq "STRASSE"', title="Straße"),
        forms_of_text,
    ),
    Difference(
        "A literal of another type than the attribute's",
        "Refused: it means nothing, and an empty list in its place would make clients create duplicates.",
        "RFC 7644 §3.12, table 9",
        has('active eq "true"', active=True),
        literal_of_another_type,
    ),
    Difference(
        "A literal that is no URI, e-mail address or base64",
        "It equals nothing, which is an answer.",
        "RFC 7643 §2.3.6, §2.3.7",
        has('emails.value eq "a"', emails=[WORK]),
        form_of_literal,
    ),
    Difference(
        "A complex attribute with one value",
        "It stands for its `value`, as the multi-valued ones do.",
        "RFC 7644 §3.4.2.2",
        has(f'{ENT}:manager eq "u1"', **{ENT: {"manager": {"value": "u1"}}}),
        single_complex,
    ),
    Difference(
        "Presence of an extension",
        "It is present when one of its attributes is.",
        "RFC 7644 §3.4.2.2, table 3",
        has(f"{ENT} pr", **{ENT: {"department": "d"}}),
        extension_present,
    ),
)


def explain(asked: Question, answer: Answer, other: Answer) -> Difference[Question, Answer] | None:
    """The difference that explains two answers: that of the first part in which they differ, if all such are known."""
    parts = questions(asked)
    if len(parts) == 1 and not isinstance(parse(asked.text), Not):
        return explanation(DIFFERENCES, asked, answer, other)
    answers = [(part, ours(part), theirs(part)) for part in parts]
    found = [explain(*each) for each in answers if each[1] != each[2]]
    return found[0] if found and all(found) else None


def matching_table() -> str:
    """The differences as a table, each with what both answer to its example."""
    return table(
        [
            (d.title, _shown(d.example), _said(ours(d.example)), _said(theirs(d.example)), f"{d.because} ({d.source})")
            for d in DIFFERENCES
        ]
    )


def _shown(asked: Question) -> str:
    held = {name: value for name, value in asked.user.items() if name not in {"schemas", "id", "userName"}}
    return f"{code(shortened(asked.text))} on {code(shortened(json.dumps(held, ensure_ascii=False)))}"


def _said(answer: Answer) -> str:
    return "400 invalidFilter" if answer is None else "matches" if answer else "does not match"
