"""What we demand of resources: each demand is made, and met by what it should be met by."""

import pytest

from tests.infra import planted
from tests.infra.conftest import SAMPLE, Check
from tests.infra.hardening import DEMANDS

STORAGE = "Microsoft.Storage/storageAccounts"
GOOD = {"allowSharedKeyAccess": "false", "allowBlobPublicAccess": "false", "minimumTlsVersion": "'TLS1_2'"}


def account(**given: str) -> str:
    """A storage account, of one line for each property."""
    properties = {**GOOD, "supportsHttpsTrafficOnly": "true", **given}
    lines = "".join(f"    {name}: {value}\n" for name, value in properties.items() if value)
    return f"resource a '{STORAGE}@2030-01-01' = {{\n  name: 'a'\n  properties: {{\n{lines}  }}\n}}\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"allowSharedKeyAccess": "true"}, [("shared-key", 4)]),
        ({"allowSharedKeyAccess": ""}, [("shared-key", 1)]),
        ({"allowBlobPublicAccess": "true"}, [("public-access", 5)]),
        ({"minimumTlsVersion": "'TLS1_1'"}, [("tls", 6)]),
        ({"minimumTlsVersion": "'TLS1_3'"}, []),
        ({"supportsHttpsTrafficOnly": "false"}, [("https", 7)]),
        ({"supportsHttpsTrafficOnly": "resourceGroup().name == 'x'"}, [("https", 7)]),
        ({"supportsHttpsTrafficOnly": "resourceGroup().name == 'x' ? true : false"}, [("https", 7)]),
        ({"supportsHttpsTrafficOnly": "resourceGroup().name == 'x' ? false : true"}, [("https", 7)]),
        ({"supportsHttpsTrafficOnly": "resourceGroup().name == 'x' ? true : true"}, []),
    ],
)
def test_storage(check: Check, given: dict[str, str], expected: list[tuple[str, int]]) -> None:
    assert check(account(**given)) == expected


def test_a_demand_is_followed_into_variables_and_parameters(check: Check) -> None:
    text = account(allowSharedKeyAccess="keys")
    assert check(f"{text}var keys = false\n") == []
    assert check(f"{text}var keys = true\n") == [("shared-key", 10)]
    # A parameter of the whole may be anything, whatever its default.
    assert check(f"{text}@description('K.')\nparam keys bool = false\n", rules=["shared-key"]) == [("shared-key", 4)]


def test_a_parameter_of_a_module_is_what_its_callers_give(check: Check) -> None:
    module = account(allowSharedKeyAccess="keys") + "param keys bool = true\n"
    call = "module {0} 'm.bicep' = {{\n  name: '{0}'\n  params: {{ keys: {1} }}\n}}\n"
    assert check(call.format("x", "false"), m=module) == []
    assert check(call.format("x", "false") + call.format("y", "true"), m=module) == [("shared-key", 7)]
    assert check("module x 'm.bicep' = {\n  name: 'x'\n}\n", m=module) == [("shared-key", 10)]


def test_what_exists_already_is_not_ours_to_judge(check: Check) -> None:
    text = f"resource a '{STORAGE}@2030-01-01' existing = {{\n  name: 'a'\n}}\noutput i string = a.id\n"
    assert check(text) == []


def test_each_demand_is_missed_where_a_resource_says_nothing(check: Check) -> None:
    """Every line of the table has an effect: of a bare resource each required one is found."""
    for demand in DEMANDS:
        text = f"resource a '{demand.type}@2030-01-01' = {{\n  name: 'x/y/z'\n  properties: {{}}\n}}\n"
        found = check(text, rules=[demand.rule])
        assert bool(found) != demand.may_be_absent or demand.rule == "tls", demand


def test_each_demand_is_missed_where_a_resource_says_the_contrary(check: Check) -> None:
    for demand in DEMANDS:
        value = "'no'" if isinstance(demand.accepted[0], str) else str(not demand.accepted[0]).lower()
        for part in reversed(demand.path.split(".")):
            value = f"{{ {part}: {value} }}"
        text = f"resource a '{demand.type}@2030-01-01' = {{\n  name: 'x'\n  properties: {value}\n}}\n"
        assert (demand.rule, 3) in check(text), demand


SITE = """\
resource plan 'Microsoft.Web/serverfarms@2030-01-01' = {
  name: 'p'
  sku: { name: '%s' }
}
resource s 'Microsoft.Web/sites@2030-01-01' = {
  name: 's'
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: { minTlsVersion: '1.2' %s }
  }
}
"""
PUBLISHING = """\
resource %s 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2030-01-01' = {
  parent: s
  name: '%s'
  properties: { allow: %s }
}
"""
BOTH = PUBLISHING % ("ftp", "ftp", "false") + PUBLISHING % ("scm", "scm", "false")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SITE % ("EP1", ", ftpsState: 'Disabled'") + BOTH, []),
        (SITE % ("EP1", ", ftpsState: 'FtpsOnly'") + BOTH, [("ftps", 10)]),
        (SITE % ("EP1", "") + BOTH, [("ftps", 5)]),
        (SITE % ("FC1", "") + BOTH, []),
        (SITE % ("FC1", ", ftpsState: 'AllAllowed'") + BOTH, [("ftps", 10)]),
        (SITE % ("FC1", ""), [("basic-publishing", 5), ("basic-publishing", 5)]),
        (SITE % ("FC1", "") + PUBLISHING % ("scm", "scm", "false"), [("basic-publishing", 5)]),
        (SITE % ("FC1", "") + BOTH.replace("false", "true", 1), [("basic-publishing", 16)]),
        (
            SITE % ("EP1", "")
            + BOTH
            + "resource w 'Microsoft.Web/sites/config@2030-01-01' = {\n  parent: s\n  name: 'web'\n"
            + "  properties: { ftpsState: 'Disabled' }\n}\n",
            [],
        ),
    ],
)
def test_sites(check: Check, text: str, expected: list[tuple[str, int]]) -> None:
    assert check(text) == expected


def test_the_sample_is_what_the_faults_are_planted_in() -> None:
    assert {path.name for path in SAMPLE.rglob("*.bicep")} >= {"main.bicep", "site.bicep", "data.bicep", "vault.bicep"}
    assert len({fault.what for fault in planted.FAULTS}) == len(planted.FAULTS)
