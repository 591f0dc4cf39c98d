"""``bicepconfig.json``: the rules of Bicep's linter that it names must exist, and so must their levels."""

import json
import re
from collections.abc import Iterator

from tests.infra.model import Finding, Template

LEVELS = {"off", "info", "warning", "error"}
RULES = set(
    """
    adminusername-should-not-be-literal artifacts-parameters decompiler-cleanup explicit-values-for-loc-params
    max-asserts max-outputs max-params max-resources max-variables nested-deployment-template-scoping
    no-conflicting-metadata no-deployments-resources no-explicit-any no-hardcoded-env-urls no-hardcoded-location
    no-loc-expr-outside-params no-module-name no-unnecessary-dependson no-unused-existing-resources
    no-unused-imports no-unused-params no-unused-vars outputs-should-not-contain-secrets prefer-interpolation
    prefer-unquoted-property-names protect-commandtoexecute-secrets secure-parameter-default
    secure-params-in-nested-deploy secure-secrets-in-params simplify-interpolation simplify-json-null
    use-parent-property use-recent-api-versions use-recent-az-powershell-version use-recent-module-versions
    use-resource-id-functions use-resource-symbol-reference use-safe-access use-secure-value-for-secure-inputs
    use-stable-resource-identifiers use-stable-vm-image use-user-defined-types what-if-short-circuiting
    """.split()  # noqa: SIM905 - forty quoted names would be no easier to read
)
"""The linter's rules, by its reference."""


def check(template: Template) -> Iterator[Finding]:
    """What is wrong in the folder's settings of the linter, if it has some."""
    path = template.folder / "bicepconfig.json"
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    try:
        rules = json.loads(text).get("analyzers", {}).get("core", {}).get("rules", {})
        levels = {str(name): said.get("level", "warning") for name, said in rules.items()}
    except (ValueError, AttributeError) as error:
        yield Finding(path, getattr(error, "lineno", 1), "linter-settings", f"this cannot be read: {error}")
        return
    for name, level in levels.items():
        found = re.search(rf'"{re.escape(name)}"\s*:', text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        if name not in RULES:
            yield Finding(path, line, "linter-settings", f"the linter has no rule {name}")
        if level not in LEVELS:
            message = f"the level of {name} is one of {', '.join(sorted(LEVELS))}, not {level}"
            yield Finding(path, line, "linter-settings", message)
