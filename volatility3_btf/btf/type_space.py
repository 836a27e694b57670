# SPDX-License-Identifier: Apache-2.0
"""The space of types that a blob and its base make, and what all objects for types have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from .elements import (
    EnumeratorColumns,
    MemberColumns,
    ParameterColumns,
    enumerator_columns,
    member_columns,
    parameter_columns,
)
from .format.kinds import Kind
from .type_chains import size_of, strip
from .type_table import TypeTable


class TypeSpace(TypeTable, ABC):
    """A table of types that gives an object for each."""

    @abstractmethod
    def by_id(self, type_id: int) -> Type:
        """The type with this id; BtfError when there is none."""

    def __iter__(self) -> Iterator[Type]:
        """The own types in order of id."""
        return map(self.by_id, range(self.first_id, self.end_id))

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return self.get(key) is not None
        return isinstance(key, int) and 0 <= key < self.end_id

    def __getitem__(self, key: int | str) -> Type:
        """The type with this id or name; KeyError when there is none.

        Where several kinds have the name, the first in `LOOKUP_ORDER` is meant.
        """
        if isinstance(key, int):
            if not 0 <= key < self.end_id:
                raise KeyError(f"there is no type {key}")
            return self.by_id(key)
        found = self.get(key)
        if found is None:
            raise KeyError(f"there is no type named {key}")
        return found

    def get(self, name: str, kind: Kind | None = None) -> Type | None:
        """The type of this name, of this kind if given, or None."""
        return self.find(name) if kind is None else self.find(name, kind)

    def find(self, name: str, *kinds: Kind) -> Type | None:
        """The type of this name and any of these kinds, or None.

        Own types go before the base's, then kinds in `LOOKUP_ORDER`, then the lowest id.
        """
        ids = self.ids_named(name, *kinds)
        return self.by_id(ids[0]) if ids else None

    def of_kind(self, *kinds: Kind) -> Iterator[Type]:
        """The own types of these kinds in order of id."""
        return map(self.by_id, self.ids_of_kind(*kinds).tolist())

    @cached_property
    def member_columns(self) -> MemberColumns:
        """The members of all own structs and unions as arrays, bitfields resolved."""
        return member_columns(self)

    @cached_property
    def enumerator_columns(self) -> EnumeratorColumns:
        """The enumerators of all own enumerations as arrays."""
        return enumerator_columns(self)

    @cached_property
    def parameter_columns(self) -> ParameterColumns:
        """The parameters of all own function prototypes as arrays."""
        return parameter_columns(self)

    def strip(self, type_id: int) -> int:
        """The id behind typedefs, qualifiers and type tags; BtfError when the chain does not end."""
        return strip(self, type_id)

    def size_of(self, type_id: int) -> int:
        """Bytes that a value of the type takes; BtfError for what has no size."""
        return size_of(self, type_id)


class Type:
    """A type of a blob; two are equal when they are the same id of the same blob.

    Attributes:
        types: the blob it belongs to, or the split blob through which it was asked for.
        id: its type id.
        kind: what it is.
    """

    __slots__ = ("id", "types")
    kind: ClassVar[Kind] = Kind.VOID

    def __init__(self, types: TypeSpace, type_id: int) -> None:
        self.types = types
        self.id = type_id

    @property
    def name(self) -> str:
        """Its name, empty for anonymous types and for kinds that have none."""
        return self.types.name_of(self.id)

    @property
    def size(self) -> int:
        """Bytes that a value of it takes; BtfError for what has no size."""
        return size_of(self.types, self.id)

    def strip(self) -> Type:
        """The type behind typedefs, qualifiers and type tags; BtfError when the chain does not end."""
        return self.types.by_id(self.types.strip(self.id))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Type):
            return NotImplemented
        return self.id == other.id and self.types.same_type_space(other.types, self.id)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{self.kind.name} {self.id} {self.name!r}>"


class Void(Type):
    """Type id 0."""

    __slots__ = ()


class Reference(Type):
    """A type that is made from one other type."""

    __slots__ = ()

    @property
    def type_id(self) -> int:
        """Id of the type it is made from; 0 is void."""
        return self.types.word_of(self.id)

    @property
    def type(self) -> Type:
        """The type it is made from."""
        return self.types.by_id(self.type_id)
