# SPDX-License-Identifier: Apache-2.0
"""The Python blocks of a page: one program, which makes the page's pictures.

    programs.py PAGE FOLDER    run a page's blocks and write its pictures into a folder

A page says where a picture stands: `<!-- picture: NAME -->` behind the block that makes `picture`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```$|^<!-- picture: ([\w-]+) -->$", re.MULTILINE | re.DOTALL)
_IMAGE = re.compile(r'"((?:memory|hidden|before|after)\.(?:raw|elf)|fleet)\b')


PRELUDE = f"""
import importlib.metadata
try:
    importlib.metadata.distribution("volatility3-btf")
except importlib.metadata.PackageNotFoundError:
    from volatility3_btf.notebook.running import names
    names.add_folders([{str(TOOLS.parent / "plugins")!r}])
"""
"""What a program needs before it where the package is not installed: our plugins."""


@dataclass(frozen=True)
class Drawn:
    """A picture of a page.

    Attributes:
        name: its name.
        svg: what it shows.
        description: the same in words.
    """

    name: str
    svg: str
    description: str


def images_named(text: str) -> set[str]:
    """The images that a program opens (`docsite.images`)."""
    return set(_IMAGE.findall(text))


def has_pictures(text: str) -> bool:
    """Whether a page has places for pictures."""
    return any(name for _, name in _BLOCK.findall(text))


def with_pictures(text: str, drawn: list[Drawn], folder: str) -> str:
    """A page with its pictures in their places.

    Args:
        text: the page's Markdown.
        drawn: its pictures.
        folder: where they are, as the page sees it.
    """
    for each in drawn:
        alt = each.description.replace("[", "(").replace("]", ")")
        text = text.replace(f"<!-- picture: {each.name} -->", f"![{alt}]({folder}/{each.name}.svg)")
    return text


def draw(page: Path) -> list[Drawn]:
    """Run a page's program in a process and a folder of its own.

    Raises:
        RuntimeError: it failed; the text is what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TOOLS.parent), str(TOOLS)])}
        environment |= {"XDG_CACHE_HOME": f"{folder}/cache", "BTF_DUMPS": _dumps()}
        command = [sys.executable, "-m", "docsite.programs", str(page), folder]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{page.name}: {done.stderr}")
        told = json.loads((Path(folder) / "pictures.json").read_text())
    return [Drawn(**each) for each in told]


def _dumps() -> str:
    """Where dumps are kept, whatever becomes of the folder for caches."""
    from dumpmaker import cache

    return str(cache.root())


def main(page: Path, folder: Path) -> None:
    """Run the blocks of a page in a folder, and write its pictures there."""
    from docsite.images import lay_out

    text = page.read_text()
    lay_out(folder, images_named(text))
    os.chdir(folder)
    names: dict[str, object] = {}
    exec(PRELUDE, {})
    drawn = []
    for block, picture in _BLOCK.findall(text):
        if block:
            exec(compile(block, page.name, "exec"), names)
        else:
            made = names.pop("picture")
            drawn.append({"name": picture, "svg": made.svg(), "description": made.description})  # type: ignore[attr-defined]
    (folder / "pictures.json").write_text(json.dumps(drawn))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
