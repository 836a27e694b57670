# SPDX-License-Identifier: Apache-2.0
"""What MkDocs calls when it builds the site (mkdocs.yml, `hooks`).

The notebooks are pages without outputs, unless $BTF_DOCS_NOTEBOOKS names a folder in which they were
executed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS.parent), str(TOOLS)]

from docsite import notebooks  # noqa: E402
from docsite.order import NOTEBOOK, navigation  # noqa: E402
from docsite.programs import Drawn, draw, has_pictures, with_pictures  # noqa: E402

PICTURES = "made"
"""The folder of pictures, beside the pages."""

_drawn: dict[str, list[Drawn]] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Order the pages as docs/index.md does."""
    config.nav = navigation((Path(config.docs_dir) / "index.md").read_text())
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the pictures of pages, and pages of the notebooks."""
    folder = os.environ.get("BTF_DOCS_NOTEBOOKS")
    for path in notebooks.paths():
        text = notebooks.as_page(notebooks.read(Path(folder) / path.name if folder else path))
        files.append(File.generated(config, f"notebooks/{path.stem}.md", content=text))
    for page in sorted(Path(config.docs_dir).glob("*.md")):
        if has_pictures(page.read_text()):
            _drawn[page.name] = draw(page)
            for each in _drawn[page.name]:
                files.append(File.generated(config, f"{PICTURES}/{each.name}.svg", content=each.svg))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put a page's pictures where they belong, and have links to notebooks lead to their pages."""
    markdown = NOTEBOOK.sub(r"(\1.md)", markdown)
    return with_pictures(markdown, _drawn.get(page.file.src_uri, []), PICTURES)
