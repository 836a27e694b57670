# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What linux.btftypes shows: types, members, functions and differences, as rows and as C."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import takewhile
from typing import Any, TypeVar

from volatility3.framework import exceptions, interfaces, renderers

from ...btf import BtfError, Kind, Type, Types
from ...btf.budget import MOST_IN_LISTS, ROW, Budget
from ...btf.c.header import c_header
from ...btf.spelling import printable
from ...btf.views.difference import Change, MemberChange, Subject, diff, subjects
from ...btf.views.hints import hint
from ...btf.views.search import find_members, find_types
from ...btf.views.table_rows import Row, rows_of
from ...btf.views.text import prototype, render
from ...btf.views.type_pattern import Pattern
from ...isf.document import safe_name
from ...kernel.loaded.choose_types import ChosenTypes
from ...sources.errors import SourceError
from ...sources.types_in_file import read_types
from ..layers.image_layers import open_image
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
        self._budget = Budget()

    def make(self) -> renderers.TreeGrid:
        """One row a member; for people, C."""
        if self.config.get("header", False):
            return renderers.TreeGrid(HEADER_COLUMNS, self._header(self._chosen))
        names = self.config.get("type") or []
        if self.config.get("diff") is not None:
            self._budget = Budget(MOST_IN_LISTS)
            return self._grid(DIFF_COLUMNS, self._changes(names), _change_rows, _change_text)
        if members := self.config.get("members"):
            return self._grid(COLUMNS, self._members(members), lambda row: [_cells(row)], _member_text)
        if self.config.get("functions", False):
            self._budget = Budget(MOST_IN_LISTS)
            found = self._found(names, (Kind.FUNC,), "function")
            return self._grid(COLUMNS, found, self._function_rows, self._function_text)
        return self._grid(COLUMNS, self._found(names, TYPES, "type"), self._type_rows, self._type_text)

    def _grid(
        self,
        columns: list[tuple[str, Any]],
        items: Iterable[Item],
        rows: Callable[[Item], Iterable[Cells]],
        text: Callable[[Item], Iterable[str]],
    ) -> TextGrid:
        """A table of items and a text of the same."""
        shown = self._shown(items)
        cells = ((0, row) for item in shown for row in self._rows(rows(item)))
        return TextGrid(columns, cells, (line for item in shown for line in text(item)))

    def _shown(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items; one line where there were more than can be shown."""
        yield from items
        if self._budget.is_used_up:
            vollog.warning("There is more than can be shown at once, so part of it is left out")

    def _rows(self, rows: Iterable[Cells]) -> Iterator[Cells]:
        """The rows, as far as a table of them can be shown."""
        return takewhile(lambda _: self._budget.take(ROW), rows)

    def _found(self, names: list[str], kinds: tuple[Kind, ...], what: str) -> Iterator[Type]:
        """The types that are asked for: a module's own before the kernel's, all of them without names."""
        types = self._chosen.types

        def find(name: str) -> list[Type]:
            every = [found for found in find_types(types, name) if found.kind in kinds]
            return [found for found in every if found.id >= types.first_id] or every

        if names:
            return self._budget.within(_once(self._told(names, find, what, kinds)))
        return self._budget.within(found for found in types.of_kind(*kinds) if found.name)

    def _told(
        self,
        names: Iterable[str],
        find: Callable[[str], Iterable[Item]],
        what: str,
        kinds: tuple[Kind, ...] = (),
    ) -> Iterator[Item]:
        """What is found for each name; one line about a name for which there is nothing.

        Args:
            names: what is asked for.
            find: finds what is called so.
            what: a word for it.
            kinds: which kinds of types are meant, for a hint where there is none.
        """
        for name in names:
            count = 0
            for item in find(name):
                count += 1
                yield item
            if not count and not self._budget.is_used_up:
                meant = hint(self._chosen.types, name, kinds) if kinds else ""
                vollog.warning("No %s %s in this BTF%s", what, name, f" ({meant})" if meant else "")

    def _members(self, names: list[str]) -> Iterator[Row]:
        """The members that are asked for."""
        return self._told(names, lambda name: find_members(self._chosen.types, name, self._budget), "member")

    def _type_rows(self, found: Type) -> Iterator[Cells]:
        return map(_cells, rows_of(found, self._budget))

    def _type_text(self, found: Type) -> Iterator[str]:
        yield render(found, self._budget)
        yield ""

    def _function_rows(self, function: Type) -> Iterator[Cells]:
        try:
            text = prototype(function, self._budget)
        except BtfError as error:
            vollog.info("%s", error)
            text = None
        yield _cells(Row(printable(function.name), "func", None, member_type=text))

    def _function_text(self, function: Type) -> Iterator[str]:
        yield render(function, self._budget)

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

    def _changes(self, names: list[str]) -> Iterator[Change]:
        """What is laid out differently in the image than in the other file."""
        types, other = self._chosen.types, self._other_types()
        asked = [Pattern.parse(name) for name in names]
        compared = subjects(types).keys() | subjects(other).keys()
        for name, pattern in zip(names, asked, strict=True):
            if not any(pattern.means(*subject) for subject in compared):
                vollog.warning("No struct or union %s in either BTF", name)

        def is_asked(subject: Subject) -> bool:
            return not asked or any(pattern.means(*subject) for pattern in asked)

        return diff(other, types, is_asked, self._budget)

    def _other_types(self) -> Types:
        """The types in the file to compare with, of a kernel or of a module as the image's are."""
        path, chosen = self.config["diff"], self._chosen
        opener = partial(open_image, self._plugin.context, progress=self._progress_callback)
        try:
            other = read_types(path, chosen.module, chosen.kernel.blob.types, self._progress_callback, opener)
            _check_alike(path, other, chosen)
        except SourceError as error:
            vollog.error("Nothing to compare with: %s", error)
            raise exceptions.VolatilityException(str(error)) from error
        return other


def _check_alike(path: str, other: Types, chosen: ChosenTypes) -> None:
    """SourceError where one side is a kernel and the other a module: nothing of them is the same."""
    if chosen.module is None and other.base is not None:
        raise SourceError(f"{path} has a module's types, not a kernel's: say with --module which is meant")
    if chosen.module is not None and other.base is None:
        raise SourceError(f"{path} has a kernel's types, not those of the module {chosen.module}")


def _once(found: Iterable[Type]) -> Iterator[Type]:
    """Each type once, however many names it was found by."""
    seen = set()
    for one in found:
        if one.id not in seen:
            seen.add(one.id)
            yield one


def _or_absent(value: Any) -> Any:
    return renderers.NotAvailableValue() if value is None else value


def _cells(row: Row) -> Cells:
    """A row; of an enumerator the value stands where others have their type."""
    made_from = row.member_type if row.value is None else f"= {row.value}"
    cells = (row.type, row.kind, row.size, row.member, row.offset, row.bits, made_from)
    return tuple(map(_or_absent, cells))


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
