"""The templates themselves, the sample and the real ones: all rules hold."""

import shutil
from pathlib import Path

import pytest

from tests.infra import checking, hardening, planted, reading, resource_list, roles
from tests.infra.planted import FAULTS, Fault
from tests.infra.resource_types import Types

OURS = {
    "app-settings", "basic-publishing", "ftps", "https", "local-auth", "plain-secret", "principal-type",
    "public-access", "role", "role-name", "role-scope", "shared-key", "tls", "told-secret", "vault",
}  # fmt: skip


def test_there_is_nothing_to_find_without_the_type_data(folder: Path) -> None:
    assert checking.findings(folder, None) == []


def test_there_is_nothing_to_find_with_the_type_data(folder: Path, types: Types) -> None:
    assert checking.findings(folder, types) == []


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if not fault.needs_types], ids=lambda fault: fault.what)
def test_a_fault_is_found_where_it_is(folder: Path, fault: Fault, tmp_path: Path) -> None:
    assert _found(folder, fault, tmp_path, None)


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.needs_types and fault.rule], ids=lambda fault: fault.what
)
def test_a_fault_of_types_is_found_where_it_is(folder: Path, fault: Fault, tmp_path: Path, types: Types) -> None:
    assert _found(folder, fault, tmp_path, types)


def _found(folder: Path, fault: Fault, scratch: Path, types: Types | None) -> bool:
    copy = scratch / folder.name
    shutil.copytree(folder, copy)
    path, line = planted.plant(fault, copy)
    return (path.resolve(), line, fault.rule) in {
        (each.path, each.line, each.rule) for each in checking.findings(copy, types)
    }


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.rule is None], ids=lambda fault: fault.what)
def test_what_the_compiler_does_not_find_passes_in_silence(
    folder: Path, fault: Fault, tmp_path: Path, types: Types
) -> None:
    outcome = next(each for each in planted.outcomes(folder, tmp_path, types) if each.fault is fault)
    assert outcome.others == []
    assert outcome.told == "passes in silence, as with the compiler"


def test_a_fault_that_nothing_can_have_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no template"):
        planted.plant(Fault("none", "none", "(?P<at>)never", ""), tmp_path)


def test_there_are_twelve_faults_or_more_and_those_of_ours_are_among_them() -> None:
    rules = {fault.rule for fault in FAULTS}
    assert len(FAULTS) >= 12
    assert rules & OURS == {"https", "plain-secret", "role", "shared-key", "told-secret"}


def test_what_we_demand_is_asked_of_resources_that_are_there(folder: Path) -> None:
    """A demand on a type that no template has would hold of nothing."""
    template = reading.template(folder)
    there = {each.type.casefold() for file in template.files.values() for each in file.resources}
    demanded = {demand.type.casefold() for demand in hardening.DEMANDS}
    least = {place.partition(" of the host")[0].casefold() for _, place in roles.LEAST}
    assert {"microsoft.storage/storageaccounts", "microsoft.web/sites", "microsoft.keyvault/vaults"} <= demanded & there
    assert least & there


def test_the_list_of_resources_has_all_that_is_deployed(folder: Path) -> None:
    template = reading.template(folder)
    rows = list(resource_list.rows(template))
    deployed = sum(not each.existing for file in template.files.values() for each in file.resources)
    assert len(rows) >= deployed
    assert all(row.version and row.type.startswith("Microsoft.") for row in rows)
    assert {row.module.partition("/")[0] for row in rows} == {"main"}


def test_conditions_are_listed_with_those_of_the_modules_around() -> None:
    rows = {row.name: row for row in resource_list.rows(reading.template(Path(__file__).parent / "sample"))}
    assert rows["vault"].condition == "hasVault"
    assert rows["officers"].condition == "hasVault and for operator in operators"
    assert rows["tables"].condition == "for table in ['first', 'second']"
    assert rows["backups"].version == "2025-06-01"


def test_conditions_of_a_resource_are_those_of_the_ones_inside_it(tmp_path: Path) -> None:
    inner = "  resource d 'd' = {\n    name: 'd'\n  }\n"
    text = f"resource r 'A.B/c@2030-01-01' = if (x) {{\n  name: 'r'\n{inner}}}\n"
    (tmp_path / "main.bicep").write_text(text)
    assert [(row.name, row.condition) for row in resource_list.rows(reading.template(tmp_path))] == [
        ("r", "x"),
        ("d", "x"),
    ]


@pytest.mark.parametrize("place", ["infra/deploy.sh", "docs/deploy.md"])
@pytest.mark.parametrize(
    ("made", "role"),
    [
        ("", "Contributor"),
        ("Microsoft.Authorization/roleAssignments@", "Role Based Access Control Administrator"),
        ("Microsoft.Authorization/locks@", "Locks Contributor"),
    ],
)
def test_who_deploys_is_told_of_the_roles_for_what_is_made(made: str, role: str, place: str) -> None:
    """Contributor may make all but what Microsoft.Authorization has, and each of those has a role of its own."""
    root = Path(__file__).parents[2]
    assert any(made in file.read_text() for file in (root / "infra" / "modules").glob("*.bicep"))
    assert role in " ".join((root / place).read_text().split())
