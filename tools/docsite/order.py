# SPDX-License-Identifier: Apache-2.0
"""The order of the site's pages: that of docs/index.md, whose headings are the sections."""

from __future__ import annotations

import re
from typing import TypeAlias

NOTEBOOK = re.compile(r"\(\.\./(notebooks/[\w-]+)\.ipynb\)")
"""A link from a page to a notebook in the repository, which is a page of the site."""

Section: TypeAlias = dict[str, list[dict[str, str]]]
"""A heading, and the titles and paths of the pages under it."""

_HEADING = re.compile(r"^## (.+)$")
_ROW = re.compile(r"^\| \[([^\]]+)\]\(([^)#]+)\)")


def navigation(index: str) -> list[dict[str, str] | Section]:
    """The navigation that an index page describes.

    Args:
        index: its Markdown; under each heading of the second level a table, whose rows start with a link.

    Returns:
        What MkDocs takes as `nav`: the index itself, then a section for each heading.
    """
    sections: list[dict[str, str] | Section] = [{"Home": "index.md"}]
    pages: list[dict[str, str]] = []
    for line in NOTEBOOK.sub(r"(\1.md)", index).splitlines():
        if heading := _HEADING.match(line):
            pages = []
            sections.append({heading[1]: pages})
        elif row := _ROW.match(line):
            pages.append({row[1]: row[2]})
    return sections
