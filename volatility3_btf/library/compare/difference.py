# SPDX-License-Identifier: Apache-2.0
"""What differs between two kernels: how structures are laid out, and which symbols there are."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...btf.budget import MOST_IN_LISTS, Budget
from ...btf.spelling import counted, printable
from ...btf.views.difference import Change, MemberChange, Subject, diff
from ...btf.views.table_rows import Row
from .sides import Side

_CHANGED = {"offset": "offset", "bit_position": "bits", "bit_size": "bits", "size": "size", "type": "type"}


@dataclass(frozen=True)
class SymbolChanges:
    """Which symbols differ.

    Attributes:
        added, removed: names that only one of the kernels has, in order.
        moved: names that both have, at different link-time addresses.
        same: how many names both have at the same one.
    """

    added: Sequence[str]
    removed: Sequence[str]
    moved: Sequence[str]
    same: int

    @property
    def is_same_build(self) -> bool:
        """Whether so many symbols lie where they did that those that do not say something."""
        return self.same > len(self.moved)


def symbol_changes(old: Mapping[str, int], new: Mapping[str, int]) -> SymbolChanges:
    """Compare the addresses of symbols by name."""
    both = old.keys() & new.keys()
    moved = sorted(name for name in both if old[name] != new[name])
    return SymbolChanges(
        sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys()), moved, len(both) - len(moved)
    )


def type_lines(old: Side, new: Side, pattern: str = "*") -> Iterator[str]:
    """Lines on each struct and union that differs, in order of name; the last says if not all were compared.

    Args:
        old: one kernel.
        new: the other.
        pattern: of their names, with `*` and `?`.
    """
    budget = Budget(MOST_IN_LISTS)

    def wanted(subject: Subject) -> bool:
        return fnmatch.fnmatchcase(subject.name, pattern)

    for change in diff(old.types, new.types, wanted, budget):
        yield from _lines(change)
    if budget.is_used_up:
        yield "not all structures were compared: they stand for more than can be shown"


def symbol_lines(old: Side, new: Side, pattern: str = "*") -> Iterator[str]:
    """Lines on each symbol that only one has, and on those that have moved within one build."""
    changes = symbol_changes(old.addresses, new.addresses)
    for sign, names, where in (("-", changes.removed, old), ("+", changes.added, new)):
        for name in fnmatch.filter(names, pattern):
            yield f"{sign} {printable(name)} {where.addresses[name]:#x}"
    if changes.is_same_build:
        for name in fnmatch.filter(changes.moved, pattern):
            yield f"~ {printable(name)} {old.addresses[name]:#x} -> {new.addresses[name]:#x}"
    elif changes.moved:
        yield f"{counted(len(changes.moved), 'symbol')} in both lie at other addresses: another build"


def _lines(change: Change) -> Iterator[str]:
    name = f"{change.kind} {change.name}"
    if change.what == "added":
        yield f"+ {name} {{ {change.new_size} bytes }}"
    elif change.what == "removed":
        yield f"- {name} {{ {change.old_size} bytes }}"
    else:
        sizes = f"{change.old_size} bytes" + f" -> {change.new_size}" * (change.old_size != change.new_size)
        yield f"~ {name} {{ {sizes} }}"
        yield from (f"    {_member(member)}" for member in change.members)


def _member(member: MemberChange) -> str:
    if member.old is None or member.new is None:
        row = member.old or member.new
        assert row is not None
        return f"{'+' if member.old is None else '-'} {row.member}  {_place(row)}  {row.member_type}"
    parts = [f"~ {member.member}  {_place(member.old)} -> {_place(member.new)}"]
    if "type" in member.differs:
        parts.append(f"{member.old.member_type} -> {member.new.member_type}")
    others = {_CHANGED.get(what, what) for what in member.differs} - {"offset", "bits", "type"}
    return "  ".join([*parts, *(f"({what} of its type)" for what in sorted(others))])


def _place(row: Row) -> str:
    return f"{row.offset}" + (f" bits {row.bits}" if row.bits else "")
