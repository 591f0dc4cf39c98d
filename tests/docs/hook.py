"""What MkDocs asks while it builds the site: the generated pages, parts of README.md, and marks that are not shown."""

import re
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from tests.docs import reference
from tests.docs.blocks import MARK
from tests.docs.described import ROOT

_FROM_README = re.compile(r"^<!-- from README: (?P<titles>.+) -->$", re.MULTILINE)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    for path, text in reference.pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401 (MkDocs hands over more than is asked for)
    """Put sections of README.md where a page names them, and take the marks for tests away from blocks."""
    whole = _FROM_README.sub(lambda found: _sections(found["titles"].split("; ")), markdown)
    return MARK.sub(r"\g<fence>sh", whole)


def _sections(titles: list[str]) -> str:
    parts = re.split(r"^(?=## )", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    named = {part.partition("\n")[0].removeprefix("## "): part for part in parts}
    return "\n".join(named[title] for title in titles).replace("](docs/", "](")
