"""What another parser, pycep, says of the same files: ours keep to what both understand."""

from collections.abc import Iterator
from functools import lru_cache

from lark.exceptions import LarkError
from pycep import BicepParser

from tests.infra.model import File, Finding


@lru_cache(maxsize=1)
def _parser() -> BicepParser:
    return BicepParser()


def check(file: File) -> Iterator[Finding]:
    """A finding where pycep stops."""
    try:
        _parser().parse(text=file.text)
    except LarkError as error:
        line = getattr(error, "line", None) or 1
        yield Finding(file.path, line if line > 0 else file.text.count("\n") + 1, "pycep", str(error).splitlines()[0])
