# SPDX-License-Identifier: Apache-2.0
"""What somebody may have meant by a name that no type, or no function, has."""

import difflib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from ..composites import Composite
from ..format.errors import BtfError
from ..format.kinds import Kind
from ..spelling import printable
from ..type_chains import DEEPEST
from ..type_space import Reference
from .search import find_types
from .table_rows import type_text

if TYPE_CHECKING:
    from ..types import Types

MOST_COMPARED: Final = 2048
"""Names that are compared letter by letter; those with the same first letters come first."""
LONGEST: Final = 64
"""Letters of a name for which near ones are looked for, and of those."""
MOST_SHOWN: Final = 3
_ALIKE: Final = 0.75
_GLOB: Final = frozenset("*?[")
_STEPS: Final = re.compile(r"\.|->")


def hint(types: "Types", name: str, kinds: Iterable[Kind]) -> str:
    """A sentence about a name for which nothing of some kinds was found; empty where nothing comes to mind.

    Args:
        types: the blob.
        name: what was asked for.
        kinds: the kinds that were meant.
    """
    wanted = tuple(kinds)
    if set(name) & _GLOB:
        return ""
    found = _list(name) or _other_kind(types, name, wanted)
    return found or _member(types, name) or _near(types, name, wanted)


def _list(name: str) -> str:
    if "," not in name:
        return ""
    return f"several names stand side by side, with spaces: {' '.join(filter(None, name.split(',')))}"


def _other_kind(types: "Types", name: str, wanted: tuple[Kind, ...]) -> str:
    """What else has this name."""
    kinds = {found.kind for found in find_types(types, name)} - {*wanted}
    if Kind.FUNC in kinds:
        return f"there is a function of this name: --functions --type {name}"
    if Kind.VAR in kinds:
        return "there is a variable of this name"
    if kinds:
        return "there is a type of this name: leave --functions out"
    return ""


def _member(types: "Types", name: str) -> str:
    """The member that `a.b` or `a->b.c` is, with its type and place."""
    first, *path = _STEPS.split(name)
    if not path:
        return ""
    try:
        owner = next((found for found in find_types(types, first) if _body(found) is not None), None)
        for step in path[:-1]:
            body = _body(owner)
            owner = None if body is None else body[step].type
        body = _body(owner)
        if body is None:
            return ""
        member = body[path[-1]]
    except (BtfError, KeyError):
        return ""
    made_from = type_text(member.type) or "?"
    called = printable(body.name) or first
    return f"it is a member, {made_from}, at offset {member.offset} of what --type {called} shows"


def _body(found: object) -> Composite | None:
    """The struct or union that a type is, names, or points to."""
    for _ in range(DEEPEST):
        if isinstance(found, Composite):
            return found
        if not isinstance(found, Reference):
            return None
        found = found.type
    return None


def _near(types: "Types", name: str, wanted: tuple[Kind, ...]) -> str:
    """Names that are almost this one."""
    bare = name.split()[-1].casefold() if name.split() else ""
    if not 1 < len(bare) <= LONGEST:
        return ""
    known = {text for text in _names(types, wanted) if 0 < len(text) <= LONGEST}
    same = sorted(text for text in known if text.casefold() == bare)
    close = same or difflib.get_close_matches(bare, _likely(known, bare), MOST_SHOWN, _ALIKE)
    return f"similar names: {', '.join(map(printable, close[:MOST_SHOWN]))}" if close else ""


def _names(types: "Types", wanted: tuple[Kind, ...]) -> Iterable[str]:
    owner: Types | None = types
    while owner is not None:
        yield from owner.names(np.asarray(owner.ids_of_kind(*wanted)))
        owner = owner.base


def _likely(known: set[str], bare: str) -> list[str]:
    """Names of about the same length, those first that start alike."""
    close = [text for text in known if abs(len(text) - len(bare)) <= 1 + len(bare) // 4]
    close.sort(key=lambda text: (text[:2] != bare[:2], text[:1] != bare[:1], text))
    return close[:MOST_COMPARED]
