"""The app settings of sites, wherever and however a template puts them together."""

from collections.abc import Iterator

from tests.infra.expressions import Access, Array, Call, Expression, Lambda, Literal, Loop, Name, Object, Text
from tests.infra.model import File, Resource, Template
from tests.infra.tracing import Traced, body

UNREADABLE = ""
"""The name under which comes what cannot be followed."""
_SITE = "Microsoft.Web/sites"
_CONFIG = f"{_SITE}/config"


def settings(template: Template, file: File) -> Iterator[tuple[str, Traced]]:
    """Each name and value that can be an app setting of a site in one file."""
    for each in file.resources:
        whole = body(template, file, each)
        if each.is_a(_SITE):
            for found in whole.at("properties", "siteConfig", "appSettings"):
                yield from _listed(found) if found else ()
        elif each.is_a(_CONFIG) and _is_appsettings(each):
            for found in whole.at("properties"):
                yield from _mapped(found) if found else ()


def _is_appsettings(each: Resource) -> bool:
    name = each.body.get("name")
    return isinstance(name, Literal) and str(name.value).rpartition("/")[2] == "appsettings"


def _listed(found: Traced) -> Iterator[tuple[str, Traced]]:
    """Of a list of names with values."""
    match found.expression:
        case Array(items=items):
            for item in items:
                for each in found.to(item).possible():
                    yield from _pair(each)
        case Call(function="concat" | "union", arguments=arguments):
            for argument in arguments:
                for each in found.to(argument).possible():
                    yield from _listed(each)
        case Loop(names=(item, *_), over=over, body=Object() as one) if _turns(item, one):
            yield from _items(found, over)
        case Call(function="map", arguments=(over, Lambda(names=(item,), body=Object() as one))) if _turns(item, one):
            yield from _items(found, over)
        case Name():
            return  # a parameter of the whole: what it is given is a matter of the parameters files
        case _:
            yield UNREADABLE, found


def _pair(found: Traced) -> Iterator[tuple[str, Traced]]:
    one = found.expression
    name = one.get("name") if isinstance(one, Object) else None
    value = one.get("value") if isinstance(one, Object) else None
    if name is None or value is None:
        yield UNREADABLE, found
        return
    for each in found.to(name).possible():
        yield _written(each.expression) or UNREADABLE, found.to(value)


def _written(expression: Expression) -> str:
    """A name, or of one that has gaps the literal parts."""
    parts = expression.parts if isinstance(expression, Text) else (expression,)
    return "".join(str(part.value) for part in parts if isinstance(part, Literal))


def _turns(item: str, one: Object) -> bool:
    """Whether an object is an item's key and value as name and value."""
    name, value = one.get("name"), one.get("value")
    return name == Access(name.line if name else 0, Name(name.line if name else 0, item), "key") and value == Access(
        value.line if value else 0, Name(value.line if value else 0, item), "value"
    )


def _items(found: Traced, over: Expression) -> Iterator[tuple[str, Traced]]:
    for each in found.to(over).possible():
        if isinstance(each.expression, Call) and each.expression.function == "items":
            for mapped in each.to(each.expression.arguments[0]).possible():
                yield from _mapped(mapped)
        else:
            yield UNREADABLE, each


def _mapped(found: Traced) -> Iterator[tuple[str, Traced]]:
    """Of an object whose properties are the settings."""
    match found.expression:
        case Object(properties=properties):
            for each in properties:
                for key in found.to(each.key).possible():
                    yield _written(key.expression) or UNREADABLE, found.to(each.value)
        case Call(function="union" | "shallowMerge", arguments=merged) | Array(items=merged):
            for one in merged:
                for part in found.to(one).possible():
                    yield from _mapped(part)
        case Name():
            return
        case _:
            yield UNREADABLE, found
