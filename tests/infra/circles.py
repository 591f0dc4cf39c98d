"""Declarations that need themselves, directly or by way of others."""

from collections.abc import Iterator

from tests.infra.model import File, Finding
from tests.infra.names import free, own_expressions


def check(file: File) -> Iterator[Finding]:
    """Circles in one file; where there are some, no rule that follows names could come to an end."""
    outermost = (*file.parameters, *file.variables, *file.outermost, *file.modules)
    needs = {each.name: {name.name for whole in own_expressions(each) for name in free(whole)} for each in outermost}
    for each in outermost:
        reached, waiting = set[str](), list(needs[each.name])
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting += needs.get(name, ())
        if each.name in reached:
            yield Finding(file.path, each.line, "circle", f"{each.name} needs itself")
