"""Planted faults: one edit each of a right template, and the rule that must find it on the line where it is."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.infra import checking
from tests.infra.model import Finding
from tests.infra.resource_types import Types


@dataclass(frozen=True, slots=True)
class Fault:
    """An edit of the first file in which ``pattern`` is found; the finding is due where its group ``at`` begins.

    ``rule`` is nothing for what no rule can find, the compiler's own included.
    """

    what: str
    rule: str | None
    pattern: str
    replacement: str
    needs_types: bool = True


_ACCOUNT = r"resource \w+ 'Microsoft\.Storage/storageAccounts@"
FAULTS = (
    Fault("a property is misspelt", "unknown-property", r"(?P<at>allowSharedKey)Access:", r"\g<at>sAccess:"),
    Fault(
        "a property stands in the wrong object",
        "unknown-property",
        r"siteConfig: \{\n(?P<at>)",
        "siteConfig: {\n      httpsOnly: true\n",
    ),
    Fault(
        "a read-only property is written",
        "read-only",
        r"httpsOnly: true\n(?P<at>)",
        "httpsOnly: true\n    defaultHostName: 'sample.example.net'\n",
    ),
    Fault(
        "a required property is missing",
        "missing-property",
        rf"(?P<at>{_ACCOUNT})(?P<kept>(?:.*\n)+?)  sku: \{{\n.*\n  \}}\n",
        r"\g<at>\g<kept>",
    ),
    Fault("a string stands for a truth value", "wrong-kind", r"(?P<at>httpsOnly: )true", r"\g<at>'yes'"),
    Fault("a value is none of a closed enum's", "enum", r"(?P<at>\btype: )'UserAssigned'", r"\g<at>'UserAsigned'"),
    Fault("an API version does not exist", "api-version", rf"(?P<at>{_ACCOUNT})[\d-]+", r"\g<at>2025-06-31"),
    Fault(
        "a resource type does not exist",
        "resource-type",
        r"(?P<at>resource \w+ )'Microsoft\.Web/serverfarms@",
        r"\g<at>'Microsoft.Web/serverFarm@",
    ),
    Fault(
        "what is read of a resource does not exist",
        "unknown-access",
        r"(?P<at>\w+\.properties\.)principalId",
        r"\g<at>principalID",
    ),
    Fault("a name is not declared", "undeclared", r"(?m)^(?P<at>  location: )location\b", r"\g<at>region", False),
    Fault(
        "a module is not given a parameter",
        "module-parameter",
        r"(?P<at>module \w+ 'modules/)(?P<kept>(?:.*\n)+?)    location: location\n",
        r"\g<at>\g<kept>",
        False,
    ),
    Fault("an output is not there", "output", r"(?P<at>\.outputs\.)clientId", r"\g<at>clientID", False),
    Fault(
        "a parameter is not used",
        "unused",
        r"(?m)^(?P<at>)param name string\n",
        "param spare string = ''\nparam name string\n",
        False,
    ),
    Fault("a function does not exist", "function", r"(?P<at>)uniqueString\(", "uniqString(", False),
    Fault("a name is not known in time", "too-late", r"(?P<at>name: guid\(\w+)\.id", r"\g<at>.location", False),
    Fault("keys are accepted", "shared-key", r"(?P<at>allowSharedKeyAccess: )false", r"\g<at>true", False),
    Fault("plain HTTP is accepted", "https", r"(?P<at>httpsOnly: )true", r"\g<at>false", False),
    Fault(
        "a secret stands in an app setting",
        "plain-secret",
        r"\n(?P<at>)    ROLLCALL_PUBLIC_URL: ",
        "\n    ROLLCALL_SECRET: 'not so secret'\n    ROLLCALL_PUBLIC_URL: ",
        False,
    ),
    Fault(
        "an output tells a key",
        "told-secret",
        r"(?P<kept>resource (?P<name>\w+) 'Microsoft\.Storage/storageAccounts@(?:.*\n)+)(?P<at>)\Z",
        r"\g<kept>output key string = \g<name>.listKeys().keys[0].value" + "\n",
        False,
    ),
    Fault(
        "a role is too great",
        "role",
        r"(?P<at>)4633458b-17de-408a-b874-0445c86b69e6",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        False,
    ),
    Fault("a value is none of an open enum's", None, r"(?P<at>kind: )'StorageV2'", r"\g<at>'StorageV3'"),
)
"""Those with ``needs_types`` cannot be found without the type data."""


class Outcome(NamedTuple):
    """What came of a fault: where it was due, and what was found there, or nothing."""

    fault: Fault
    path: Path
    line: int
    found: Finding | None
    others: list[Finding]

    @property
    def right(self) -> bool:
        """Whether what was due was found there, and nothing where nothing can be."""
        return self.found is not None if self.fault.rule else not self.others

    @property
    def told(self) -> str:
        """The outcome in words."""
        if self.found:
            return f"found: {self.found.message}"
        if self.others:
            return "NOT found there, but " + "; ".join(f"{each.line}: {each.rule}" for each in self.others)
        return "NOT found" if self.fault.rule else "passes in silence, as with the compiler"


def plant(fault: Fault, folder: Path) -> tuple[Path, int]:
    """Make the edit in a folder; answers with the file and the line where the fault is.

    Raises:
        LookupError: no file has what the fault would change.
    """
    for path in sorted(folder.rglob("*.bicep")):
        text = path.read_text(encoding="utf-8")
        found = re.search(fault.pattern, text)
        if found:
            edited = text[: found.start()] + found.expand(fault.replacement) + text[found.end() :]
            path.write_text(edited, encoding="utf-8")
            return path, text.count("\n", 0, found.start("at")) + 1
    raise LookupError(f"no template has what it takes for this fault: {fault.what}")


def outcomes(folder: Path, scratch: Path, types: Types | None) -> Iterator[Outcome]:
    """Plant each fault in a copy of a folder, and look; without types those that need them are left out."""
    before = {(each.rule, each.message) for each in checking.findings(folder, types)}
    for number, fault in enumerate(FAULTS):
        if fault.needs_types and types is None:
            continue
        copy = scratch / str(number) / folder.name
        shutil.copytree(folder, copy)
        path, line = plant(fault, copy)
        new = [each for each in checking.findings(copy, types) if (each.rule, each.message) not in before]
        wanted = (path.resolve(), line, fault.rule)
        due = next((each for each in new if (each.path, each.line, each.rule) == wanted), None)
        yield Outcome(fault, path.relative_to(copy), line, due, [each for each in new if each is not due])
