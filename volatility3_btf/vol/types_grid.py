# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What linux.btftypes shows: types, members, functions and differences, as rows and as C."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from volatility3.framework import exceptions, interfaces, renderers

from ..btf import BtfError, Kind, Type, Types
from ..btf.c_header import c_header
from ..btf.diff import Change, MemberChange, diff
from ..btf.render import prototype, render
from ..btf.rows import Row, rows_of
from ..btf.search import find_members, find_types
from ..isf.document import safe_name
from ..kernel.choice import ChosenTypes
from ..sources import SourceError, read_types
from .output import save
from .text import TextGrid

vollog = logging.getLogger("volatility3.plugins.linux.btftypes")  # what it says is the plugin's word

Item = TypeVar("Item")
Cells = tuple[Any, ...]

TYPES = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.TYPEDEF, Kind.INT, Kind.FLOAT, Kind.FWD)
"""What has a name and is a type; functions, variables and sections are none."""

COLUMNS: list[tuple[str, Any]] = [("Type", str), ("Kind", str), ("Size", int), ("Member", str)]
COLUMNS += [("Offset", int), ("Bits", str), ("Member type", str)]

DIFF_COLUMNS: list[tuple[str, Any]] = [("Type", str), ("Kind", str), ("Change", str), ("Old size", int)]
DIFF_COLUMNS += [("New size", int), ("Member", str), ("Old offset", int), ("New offset", int)]
DIFF_COLUMNS += [("Old bits", str), ("New bits", str), ("Old type", str), ("New type", str)]

HEADER_COLUMNS: list[tuple[str, Any]] = [("Release", str), ("Types", int), ("Inexpressible", int)]
HEADER_COLUMNS += [("File output", str)]


class TypesGrid:
    """The grid of one run of the plugin.

    Args:
        plugin: the plugin, with the user's options, and which writes a header.
        chosen: the types that the user asks about.
        progress: Volatility's progress callback.
    """

    def __init__(
        self, plugin: interfaces.plugins.PluginInterface, chosen: ChosenTypes, progress: Any = None
    ) -> None:
        self.config = plugin.config
        self._plugin = plugin
        self._progress_callback = progress
        self._chosen = chosen

    def make(self) -> renderers.TreeGrid:
        """One row a member; for people, C."""
        chosen = self._chosen
        if self.config.get("header", False):
            return renderers.TreeGrid(HEADER_COLUMNS, self._header(chosen))
        types, names = chosen.types, self.config.get("type") or []
        if self.config.get("diff") is not None:
            changes = self._changes(chosen, names)
            return _grid(DIFF_COLUMNS, changes, _change_rows, _change_text)
        if members := self.config.get("members"):
            rows = _told(members, lambda name: find_members(types, name), "member")
            return _grid(COLUMNS, rows, lambda row: [_cells(row)], _member_text)
        if self.config.get("functions", False):
            found = _found(types, names, (Kind.FUNC,), "function")
            return _grid(COLUMNS, found, _function_rows, _function_text)
        found = _found(types, names, TYPES, "type")
        return _grid(COLUMNS, found, lambda found: map(_cells, rows_of(found)), _type_text)

    def _header(self, chosen: ChosenTypes) -> Iterator[tuple[int, Cells]]:
        """Write the header; one row about it."""
        release = chosen.kernel.release or "unknown"
        subject = f"module {chosen.module} of " if chosen.module else ""
        try:
            header = c_header(chosen.types, f"Types of {subject}Linux {release}")
        except BtfError as error:
            vollog.error("No header can be written: %s", error)
            raise exceptions.VolatilityException(str(error)) from error
        for name, cause in header.inexpressible.items():
            vollog.info("%s is written as bytes: %s", name, cause)
        stem = f"{safe_name(chosen.module or 'vmlinux')}-{safe_name(release)}"
        written = save(self._plugin, f"{stem}.h", header.text.encode())
        count = len(chosen.types) + (len(chosen.kernel.blob.types) if chosen.module else 0)
        yield 0, (release, count, len(header.inexpressible), written)

    def _changes(self, chosen: ChosenTypes, names: list[str]) -> Iterator[Change]:
        """What is laid out differently in the image than in the other file."""
        path, base = self.config["diff"], chosen.kernel.blob.types
        try:
            other = read_types(path, chosen.module, base, self._progress_callback)
        except SourceError as error:
            vollog.error("Nothing to compare with: %s", error)
            raise exceptions.VolatilityException(str(error)) from error
        changes = diff(other, chosen.types)
        return (change for change in changes if not names or any(_is_named(change, name) for name in names))


def _grid(
    columns: list[tuple[str, Any]],
    items: Iterable[Item],
    rows: Callable[[Item], Iterable[Cells]],
    text: Callable[[Item], Iterable[str]],
) -> TextGrid:
    """A table of items and a text of the same."""
    cells = ((0, row) for item in items for row in rows(item))
    return TextGrid(columns, cells, (line for item in items for line in text(item)))


def _found(types: Types, names: list[str], kinds: tuple[Kind, ...], what: str) -> Iterator[Type]:
    """The types that are asked for: a module's own before the kernel's, all of them without names."""
    if not names:
        return (found for found in types.of_kind(*kinds) if found.name)

    def find(name: str) -> list[Type]:
        every = [found for found in find_types(types, name) if found.kind in kinds]
        return [found for found in every if found.id >= types.first_id] or every

    return _told(names, find, what)


def _told(names: Iterable[str], find: Callable[[str], Iterable[Item]], what: str) -> Iterator[Item]:
    """What is found for each name; one line about a name for which there is nothing."""
    for name in names:
        count = 0
        for item in find(name):
            count += 1
            yield item
        if not count:
            vollog.warning("No %s %s in this BTF", what, name)


def _is_named(change: Change, pattern: str) -> bool:
    """Whether a changed struct or union is one of those that a pattern means."""
    tag, _, name = pattern.rpartition(" ")
    return fnmatch.fnmatchcase(change.name, name) and tag in ("", change.kind)


def _or_absent(value: Any) -> Any:
    return renderers.NotAvailableValue() if value is None else value


def _cells(row: Row) -> Cells:
    """A row; of an enumerator the value stands where others have their type."""
    made_from = row.member_type if row.value is None else f"= {row.value}"
    cells = (row.type, row.kind, row.size, row.member, row.offset, row.bits, made_from)
    return tuple(map(_or_absent, cells))


def _type_text(found: Type) -> Iterator[str]:
    yield render(found)
    yield ""


def _prototype(function: Type) -> str | None:
    """A function in C, or None if it is damaged."""
    try:
        return prototype(function)
    except BtfError as error:
        vollog.info("%s", error)
        return None


def _function_rows(function: Type) -> Iterator[Cells]:
    yield _cells(Row(next(rows_of(function)).type, "func", None, member_type=_prototype(function)))


def _function_text(function: Type) -> Iterator[str]:
    text = _prototype(function)
    yield f"{text};" if text else f"/* type {function.id} is damaged */"


def _member_text(row: Row) -> Iterator[str]:
    yield f"{row.kind} {row.type}: {_member(row)}"


def _member(row: Row) -> str:
    """A member with its type and place."""
    bits = f":{row.bits}" if row.bits else ""
    return f"{row.member}: {row.member_type or '?'} /* {row.offset}{bits} */"


def _change_rows(change: Change) -> Iterator[Cells]:
    for member in change.members or [MemberChange("", None, None)]:
        old, new = member.old, member.new
        pairs = [(old and getattr(old, name), new and getattr(new, name)) for name in _COMPARED]
        sizes = (change.old_size, change.new_size)
        cells = (change.name, change.kind, change.what, *sizes, member.member or None)
        yield tuple(map(_or_absent, (*cells, *(value for pair in pairs for value in pair))))


_COMPARED = ("offset", "bits", "member_type")


def _change_text(change: Change) -> Iterator[str]:
    sizes = [str(size) for size in (change.old_size, change.new_size) if size is not None]
    size = sizes[0] if len(set(sizes)) == 1 else " -> ".join(sizes)
    yield f"{change.what}: {change.kind} {change.name}, {size} bytes"
    for member in change.members:
        for sign, row in (("-", member.old), ("+", member.new)):
            if row is not None:
                yield f"    {sign} {_member(row)}"
