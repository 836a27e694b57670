# SPDX-License-Identifier: Apache-2.0
"""The notebooks: executed on real dumps, and as pages of the site.

notebooks.py FOLDER    execute every notebook into a folder, with its outputs
"""

from __future__ import annotations

import html
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from docsite.images import lay_out
from docsite.programs import PRELUDE, TOOLS, images_named

NOTEBOOKS = TOOLS.parent / "notebooks"
SECONDS = 300
"""That a cell may take, on a machine that does other things meanwhile."""


def paths() -> list[Path]:
    """The notebooks in the repository."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def title_of(notebook: Any) -> str:
    """What stands in its first heading."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return next(line[2:].strip() for line in text.splitlines() if line.startswith("# "))


def executed(path: Path) -> Any:
    """A notebook with its outputs, executed in a folder of its own with the images that it opens.

    Raises:
        CellExecutionError: a cell failed.
    """
    from dumpmaker import cache

    notebook = read(path)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = folder / "work"
        work.mkdir()
        lay_out(work, images_named("\n".join(cell.source for cell in notebook.cells)))
        startup = folder / "ipython" / "profile_default" / "startup"
        startup.mkdir(parents=True)
        (startup / "00-plugins.py").write_text(PRELUDE)
        environment = {**os.environ, "BTF_DUMPS": str(cache.root()), "XDG_CACHE_HOME": f"{name}/cache"}
        environment |= {"IPYTHONDIR": f"{name}/ipython", "PYTHONPATH": str(TOOLS.parent)}
        environment |= {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_RUNTIME_DIR": f"{name}/jupyter"}
        resources = {"metadata": {"path": str(work)}}
        client = NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=resources)
        client.execute(env=environment)
    return notebook


def as_page(notebook: Any) -> str:
    """A notebook as Markdown, with the outputs that it has."""
    pieces = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            pieces.append(cell.source.replace(".ipynb)", ".md)"))
        elif cell.cell_type == "code":
            pieces.append(f"```python\n{cell.source}\n```")
            pieces += [shown for output in cell.outputs if (shown := _shown(output))]
    return "\n\n".join(pieces) + "\n"


def _shown(output: Any) -> str:
    """An output as HTML; progress bars, which go to stderr, are left out."""
    if output.output_type == "stream":
        return _preformatted(output.text) if output.name == "stdout" else ""
    data = output.get("data", {})
    if any("widget" in kind for kind in data):  # a bar's last state
        return ""
    if "text/html" in data:
        lines = (line for line in data["text/html"].splitlines() if line.strip())  # blank ones would end it
        return '<div class="output">\n' + "\n".join(lines) + "\n</div>"
    return _preformatted(data["text/plain"]) if "text/plain" in data else ""


def _preformatted(text: str) -> str:
    escaped = html.escape(text.rstrip()).replace("\n\n", "\n&#8203;\n")
    return f'<div class="output"><pre>{escaped}</pre></div>'


def main(folder: Path) -> None:
    """Execute every notebook into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths():
        print(path.stem, flush=True)
        nbformat.write(executed(path), folder / path.name)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
