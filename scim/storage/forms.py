"""Forms: which normal form the keys of a directory's index rows are in, as its head says.

Processes whose Python knows another version of Unicode make other keys for a few values. They may serve one directory
at the same time, since for all other values they make the same.
"""

from dataclasses import dataclass
from functools import lru_cache

from scim import normal_forms
from scim.schema import Attribute, Json

UNSAID = "1/15.1.0"
"""The form of a directory whose head says nothing of it: until it did, Python 3.13 made all keys."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the head says of the keys.

    Attributes:
        name: the form that they are in, or are being brought to.
        before: the forms that some may still be in, while they are being brought there.
    """

    name: str
    before: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} from={','.join(self.before)}" if self.before else self.name

    @property
    def ours(self) -> bool:
        """Whether this process makes the same keys, or the ones that they are being brought to."""
        return self.name == normal_forms.form()

    @property
    def sure(self) -> bool:
        """Whether the keys of all rows are those that this process makes."""
        return self.ours and not self.before

    @property
    def same_rules(self) -> bool:
        """Whether nothing but Unicode tells the forms from that of this process."""
        rules = {name.partition("/")[0] for name in (self.name, *self.before, normal_forms.form())}
        return len(rules) == 1

    @property
    def rising(self) -> bool:
        """Whether the keys come from older versions of Unicode, which leave in a key whatever they do not know."""
        return self.same_rules and all(_version(each) < _version(self.name) for each in self.before)

    def settles(self, attribute: Attribute, value: Json) -> bool:
        """Whether the keys for a value are those that this process makes, whoever made them."""
        if self.sure or attribute.case_exact or not isinstance(value, str):
            return True
        return self.same_rules and normal_forms.constant(attribute, value)

    def toward_ours(self) -> "Form":
        """The same while the keys are being brought to the form of this process."""
        ours = normal_forms.form()
        return Form(ours, tuple(name for name in dict.fromkeys([*self.before, self.name]) if name != ours))


def _version(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.partition("/")[2].split(".")))


@lru_cache(maxsize=64)
def read(text: str) -> Form:
    """What a head says, taken apart."""
    name, _, before = text.partition(" from=")
    return Form(name, tuple(before.split(",")) if before else ())


def ours() -> Form:
    """The form of this process."""
    return Form(normal_forms.form())
