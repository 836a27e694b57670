# SPDX-License-Identifier: Apache-2.0
"""The documentation as a site: it builds without a warning, and every page is reached from the index."""

from __future__ import annotations

import html.parser
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pymdownx.slugs import slugify

from docsite.images import RICH
from docsite.order import navigation
from dumpmaker.cache import Dump
from support.checkout import CHECKOUT

DOCS = CHECKOUT / "docs"
INDEX = (DOCS / "index.md").read_text()


@pytest.fixture(scope="module")
def site(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built as `make docs` builds it: links, anchors, docstrings are checked."""
    dump(RICH)  # pictures are made of it
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class Page(html.parser.HTMLParser):
    """What a page loads, shows and links to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("script", "img", "iframe") and found.get("src"):
            self.loaded.append(found["src"] or "")
        if tag == "link" and found.get("rel") in ("stylesheet", "preconnect", "icon", "preload"):
            self.loaded.append(found["href"] or "")
        if tag == "img":
            self.pictures.append(found)


@pytest.mark.slow
def test_it_builds_and_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(list(DOCS.glob("*.md")))
    for page in pages:
        outside = [url for url in Page(page).loaded if re.match(r"(https?:)?//", url)]
        assert not outside, page


@pytest.mark.slow
def test_every_picture_has_a_text_in_its_place(site: Path) -> None:
    for page in site.rglob("*.html"):
        for picture in Page(page).pictures:
            assert picture.get("alt"), f"{page.name}: {picture.get('src')}"


@pytest.mark.slow
def test_pictures_stand_where_pages_have_a_place_for_them(site: Path) -> None:
    text = (DOCS / "pictures.md").read_text()
    names = re.findall(r"<!-- picture: ([\w-]+) -->", text)
    shown = {picture["src"]: picture["alt"] for picture in Page(site / "pictures.html").pictures}
    assert list(shown) == [f"made/{name}.svg" for name in names] and len(names) == 5
    assert all((site / str(src)).read_text().startswith("<?xml") for src in shown)
    assert shown["made/structure.svg"].startswith("Layout of struct cred: ")


@pytest.mark.slow
def test_notebooks_are_pages_with_links_to_each_other(site: Path) -> None:
    page = (site / "notebooks" / "first-look.html").read_text()
    assert 'href="hidden-module.html"' in page and ".ipynb" not in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("images", "find_btf"),
        ("images", "open_memory"),
        ("kernels", "identify_kernel"),
        ("volatility", "layer_memory"),
        ("notebook", "open_image"),
    ],
)
def test_the_reference_has_what_docstrings_say(site: Path, page: str, name: str) -> None:
    text = (site / "api" / f"{page}.html").read_text()
    assert re.search(rf'id="volatility3_btf\.[\w.]*{name}"', text)
    assert "Parameters" in text


def test_the_index_has_every_page_once() -> None:
    sections = [pages for section in navigation(INDEX)[1:] for pages in section.values()]
    listed = [path for pages in sections for page in pages for path in page.values()]
    there = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"index.md"}
    generated = {path for path in listed if path.startswith("notebooks/")}
    assert sorted(listed) == sorted(there | generated)


def test_sections_are_headings_and_pages_their_rows() -> None:
    index = "# A\n\n## Start\n\n| page | for |\n|---|---|\n| [One](one.md) | you |\n\n"
    index += "## More\n\n| [Two](a/two.md) | me |\n"
    assert navigation(index) == [
        {"Home": "index.md"},
        {"Start": [{"One": "one.md"}]},
        {"More": [{"Two": "a/two.md"}]},
    ]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    slug = slugify(case="lower")
    return {slug(line.lstrip("# "), "-") for line in page.read_text().splitlines() if line.startswith("#")}


def test_links_from_the_readme_lead_to_headings() -> None:
    """The site's build looks at those between its own pages."""
    for path, anchor in re.findall(r"\]\((docs/[^)#]+)#([^)]+)\)", (CHECKOUT / "README.md").read_text()):
        assert anchor in headings(CHECKOUT / path), f"{path}#{anchor}"
