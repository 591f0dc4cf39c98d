"""Routes as the Functions host matches them."""

import pytest

from scim.local.failure import Failure
from scim.local.routing import Routes, route


def find(template: str, path: str) -> dict[str, str] | None:
    found = Routes([route("f", template, ())]).find("GET", path)
    return None if found is None else dict(found[1])


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("users", "/users", {}),
        ("users", "/USERS/", {}),
        ("users", "/users//", None),
        ("users", "/", None),
        ("users", "/users/1", None),
        ("/users", "/users", {}),
        ("Users/{id}", "/users/AbC", {"id": "AbC"}),
        ("Users/{id}", "/Users/a.b@c:d", {"id": "a.b@c:d"}),
        ("Users/{id}", "/Users/a%2Fb", {"id": "a%2Fb"}),
        ("Users/{id}", "/Users", None),
        ("Users/{id}", "/Users//", None),
        ("Users/{id?}", "/Users", {}),
        ("Users/{id?}", "/Users/1", {"id": "1"}),
        ("Users/{id=me}", "/Users/", {"id": "me"}),
        ("Users/{id=me}", "/Users/1", {"id": "1"}),
        ("scim/{p}/v2/Users/{*rest}", "/scim/x/v2/Users", {"p": "x"}),
        ("scim/{p}/v2/Users/{*rest}", "/scim/x/v2/users/", {"p": "x"}),
        ("scim/{p}/v2/Users/{*rest}", "/scim/x/v2/Users/1", {"p": "x", "rest": "1"}),
        ("scim/{p}/v2/Users/{*rest}", "/scim/x/v2/Users/1//2/", {"p": "x", "rest": "1//2/"}),
        ("scim/{p}/v2/Users/{*rest}", "/scim/x/v2//Users", None),
        ("scim/{p}/v2/Users/{*rest}", "/scim/x/v2/Users//1", None),
        ("{*rest}", "/", {}),
        ("{*rest}", "/scim/x/v2//Users", {"rest": "scim/x/v2//Users"}),
        ("{**rest}", "/a/b", {"rest": "a/b"}),
        ("{name}.{kind}", "/a.b.json", {"name": "a.b", "kind": "json"}),
        ("v{major}", "/V2", {"major": "2"}),
        ("v{major}", "/v", None),
    ],
)
def test_a_template_matches_as_the_functions_host_matches_it(
    template: str, path: str, expected: dict[str, str] | None
) -> None:
    assert find(template, path) == expected


@pytest.mark.parametrize(
    ("constraint", "fits", "misfits"),
    [
        ("int", ["1", "-7"], ["x", "1.5", "2147483648"]),
        ("long", ["2147483648"], ["9223372036854775808"]),
        ("bool", ["True", "false"], ["1"]),
        ("guid", ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"], ["6f9619ff"]),
        ("alpha", ["aZ"], ["a1"]),
        ("length(3)", ["abc"], ["ab"]),
        ("length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        ("minlength(2)", ["ab"], ["a"]),
        ("maxlength(2)", ["ab"], ["abc"]),
        ("min(5)", ["5"], ["4"]),
        ("max(5)", ["5"], ["6"]),
        ("range(2,3)", ["2", "3"], ["1", "4"]),
        (r"regex(^\d{{2}}$)", ["12"], ["1", "123"]),
        ("regex(^(a|b)$)", ["A"], ["c"]),
        ("INT:min(1)", ["1"], ["0"]),
    ],
)
def test_a_constraint_decides_whether_the_route_matches(constraint: str, fits: list[str], misfits: list[str]) -> None:
    template = "x/{id:" + constraint + "}"
    assert [value for value in fits if find(template, f"/x/{value}") is None] == []
    assert [value for value in misfits if find(template, f"/x/{value}") is not None] == []


def test_a_constraint_on_an_absent_optional_parameter_is_not_asked() -> None:
    assert find("x/{id:int?}", "/x") == {}


def test_a_constraint_on_an_absent_catch_all_does_not_hold() -> None:
    assert find("x/{*rest:minlength(1)}", "/x") is None


@pytest.mark.parametrize(
    ("names", "winner"),
    [(("users_item", "users_search"), "users_item"), (("B", "a"), "a"), (("ab", "a_b"), "ab")],
)
def test_the_first_name_wins_in_ordinal_order_without_regard_to_case(names: tuple[str, str], winner: str) -> None:
    table = Routes([route(name, "Users/{" + name + "}", ()) for name in names])
    found = table.find("GET", "/Users/.search")
    assert found is not None
    assert found[0].function == winner


def test_a_literal_does_not_go_before_a_parameter() -> None:
    table = Routes([route("a", "Users/{id}", ["GET"]), route("b", "Users/.search", ["GET", "POST"])])
    found = [table.find(method, "/Users/.search") for method in ("GET", "post", "PUT")]
    assert [match and match[0].function for match in found] == ["a", "b", None]


@pytest.mark.parametrize("path", ["/admin", "/Admin/host/status", "/runtime/webhooks"])
def test_reserved_paths_reach_no_function(path: str) -> None:
    assert find("{*rest}", path) is None
    assert find("{*rest}", path.replace("/", "/x", 1)) is not None


def test_a_prefix_goes_before_every_template() -> None:
    table = Routes([route("users", "", ["GET"], prefix="api")])
    assert table.find("GET", "/api/users") is not None
    assert table.find("GET", "/users") is None


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("admin/users", "keeps for itself"),
        ("Runtimes", "keeps for itself"),
        ("a//b", "empty segment"),
        ("a/{b", "brace"),
        ("a}/b", "brace"),
        ("{a}{b}", "side by side"),
        ("x{*rest}", "alone"),
        ("{*rest}/x", "goes on after"),
        ("{a}/{A}", "twice"),
        ("{a:colour}", "not known here"),
        ("{a:length(x)}", "cannot take"),
        ("{a:int(3)}", "cannot take"),
    ],
)
def test_a_template_the_host_would_refuse_is_refused_in_words(template: str, complaint: str) -> None:
    with pytest.raises(Failure, match=complaint):
        route("f", template, ())


@pytest.mark.parametrize(
    ("one", "other", "refused"), [(["GET"], ["POST"], False), (["GET"], [], True), (["GET"], ["get"], True)]
)
def test_two_functions_cannot_share_a_route_and_a_method(one: list[str], other: list[str], refused: bool) -> None:
    routes = [route("a", "users", one), route("b", "Users", other)]
    if refused:
        with pytest.raises(Failure, match="same route"):
            Routes(routes)
    else:
        Routes(routes)
