"""Role assignments: the least roles that do, on single resources."""

import uuid

import pytest

from tests.infra.conftest import Check
from tests.infra.roles import LEAST, PEOPLE, ROLES

IDS = {name: identifier for identifier, name in ROLES.items()}
_GUID, _SCOPE, _TYPE = "guid(on.id, 'p', 'r')", "on", "'ServicePrincipal'"
RULES = ["role", "role-name", "role-scope", "principal-type"]


def assignment(  # noqa: PLR0913 - what tests change
    role: str, on: str, *, name: str = _GUID, scope: str = _SCOPE, principal: str = _TYPE, symbol: str = "on"
) -> str:
    """An existing resource on two lines, and one assignment on it."""
    properties = f"    principalId: 'p'\n    roleDefinitionId: {role}\n"
    properties += f"    principalType: {principal}\n" if principal else ""
    scoped = f"  scope: {scope}\n" if scope else ""
    return (
        f"resource {symbol} '{on}@2030-01-01' existing = {{ name: 'on' }}\n"
        f"resource given 'Microsoft.Authorization/roleAssignments@2030-01-01' = {{\n"
        f"  name: {name}\n{scoped}  properties: {{\n{properties}  }}\n}}\n"
    ).replace("on.id", f"{symbol}.id")


def definition(role: str) -> str:
    return f"subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{IDS[role]}')"


STORAGE, VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
CONTAINER = f"{STORAGE}/blobServices/containers"


@pytest.mark.parametrize(
    ("role", "on", "found"),
    [
        ("Storage Table Data Contributor", STORAGE, False),
        ("Storage Blob Data Contributor", CONTAINER, False),
        ("Storage Blob Data Contributor", STORAGE, True),
        ("Storage Blob Data Owner", STORAGE, True),
        ("Storage Account Contributor", STORAGE, True),
        ("Owner", STORAGE, True),
        ("Key Vault Secrets User", VAULT, False),
        ("Key Vault Administrator", VAULT, True),
        ("Key Vault Secrets Officer", VAULT, True),
        ("Monitoring Metrics Publisher", "Microsoft.Insights/components", False),
        ("Monitoring Metrics Publisher", VAULT, True),
    ],
)
def test_a_role_is_the_least_for_what_it_is_given_on(check: Check, role: str, on: str, found: bool) -> None:
    assert check(assignment(definition(role), on), rules=RULES) == ([("role", 7)] if found else [])


def test_the_hosts_account_may_be_owned_by_the_host(check: Check) -> None:
    role = definition("Storage Blob Data Owner")
    assert check(assignment(role, STORAGE, symbol="hostAccount", scope="hostAccount"), rules=RULES) == []
    assert check(assignment(role, STORAGE, symbol="account", scope="account"), rules=RULES) == [("role", 7)]


def test_operators_may_write_secrets_and_services_may_not(check: Check) -> None:
    role = definition("Key Vault Secrets Officer")
    parameter = "@description('K.')\nparam kind string\n"
    assert check(assignment(role, VAULT, principal="kind") + parameter, rules=RULES) == []
    assert check(assignment(role, VAULT, principal="'User'"), rules=RULES) == []
    assert check(assignment(role, VAULT), rules=RULES) == [("role", 7)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "'given'"}, [("role-name", 2)]),
        ({"name": "name"}, []),
        ({"scope": ""}, [("role-scope", 2)]),
        ({"scope": "resourceGroup()"}, [("role-scope", 4)]),
        ({"scope": "subscription()"}, [("role-scope", 4)]),
        ({"principal": ""}, [("principal-type", 2)]),
    ],
)
def test_names_scopes_and_principals(check: Check, changes: dict[str, str], expected: list[tuple[str, int]]) -> None:
    text = assignment(definition("Key Vault Secrets User"), VAULT, **changes)
    assert check(f"{text}var name = guid(on.id, 'r')\n", rules=RULES) == expected


@pytest.mark.parametrize(
    ("role", "more", "lines"),
    [
        ("subscriptionResourceId('x', role)", "var role = 'KV'\n", []),
        ("subscriptionResourceId('x', role.reader)", "var role = { reader: 'KV', writer: 'OWNER' }\n", []),
        ("subscriptionResourceId('x', role.writer)", "var role = { reader: 'KV', writer: 'OWNER' }\n", [11]),
        ("subscriptionResourceId('x', role['reader'])", "var role = { reader: 'KV' }\n", []),
        ("subscriptionResourceId('x', role['writer'])", "var role = { reader: 'KV', writer: 'OWNER' }\n", [11]),
        ("subscriptionResourceId('x', role[1])", "var role = ['KV', 'OWNER']\n", [11]),
        ("'/providers/Microsoft.Authorization/roleDefinitions/KV'", "", []),
        ("'${subscription().id}/providers/Microsoft.Authorization/roleDefinitions/KV'", "", []),
        ("subscriptionResourceId('x', role)", "@description('R.')\nparam role string = 'KV'\n", [7]),
        ("subscriptionResourceId('x', '6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437')", "", [7]),
    ],
)
def test_roles_are_followed_to_where_their_ids_are_written(
    check: Check, role: str, more: str, lines: list[int]
) -> None:
    text = assignment(role, VAULT) + more
    text = text.replace("KV", IDS["Key Vault Secrets User"]).replace("OWNER", IDS["Owner"])
    assert check(text, rules=RULES) == [("role", line) for line in lines]


def test_roles_are_followed_through_loops(check: Check) -> None:
    text = assignment("subscriptionResourceId('x', role)", VAULT)
    head = "resource given 'Microsoft.Authorization/roleAssignments@2030-01-01' = "
    looped = text.replace(f"{head}{{", f"{head}[for role in roles: {{").removesuffix("}\n") + "}]\n"
    assert check(f"{looped}var roles = ['{IDS['Key Vault Secrets User']}']\n", rules=RULES) == []
    bad = f"{looped}var roles = [\n  '{IDS['Key Vault Secrets User']}'\n  '{IDS['Reader']}'\n]\n"
    assert check(bad, rules=RULES) == [("role", 13)]


@pytest.mark.parametrize(("last", "found"), [(2, False), (1, True)])
def test_of_cosmos_own_roles_only_the_contributor_is_given(check: Check, last: int, found: bool) -> None:
    text = (
        "resource a 'Microsoft.DocumentDB/databaseAccounts@2030-01-01' existing = { name: 'a' }\n"
        "resource b 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2030-01-01' = {\n  parent: a\n"
        "  name: guid(a.id)\n  properties: {\n    principalId: 'p'\n    scope: a.id\n"
        f"    roleDefinitionId: '${{a.id}}/sqlRoleDefinitions/00000000-0000-0000-0000-00000000000{last}'\n  }}\n}}\n"
    )
    assert check(text, rules=RULES) == ([("role", 8)] if found else [])


def test_the_tables_of_roles_are_of_a_piece() -> None:
    assert {role for role, _ in LEAST | PEOPLE} <= set(IDS)
    assert len(IDS) == len(ROLES)
    assert all(str(uuid.UUID(identifier)) == identifier for identifier in ROLES)
    assert not {role for role, _ in LEAST | PEOPLE} & {"Owner", "Contributor", "User Access Administrator"}
