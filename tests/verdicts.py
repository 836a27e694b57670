# SPDX-License-Identifier: Apache-2.0
"""Compare what was found in a damaged image with what the guest said of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.mending import LOST_NAME
from volatility3_btf.kernel import Kernel

Symbol = tuple[int, str, str]
Body = tuple[int, frozenset[tuple[str, int, int]]]


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

    @cached_property
    def bodies(self) -> dict[str, list[Body]]:
        """The structs and unions of each name."""
        return bodies_of(Types(self.blob))


def bodies_of(types: Types) -> dict[str, list[Body]]:
    """The structs and unions of each name: size, and members with place and width in bits."""
    columns = types.member_columns
    names = types.strings.many(columns.name_off)
    places = list(zip(names, columns.bit_offset.tolist(), columns.bit_size.tolist(), strict=True))
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
    if same and not false and not missing_symbols:
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
    places = {member[1:] for member in true[1]}
    return body[0] == true[0] and all(
        member in true[1] or (member[0].startswith(LOST_NAME) and member[1:] in places) for member in body[1]
    )
