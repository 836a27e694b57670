# SPDX-License-Identifier: Apache-2.0
"""Finding types by name, and the structs that have a member of some name or type."""

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .columns import Positions, Words
from .errors import BtfError
from .kinds import MODIFIERS, Kind
from .nesting import walk_members
from .nodes import Composite, Type
from .rows import Row, kind_text, member_row
from .sizes import DEEPEST, strip_many
from .spelling import printable

if TYPE_CHECKING:
    from .types import Types

_TAGS: Final = {
    "struct": (Kind.STRUCT, Kind.FWD),
    "union": (Kind.UNION, Kind.FWD),
    "enum": (Kind.ENUM, Kind.ENUM64),
}
_COMPOSITES: Final = (Kind.STRUCT, Kind.UNION)
_GLOB: Final = re.compile(r"[*?[]")
_LEADING_ON: Final = np.zeros(128, dtype=np.bool_)
_LEADING_ON[[int(kind) for kind in MODIFIERS | {Kind.PTR}]] = True


def find_types(types: "Types", pattern: str, *kinds: Kind) -> Iterator[Type]:
    """Types whose name is or matches a pattern, in order of id; a split blob's base comes last.

    Args:
        types: the blob.
        pattern: a name or shell pattern, with a tag before it if only such types are meant: `cred`,
            `struct cred`, `nft_*`.
        kinds: kinds that are wanted, all without any.
    """
    tag, _, name = pattern.rpartition(" ")
    wanted = _TAGS.get(tag, kinds)
    if tag and tag not in _TAGS:
        name, wanted = pattern, kinds
    owner: Types | None = types
    while owner is not None:
        for type_id in _ids(owner, name):
            if not wanted or owner.kind_of(type_id) in wanted:
                yield types.by_id(type_id)
        owner = owner.base


def _ids(types: "Types", name: str) -> list[int]:
    if not _GLOB.search(name):
        return sorted(type_id for type_id in types.ids_named(name) if type_id >= types.first_id)
    matches = re.compile(fnmatch.translate(name)).match
    ids = range(types.first_id, types.end_id)
    names = types.names(np.arange(types.first_id, types.end_id))
    return [type_id for type_id, text in zip(ids, names, strict=True) if text and matches(text)]


def find_members(types: "Types", pattern: str) -> Iterator[Row]:
    """A row for every member of such a name or type, in every struct and union that C can name.

    Args:
        types: the blob; of a split one only its own structs are searched.
        pattern: a member's name (`comm`, `*_lock`) or a type, with or without its tag (`struct cred`,
            `kuid_t`); pointers to, arrays of and typedefs of the type count too.
    """
    wanted = np.zeros(types.end_id, dtype=np.bool_)
    wanted[[found.id for found in find_types(types, pattern) if found.kind not in (Kind.FUNC, Kind.VAR)]] = (
        True
    )
    is_wanted = _made_from(types, wanted)
    matches = re.compile(fnmatch.translate(pattern)).match
    for owner, subject in _named_composites(types, _owners(types, is_wanted, pattern)):
        row = Row(printable(owner.name), kind_text(subject), _size(subject))
        for path, field in walk_members(subject):
            if is_wanted[field.member.type_id] or matches(field.member.name):
                yield member_row(row, path, field)


def _made_from(types: "Types", wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each type id, whether it is a wanted type or leads to one through pointers, arrays and names."""
    ids = np.arange(types.end_id, dtype=np.uint32)
    kinds = types.kinds_at(ids)
    following = ids.copy()
    leads = _LEADING_ON[kinds]
    following[leads] = types.words_at(ids[leads])
    arrays = kinds == int(Kind.ARRAY)
    following[arrays] = types.extra_words_at(ids[arrays])
    found = wanted.copy()
    for _ in range(DEEPEST):
        further = found | found[following]
        if np.array_equal(further, found):
            break
        found = further
    return found


@dataclass(frozen=True, slots=True)
class _Members:
    """The members of a blob's structs and unions, its base's included.

    Attributes:
        owner: type id of the struct or union.
        name_off: offset of the name in the strings.
        type_id: type of the member.
    """

    owner: Positions
    name_off: Words
    type_id: Words

    @classmethod
    def of(cls, types: "Types") -> "_Members":
        columns = types.member_columns
        own = cls(columns.owner, columns.name_off, columns.type_id)
        if types.base is None:
            return own
        theirs = cls.of(types.base)
        return cls(
            np.concatenate((theirs.owner, own.owner)),
            np.concatenate((theirs.name_off, own.name_off)),
            np.concatenate((theirs.type_id, own.type_id)),
        )


def _owners(types: "Types", is_wanted: NDArray[np.bool_], pattern: str) -> set[int]:
    """Composites with a member that matches, and those that have these members as their own."""
    members = _Members.of(types)
    names = types.strings.many(members.name_off)
    matches = re.compile(fnmatch.translate(pattern)).match
    by_name = np.fromiter((matches(name) is not None for name in names), np.bool_, len(names))
    nameless = np.fromiter((not name for name in names), np.bool_, len(names))
    found = set(members.owner[is_wanted[members.type_id] | by_name].tolist())
    return found | _around(types, members, nameless, found)


def _around(types: "Types", members: _Members, nameless: NDArray[np.bool_], inner: set[int]) -> set[int]:
    """Composites and typedefs that C gives the members of inner ones, from the inside out."""
    joining, joined = members.owner[nameless], strip_many(types, members.type_id[nameless])
    typedefs = types.ids_of_kind(Kind.TYPEDEF)
    targets = types.columns.size_or_type[typedefs - types.first_id]
    reached: set[int] = set()
    fresh = inner
    for _ in range(DEEPEST):
        if not fresh:
            break
        lent = _mask(types, fresh)
        bodies = _mask(types, {type_id for type_id in fresh if not types.name_of(type_id)})
        outer = set(members.owner[_made_from(types, bodies)[members.type_id]].tolist())
        outer |= set(joining[lent[joined]].tolist()) | set(typedefs[bodies[targets]].tolist())
        fresh = outer - reached
        reached |= outer
    return reached


def _mask(types: "Types", ids: set[int]) -> NDArray[np.bool_]:
    """For each type id, whether it is one of these."""
    found = np.zeros(types.end_id, dtype=np.bool_)
    found[list(ids)] = True
    return found


def _named_composites(types: "Types", ids: set[int]) -> Iterator[tuple[Type, Composite]]:
    """A blob's own structs and unions that C can name, each with what it is called by."""
    for type_id in sorted(ids):
        if type_id < types.first_id:
            continue
        owner = types.by_id(type_id)
        subject = types.by_id(types.word_of(type_id)) if owner.kind is Kind.TYPEDEF else owner
        if owner.name and isinstance(subject, Composite):
            yield owner, subject


def _size(found: Type) -> int | None:
    try:
        return found.size
    except BtfError:
        return None
