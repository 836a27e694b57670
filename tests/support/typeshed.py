# SPDX-License-Identifier: Apache-2.0
"""What Python's own modules have on one system and lack on another, by the type stubs that mypy brings along.

The stubs (typeshed) put what not every system has under conditions such as `if sys.platform != "win32":`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import mypy

STUBS = Path(mypy.__file__).parent / "typeshed" / "stdlib"


def lacking(system: str) -> dict[str, list[str] | None]:
    """What `system` lacks of what Linux has: module → names, None for a module that is not there at all.

    Args:
        system: as `sys.platform` has it.
    """
    found: dict[str, list[str] | None] = {}
    for path in sorted([*STUBS.glob("*.pyi"), *STUBS.glob("*/__init__.pyi")]):
        module = path.parent.name if path.stem == "__init__" else path.stem
        here, there = names_in(path, "linux"), names_in(path, system)
        if here and not there:
            found[module] = None
        elif missing := sorted(here - there):
            found[module] = missing
    return found


@lru_cache(maxsize=4096)
def names_in(path: Path, system: str) -> frozenset[str]:
    """The public names that a module has on a system, in the Python that runs this."""
    tree = _tree(path)
    return frozenset(name for name in _names(tree.body, system) if not name.startswith("_"))


@lru_cache(maxsize=1024)
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _names(body: Sequence[ast.stmt], system: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.If):
            yield from _names(node.body if _holds(node.test, system) else node.orelse, system)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(("_typeshed", "typing")):
            yield from (alias.asname for alias in node.names if alias.asname)


def _holds(test: ast.expr, system: str) -> bool:
    """Whether a condition of a stub holds."""
    if isinstance(test, ast.BoolOp):
        each = [_holds(value, system) for value in test.values]
        return all(each) if isinstance(test.op, ast.And) else any(each)
    if isinstance(test, ast.UnaryOp):
        return not _holds(test.operand, system)
    text = ast.unparse(test)
    if not text.startswith(("sys.platform", "sys.version_info")):
        return True
    known = {"platform": system, "version_info": sys.version_info, "__name__": "sys"}
    return bool(eval(text, {"sys": type("Sys", (), known)}))
