# SPDX-License-Identifier: Apache-2.0
"""Finding types by name, and the structs that have a member of some name or type."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ..budget import Budget
from ..composites import Composite
from ..format.kinds import MODIFIERS, Kind
from ..format.records import KIND_MASK, Positions, Words
from ..spelling import printable
from ..type_chains import DEEPEST, strip_many
from ..type_space import Type
from .members import body_under_name, walk_members
from .table_rows import Row, is_shown, kind_text, member_row
from .type_pattern import Pattern

if TYPE_CHECKING:
    from ..types import Types


def _those(kinds: Iterable[Kind]) -> NDArray[np.bool_]:
    found = np.zeros(KIND_MASK + 1, dtype=np.bool_)
    found[[int(kind) for kind in kinds]] = True
    return found


_NAMING: Final = _those(MODIFIERS)
_LEADING_ON: Final = _those(MODIFIERS | {Kind.PTR, Kind.ARRAY})


def find_types(types: "Types", pattern: str, *kinds: Kind) -> Iterator[Type]:
    """Types whose name is or matches a pattern, in order of id; a split blob's base comes last.

    Args:
        types: the blob.
        pattern: a name or shell pattern, with a tag before it if only such types are meant: `cred`,
            `struct cred`, `typedef pid_t`, `nft_*`; C's integers in any of C's ways (`unsigned long`).
        kinds: kinds that are wanted, all without any.
    """
    asked = Pattern.parse(pattern)
    if not asked.stars:
        yield from map(types.by_id, _ids(types, asked, kinds))


def _ids(types: "Types", asked: Pattern, kinds: tuple[Kind, ...] = ()) -> Iterator[int]:
    """The ids of what is called so; the stars behind it do not count."""
    wanted = asked.kinds or kinds
    owner: Types | None = types
    while owner is not None:
        for type_id in _named(owner, asked):
            if not wanted or owner.kind_of(type_id) in wanted:
                yield type_id
        owner = owner.base


def _named(types: "Types", asked: Pattern) -> list[int]:
    if not asked.is_glob:
        found = (type_id for name in asked.names for type_id in types.ids_named(name))
        return sorted(type_id for type_id in found if type_id >= types.first_id)
    ids = range(types.first_id, types.end_id)
    names = types.names(np.arange(types.first_id, types.end_id))
    return [type_id for type_id, text in zip(ids, names, strict=True) if text and asked.matches(text)]


def find_members(types: "Types", pattern: str, budget: Budget | None = None) -> Iterator[Row]:
    """A row for every member of such a name or type, in every struct and union that C can name.

    Args:
        types: the blob; of a split one only its own structs are searched.
        pattern: a member's name (`comm`, `*_lock`) or a type, with or without its tag (`struct cred`,
            `kuid_t`); pointers to, arrays of and typedefs of the type count too. With stars behind it
            (`struct cred *`) only what is made from such a pointer counts.
        budget: of the answer; its own without one. What it does not suffice for is not searched.
    """
    asked = Pattern.parse(pattern)
    is_wanted = _made_from(types, _wanted(types, asked))
    budget = budget or Budget()
    for owner, body in budget.within(_named_composites(types, _owners(types, is_wanted, asked))):
        title = Row(printable(owner.name), kind_text(owner), body.size)
        for path, field in walk_members(body, budget):
            if is_wanted[field.member.type_id] or (asked.is_bare and asked.matches(field.member.name)):
                row = member_row(title, path, field, budget)
                if not is_shown(row, budget):
                    return
                yield row


def _wanted(types: "Types", asked: Pattern) -> NDArray[np.bool_]:
    """For each type id, whether it is the type that is asked for: a pointer, where stars are behind it."""
    found = np.zeros(types.end_id, dtype=np.bool_)
    found[[at for at in _ids(types, asked) if types.kind_of(at) not in (Kind.FUNC, Kind.VAR)]] = True
    found[0] = asked.stars and "void" in asked.names
    ids = np.arange(types.end_id, dtype=np.uint32)
    pointers = ids[types.kinds_at(ids) == int(Kind.PTR)]
    for _ in range(asked.stars):
        targets = _made_from(types, found, _NAMING)[types.words_at(pointers)]
        found = np.zeros(types.end_id, dtype=np.bool_)
        found[pointers[targets]] = True
    return found


def _made_from(
    types: "Types", wanted: NDArray[np.bool_], through: NDArray[np.bool_] = _LEADING_ON
) -> NDArray[np.bool_]:
    """For each type id, whether it is a wanted type or leads to one through types of some kinds.

    Without `through` these are pointers, arrays, names and qualifiers.
    """
    ids = np.arange(types.end_id, dtype=np.uint32)
    kinds = types.kinds_at(ids)
    following = ids.copy()
    leads = through[kinds]
    following[leads] = types.words_at(ids[leads])
    arrays = leads & (kinds == int(Kind.ARRAY))
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


def _owners(types: "Types", is_wanted: NDArray[np.bool_], asked: Pattern) -> set[int]:
    """Composites with a member that matches, and those that have these members as their own."""
    members = _Members.of(types)
    names = types.strings.many(members.name_off)
    chosen = is_wanted[members.type_id]
    if asked.is_bare:
        chosen |= np.fromiter(map(asked.matches, names), np.bool_, len(names))
    nameless = np.fromiter((not name for name in names), np.bool_, len(names))
    found = set(members.owner[chosen].tolist())
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
        owner = types.by_id(type_id)
        subject = body_under_name(owner)
        if owner.name and subject is not None and type_id >= types.first_id:
            yield owner, subject
