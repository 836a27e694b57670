# SPDX-License-Identifier: Apache-2.0
"""Distilled base BTF: what a module that was built apart from its kernel needs of the kernel's types.

Such a module (6.11 and newer) brings a section `.BTF.base`, on which its split BTF stands until the kernel
has tied it to its own types. It has numbers, declarations, and of structs, unions and enumerations the names
and sizes only (libbpf's btf__distill_base). What the kernel does with it when it loads the module
(btf__relocate) is done here too: each type of the base is replaced by the kernel's of its name.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .format.errors import BtfError
from .format.header import Header
from .format.kinds import COMPOSITES, ENUMS, MODIFIERS, Kind
from .format.records import Words
from .format.references import Places, id_places, name_places
from .spelling import printable
from .type_chains import end_of

if TYPE_CHECKING:
    from .types import Types

_NAMED: Final = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64)
_WITHOUT_PARTS: Final = (*_NAMED, Kind.FWD)
_PLAIN: Final = (Kind.INT, Kind.FLOAT)
_INSIDE: Final = MODIFIERS | {Kind.ARRAY}
"""Kinds through which a member that is no pointer holds a struct."""

_INT_ENCODING: Final = 0x0F000000
"""Of the word behind an INT: signed, char, bool (BTF_INT_ENCODING)."""

_SHOWN: Final = 4
"""Types that a message names."""

_LONGEST_NAME: Final = 64

MOST_DISTILLED: Final = 1 << 14
"""Types of a base; one of a large module has some hundred."""

MOST_NAMESAKES: Final = 64
"""The kernel's types of one name that are looked at; it has ten of one at most."""

_Named = Callable[[str], list[int]]
"""The kernel's types of a name."""


def is_distilled(types: "Types") -> bool:
    """Whether a blob that stands by itself is a module's distilled base."""
    columns = types.columns
    bare = columns.rows_of(*_WITHOUT_PARTS)
    if types.base is not None or not len(bare) or len(bare) + len(columns.rows_of(*_PLAIN)) < len(columns):
        return False
    return not np.any(columns.vlen[bare]) and bool(np.all(columns.name_off[bare]))


def relocated(module: "Types", kernel: "Types") -> bytes:
    """A module's BTF with the kernel's types in place of those of the distilled base that it stands on.

    Numbers and enumerations must have the kernel's size, and so must structs and unions that a member of the
    module's holds by value, and those whose name the kernel has several times. Otherwise the name is enough.

    Args:
        module: its types, whose base is the distilled one.
        kernel: the kernel's types.

    Returns:
        The bytes that the kernel makes of it: split BTF that stands on the kernel's.

    Raises:
        BtfError: types of the base are not the kernel's, or could be several of them, and which; or names are
            not those of types. The kernel refuses such BTF too.
    """
    base = module.base
    if base is None or base.base is not None or kernel.base is not None:
        raise BtfError("BTF that stands on no distilled base")
    ids = _kernel_ids(module, base, kernel)
    own = module.end_id - base.end_id
    id_map = np.concatenate([ids, kernel.end_id + np.arange(own, dtype=np.int64)])
    names = _name_map(base, kernel, ids)
    columns = module.columns
    words = columns.words.copy()
    _rewrite(words, id_places(columns), id_map.astype(np.uint32))
    for _, places in name_places(columns):
        words[places] = _renamed(words[places], names, base.strings.end, kernel.strings.end)
    return _with_words(module.data, module.header, words)


def _kernel_ids(module: "Types", base: "Types", kernel: "Types") -> NDArray[np.int64]:
    """For each id of the distilled base that of the kernel's type. Raises BtfError."""
    if len(base) > MOST_DISTILLED:
        raise BtfError(f"a distilled base of more than {MOST_DISTILLED} types")
    held = _held_by_value(module, base)
    named = cache(lambda name: kernel.ids_named(name)[:MOST_NAMESAKES])
    ids = np.zeros(base.end_id, np.int64)
    missing: list[str] = []
    several: list[str] = []
    for type_id in range(base.first_id, base.end_id):
        found = list(_candidates(base, type_id, kernel, named, type_id in held))
        if len(found) == 1:
            ids[type_id] = found[0]
        else:
            (several if found else missing).append(_spelt(base, type_id))
    if missing:
        raise BtfError(f"the kernel has no {_listed(missing)}")
    if several:
        raise BtfError(f"the kernel has more than one {_listed(several)}")
    return ids


def _held_by_value(module: "Types", base: "Types") -> set[int]:
    """The structs and unions of the base that members of the module's hold, in arrays too."""
    columns = module.columns
    _, elements = columns.elements(columns.rows_of(*COMPOSITES), 3)
    members = np.unique(columns.words[elements + 1]).tolist()
    ends = {end_of(module, member, _INSIDE) for member in members}
    return {end for end in ends if 0 < end < base.end_id and base.kind_of(end) in COMPOSITES}


def _candidates(base: "Types", type_id: int, kernel: "Types", named: _Named, is_held: bool) -> Iterator[int]:
    """The kernel's types that one of the base may stand for. Raises BtfError: it may be none of a base."""
    kind, name = base.kind_of(type_id), base.name_of(type_id)
    if not name or kind not in (*_WITHOUT_PARTS, *_PLAIN):
        raise BtfError(f"a distilled base with a {kind.name} that has no place there")
    kinds = _stands_for(kind, base.kind_flag_of(type_id))
    by_size = kind is not Kind.FWD
    if kind in COMPOSITES:
        by_size = is_held or sum(kernel.kind_of(found) in COMPOSITES for found in named(name)) > 1
    for found in named(name):
        other = kernel.kind_of(found)
        if other not in kinds or (by_size and kernel.word_of(found) != base.word_of(type_id)):
            continue
        if other is Kind.FWD and kernel.kind_flag_of(found) != base.kind_flag_of(type_id):
            continue
        if kind is not Kind.INT or _encoding(kernel, found) == _encoding(base, type_id):
            yield found


def _stands_for(kind: Kind, is_union: bool) -> tuple[Kind, ...]:
    """The kinds of the kernel's types that one of a base may stand for."""
    if kind is Kind.FWD:
        return Kind.FWD, Kind.UNION if is_union else Kind.STRUCT
    return ENUMS if kind in ENUMS else (kind,)


def _encoding(types: "Types", type_id: int) -> int:
    return int(types.extra_words_at(np.array([type_id], np.uint32))[0]) & _INT_ENCODING


def _spelt(base: "Types", type_id: int) -> str:
    kind = base.kind_of(type_id)
    size = "" if kind is Kind.FWD else f" of {base.word_of(type_id)} bytes"
    return f"{kind.name.lower()} {printable(base.name_of(type_id)[:_LONGEST_NAME])}{size}"


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


def _name_map(base: "Types", kernel: "Types", ids: NDArray[np.int64]) -> dict[int, int]:
    """For each name in the base's strings that of the kernel's type: other names are not in there."""
    theirs = kernel.columns.name_off[ids[1:] - 1].tolist()
    return {0: 0, **dict(zip(base.columns.name_off.tolist(), theirs, strict=True))}


def _renamed(offsets: Words, names: dict[int, int], end: int, new_end: int) -> Words:
    """Offsets of names, the base's replaced, and the module's own moved behind the kernel's."""
    moved = offsets.astype(np.int64) + (new_end - end)
    inside = np.flatnonzero(offsets < end)
    try:
        moved[inside] = [names[offset] for offset in offsets[inside].tolist()]
    except KeyError as error:
        raise BtfError(
            f"the name at string offset {error} of the distilled base is that of no type"
        ) from None
    return moved.astype(np.uint32)


def _rewrite(words: Words, places: Places, new: Words) -> None:
    for _, at in places:
        words[at] = new[words[at]]


def _with_words(data: bytes, header: Header, words: Words) -> bytes:
    """A blob with another type section of the same length."""
    start = header.type_start
    section = words.astype("<u4" if header.endian == "little" else ">u4").tobytes()
    return data[:start] + section + data[start + len(section) :]
