# SPDX-License-Identifier: Apache-2.0
"""Compare what was found in a damaged image with what the guest said of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.recover.mend import LOST_NAME, LOST_TYPE
from volatility3_btf.kernel import Kernel

Symbol = tuple[int, str, str]
Member = tuple[str, int, int, int, str]
"""Name, place and width in bits, kind and name of its type."""

Body = tuple[int, frozenset[Member]]

LINKED_AT = 0xFFFFFFFF81000000
"""Where x86-64's `_text` is linked (CONFIG_PHYSICAL_START of Debian's kernels)."""


@dataclass(frozen=True)
class Verdict:
    """What came of one try.

    Attributes:
        word: right (all of it is as the guest says), partial (a part, and said so), failed (nothing usable,
            and said so), wrong (something differs from the truth, and the state says that all is well),
            unseen (likewise, where single bits were turned over and what they made still fits).
        state: the kernel's state.
        types: share of the structs and unions with a name that were found as they were.
        symbols: share of the symbols found.
        false: types and symbols that are not as they were, in what is called partial.
    """

    word: str
    state: str = "nothing found"
    types: float = 0.0
    symbols: float = 0.0
    false: int = 0


class Truth:
    """What the guest said of its kernel.

    Args:
        kallsyms: its /proc/kallsyms.
        btf: its /sys/kernel/btf/vmlinux.
    """

    def __init__(self, kallsyms: Path, btf: Path) -> None:
        self.blob = btf.read_bytes()
        with kallsyms.open() as lines:
            rows = [line.split() for line in lines if "[" not in line]
        self.symbols = frozenset((int(address, 16), letter, name) for address, letter, name in rows)
        text = min(address for address, _, name in self.symbols if name == "_text")
        self.kaslr_shift = text - LINKED_AT

    @cached_property
    def bodies(self) -> dict[str, list[Body]]:
        """The structs and unions of each name."""
        return bodies_of(Types(self.blob))


def bodies_of(types: Types) -> dict[str, list[Body]]:
    """The structs and unions of each name: size, and members with place, width and type."""
    columns = types.member_columns
    names = types.strings.many(columns.name_off)
    kinds = types.kinds_at(columns.type_id)
    made_from = types.names(np.where(kinds == Kind.VOID, 1, columns.type_id))
    made_from = ["" if kind == Kind.VOID else name for kind, name in zip(kinds, made_from, strict=True)]
    numbers = (columns.bit_offset.tolist(), columns.bit_size.tolist(), kinds.tolist())
    places = list(zip(names, *numbers, made_from, strict=True))
    found: dict[str, list[Body]] = {}
    for composite in types.of_kind(Kind.STRUCT, Kind.UNION):
        if composite.name:
            body = frozenset(places[columns.span(composite.id)])
            found.setdefault(composite.name, []).append((types.word_of(composite.id), body))
    return found


def judge(kernels: Sequence[Kernel], truth: Truth) -> Verdict:
    """The verdict on the kernel with the best evidence."""
    if not kernels:
        return Verdict("failed")
    kernel = kernels[0]
    found = frozenset(kernel.symbols or ())
    false_symbols = len(found - truth.symbols)
    missing_symbols = len(truth.symbols - found)
    same = kernel.blob.types.data == truth.blob or _is_same_content(kernel.blob.types, truth)
    false_types, share = (0, 1.0) if same else compare(bodies_of(kernel.blob.types), truth.bodies)
    sound = kernel.state in ("exact", "unchecked")
    false = false_symbols + false_types
    moved = sound and kernel.kaslr_shift != truth.kaslr_shift
    if same and not false and not missing_symbols and not moved:
        word = "right"
    elif sound:
        word = "wrong"
    else:
        word = "partial" if share or found else "failed"
    return Verdict(word, kernel.state, share, 1 - missing_symbols / len(truth.symbols), false)


def _is_same_content(types: Types, truth: Truth) -> bool:
    """Whether a mended blob holds all that the true one does: it may have strings of its own behind."""
    own = types.header
    true = Types(truth.blob).header
    start, begin = own.type_start, true.type_start
    return (
        own.type_len == true.type_len
        and types.data[start : start + own.type_len] == truth.blob[begin : begin + true.type_len]
        and types.strings.section[: true.str_len]
        == truth.blob[true.str_start : true.str_start + true.str_len]
    )


def compare(found: dict[str, list[Body]], true: dict[str, list[Body]]) -> tuple[int, float]:
    """How many bodies are not even parts of true ones, and the share of the true ones that were found."""
    false = whole = 0
    for name, bodies in found.items():
        if name.startswith(LOST_NAME):
            continue
        for body in bodies:
            if body in true.get(name, ()):
                whole += 1
            elif not any(_is_part(body, other) for other in true.get(name, ())):
                false += 1
    return false, whole / sum(map(len, true.values()))


def _is_part(body: Body, true: Body) -> bool:
    """Whether all that is said of a body is true."""
    if body[0] != true[0]:
        return False
    known: dict[tuple[int, int], list[Member]] = {}
    for member in true[1]:
        known.setdefault(member[1:3], []).append(member)
    return all(any(_is_said_of(member, other) for other in known.get(member[1:3], ())) for member in body[1])


def _is_said_of(member: Member, true: Member) -> bool:
    """Whether what is said of a member is true: a lost name or type has a placeholder."""
    name, *_, kind, made_from = member
    same_type = (kind, made_from) == true[3:] or (kind, made_from) == (Kind.TYPE_TAG, LOST_TYPE)
    lost_type = kind == true[3] and made_from.startswith(LOST_NAME)
    same_name = name == true[0] or name.startswith(LOST_NAME)
    return same_name and (same_type or lost_type)
