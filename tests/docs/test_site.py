"""The built site: every link leads somewhere, and nothing is fetched from elsewhere."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs import blocks, reference
from tests.docs.described import ROOT

FETCHED = {"link": "href", "script": "src", "img": "src", "source": "src", "iframe": "src", "object": "data"}
"""Elements that a browser fetches something for, and the attribute that says what."""


@dataclass
class Page(HTMLParser):
    """What a page of HTML names."""

    links: set[str] = field(default_factory=set)
    fetched: set[str] = field(default_factory=set)
    anchors: set[str] = field(default_factory=set)
    styles: str = ""
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names."""
        named = {name: value or "" for name, value in attrs}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        self.classes |= set(named.get("class", "").split())
        self.styles += named.get("style", "")
        if tag == "a" and "href" in named:
            self.links.add(named["href"])
        elif FETCHED.get(tag) in named:
            self.fetched.add(named[FETCHED[tag]])

    def handle_data(self, data: str) -> None:
        """Note styles within the page."""
        if self.cdata_elem == "style":
            self.styles += data


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    """Every page of the site, read."""
    read: dict[Path, Page] = {}
    for path in site.rglob("*.html"):
        read[path] = Page()
        read[path].feed(path.read_text())
    return read


def test_every_page_is_there_and_in_the_search(site: Path, pages: dict[Path, Page]) -> None:
    sources = [path.relative_to(ROOT / "docs") for path in blocks.pages() if path.name != "README.md"]
    named = [*sources, *map(Path, reference.pages())]
    built = {site / path.with_suffix("") / "index.html" for path in named if path.name != "index.md"}
    assert built - pages.keys() == set()
    found = (site / "search" / "search_index.json").read_text()
    assert [path for path in named if f'"{path.with_suffix("")}/' not in found and path.name != "index.md"] == []


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    lost = [
        f"{path.relative_to(site)}: {link}"
        for path, page in pages.items()
        if path.name != "404.html"  # its links are from the root, wherever that is
        for link in page.links
        if not _leads(path, link, pages)
    ]
    assert lost == []


def _leads(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return parts.scheme in {"https", "http", "mailto"}
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    target = target / "index.html" if target.is_dir() else target
    if not target.exists():
        return False
    return not parts.fragment or unquote(parts.fragment) in pages[target].anchors


def test_nothing_is_fetched_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    foreign = re.compile(r"^(?:[a-z]+:)?//|^(?:https?|data):")
    assert [(path, url) for path, page in pages.items() for url in page.fetched if foreign.match(url)] == []
    styles = {path: page.styles for path, page in pages.items()}
    styles |= {path: path.read_text() for path in site.rglob("*.css")}
    asked = re.compile(r"@import|url\(\s*[\"']?(?:https?:)?//")
    assert [path for path, text in styles.items() if asked.search(text)] == []


def test_no_page_has_what_the_theme_would_fetch_a_script_for(pages: dict[Path, Page]) -> None:
    assert [path for path, page in pages.items() if page.classes & {"mermaid", "arithmatex", "jupyter-wrapper"}] == []


def test_marks_for_tests_are_not_shown(pages: dict[Path, Page]) -> None:
    shown = [path for path in pages if re.search(r"no-run:|from README:", path.read_text())]
    assert shown == []


def test_the_readme_links_to_files_that_are_there() -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / "README.md").read_text())
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []
