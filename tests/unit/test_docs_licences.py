"""The licences in docs/licences.md are those of all that the deployed application imports.

Run as a program, ``python -m tests.unit.test_docs_licences``, it brings the page up to date.
"""

from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"
PERMISSIVE = {"Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0"}
TOLERATED = {"certifi": "MPL-2.0"}
"""Comes with Azure's libraries: certificates, in a file that nobody here changes, which is all its licence is about."""
_SAME = {"MIT License": "MIT", "Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0"}
_SAME |= dict.fromkeys(("BSD", "3-Clause BSD License"), "BSD-3-Clause")
_CLASSIFIERS = {"MIT License": "MIT", "Apache Software License": "Apache-2.0", "BSD License": "BSD-3-Clause"}
_HEAD = """\
# Licences

What the deployed application consists of beside its own code (MIT): `requirements.txt` and all that it brings along.
The page is made by `python -m tests.unit.test_docs_licences`, from what the packages say of themselves. All licences
are permissive but for that of `certifi`, Mozilla's list of certificates, which Azure's libraries bring along: its
licence (MPL 2.0) is about changes to its own files, and there are none.

| Package | Version | Licence |
|---|---|---|
"""


def installed() -> dict[str, Distribution]:
    """All that the application needs at run time, by name."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found: dict[str, Distribution] = {}
    seen = set[tuple[str, frozenset[str]]]()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        found[name] = distribution(name)
        wanted += _needed(found[name], requirement.extras)
    return dict(sorted(found.items()))


def _needed(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    for text in package.requires or ():
        needed = Requirement(text)
        if not needed.marker or any(needed.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield needed


def licence(package: Distribution) -> str:
    """What a package says of its licence, as an SPDX expression."""
    told = package.metadata.get("License-Expression") or package.metadata.get("License") or ""
    classified = [line.rpartition(" :: ")[2] for line in package.metadata.get_all("Classifier") or ()]
    named = next((_CLASSIFIERS[name] for name in classified if name in _CLASSIFIERS), "")
    return _SAME.get(told, told) if told and "\n" not in told else named


def page() -> str:
    """The whole page."""
    rows = (f"| {name} | {package.version} | {licence(package)} |\n" for name, package in installed().items())
    return _HEAD + "".join(rows)


def test_the_page_is_what_the_packages_say() -> None:
    assert PAGE.read_text() == page()


def test_every_licence_is_permissive_but_for_one() -> None:
    for name, package in installed().items():
        words = set(licence(package).replace("(", "").replace(")", "").split()) - {"AND", "OR"}
        assert words, name
        assert words <= PERMISSIVE or licence(package) == TOLERATED.get(name), (name, words)


if __name__ == "__main__":
    PAGE.write_text(page())
