# SPDX-License-Identifier: Apache-2.0
"""One Python class a kind of type; objects read their fields from the columns when asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from .errors import BtfError
from .kinds import Kind
from .sizes import size_of

if TYPE_CHECKING:
    from .types import Types


class Type:
    """A type of a blob; two are equal when they are the same id of the same blob.

    Attributes:
        types: the blob it belongs to, or the split blob through which it was asked for.
        id: its type id.
        kind: what it is.
    """

    __slots__ = ("id", "types")
    kind: ClassVar[Kind] = Kind.VOID

    def __init__(self, types: "Types", type_id: int) -> None:
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

    def strip(self) -> "Type":
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


class Int(Type):
    """An integer type, `char` and `_Bool` included."""

    __slots__ = ()
    kind = Kind.INT

    @property
    def encoding(self) -> int:
        """The encoding flags: 1 signed, 2 char, 4 bool."""
        return self._word >> 24 & 0xF

    @property
    def is_signed(self) -> bool:
        """Whether it holds negative values."""
        return bool(self.encoding & 1)

    @property
    def is_char(self) -> bool:
        """Whether it is marked as a character."""
        return bool(self.encoding & 2)

    @property
    def is_bool(self) -> bool:
        """Whether it is a boolean."""
        return bool(self.encoding & 4)

    @property
    def bits(self) -> int:
        """Bits that hold the value: less than 8 × size where an old encoder describes a bitfield."""
        return self._word & 0xFF

    @property
    def bit_offset(self) -> int:
        """Bits before the value, where an old encoder describes a bitfield."""
        return self._word >> 16 & 0xFF

    @property
    def _word(self) -> int:
        return self.types.element_word(self.id, 0)


class Float(Type):
    """A floating-point type."""

    __slots__ = ()
    kind = Kind.FLOAT


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


class Ptr(Reference):
    """A pointer."""

    __slots__ = ()
    kind = Kind.PTR


class Typedef(Reference):
    """A second name for a type."""

    __slots__ = ()
    kind = Kind.TYPEDEF


class Volatile(Reference):
    """A volatile-qualified type."""

    __slots__ = ()
    kind = Kind.VOLATILE


class Const(Reference):
    """A const-qualified type."""

    __slots__ = ()
    kind = Kind.CONST


class Restrict(Reference):
    """A restrict-qualified type."""

    __slots__ = ()
    kind = Kind.RESTRICT


class TypeTag(Reference):
    """A type with an attribute such as `__user` or `__rcu`, which is its name."""

    __slots__ = ()
    kind = Kind.TYPE_TAG

    @property
    def is_attribute(self) -> bool:
        """Whether the name is a whole attribute (kind_flag) and not the value of btf_type_tag."""
        return self.types.kind_flag_of(self.id)


class Func(Reference):
    """A function; its type is a FUNC_PROTO."""

    __slots__ = ()
    kind = Kind.FUNC

    @property
    def linkage(self) -> int:
        """0 static, 1 global, 2 extern."""
        return self.types.vlen_of(self.id)


class Var(Reference):
    """A variable."""

    __slots__ = ()
    kind = Kind.VAR

    @property
    def linkage(self) -> int:
        """0 static, 1 global, 2 extern."""
        return self.types.element_word(self.id, 0)


class DeclTag(Reference):
    """A tag on a declaration; its name is the tag."""

    __slots__ = ()
    kind = Kind.DECL_TAG

    @property
    def component(self) -> int:
        """Index of the member or parameter that is tagged, -1 for the type itself."""
        word = self.types.element_word(self.id, 0)
        return word - (1 << 32) if word >> 31 else word


class Array(Type):
    """An array of a fixed number of elements; 0 for a flexible one."""

    __slots__ = ()
    kind = Kind.ARRAY

    @property
    def type_id(self) -> int:
        """Id of the type of the elements."""
        return self.types.array_of(self.id)[0]

    @property
    def type(self) -> Type:
        """Type of the elements."""
        return self.types.by_id(self.type_id)

    @property
    def index_type(self) -> Type:
        """Type of the index."""
        return self.types.by_id(self.types.array_of(self.id)[1])

    @property
    def count(self) -> int:
        """Number of elements."""
        return self.types.array_of(self.id)[2]


@dataclass(slots=True)
class Member:
    """A member of a struct or union.

    Attributes:
        types: the blob it belongs to.
        name: its name, empty for an anonymous struct or union.
        type_id: id of its type.
        bit_offset: bits from the start of the struct. In a big-endian blob a bitfield's bits are
            counted from the most significant end of its storage, as DWARF's DW_AT_data_bit_offset.
        bit_size: width of a bitfield in bits; 0 for an ordinary member.
    """

    types: "Types"
    name: str
    type_id: int
    bit_offset: int
    bit_size: int

    @property
    def type(self) -> Type:
        """Its type."""
        return self.types.by_id(self.type_id)

    @property
    def is_bitfield(self) -> bool:
        """Whether it is a bitfield."""
        return self.bit_size != 0

    @property
    def offset(self) -> int:
        """Bytes from the start of the struct.

        For a bitfield, those to its storage: the naturally aligned unit of its type that holds it, or
        in a packed struct, where it crosses such units, the byte in which it starts. BtfError when a
        bitfield's type has no size.
        """
        if not self.bit_size:
            return self.bit_offset // 8
        unit = self._unit_bits
        begin = self.bit_offset // unit * unit
        if self.bit_offset + self.bit_size > begin + unit:
            begin = self.bit_offset
        return begin // 8

    @property
    def bit_position(self) -> int:
        """Bits of the storage at `offset`, read as a number in the blob's byte order, below the field.

        Negative for a field of a packed big-endian struct that is not whole in its storage.
        """
        if not self.bit_size:
            return 0
        skipped = self.bit_offset - self.offset * 8
        if self.types.header.endian == "little":
            return skipped
        return self._unit_bits - skipped - self.bit_size

    @property
    def _unit_bits(self) -> int:
        return max(1, size_of(self.types, self.type_id)) * 8

    def moved(self, bits: int) -> "Member":
        """The same member as seen from `bits` further out."""
        return Member(self.types, self.name, self.type_id, self.bit_offset + bits, self.bit_size)


class Composite(Type):
    """A struct or union."""

    __slots__ = ("_members",)
    _members: "list[Member] | None"

    def __init__(self, types: "Types", type_id: int) -> None:
        super().__init__(types, type_id)
        self._members = None

    @property
    def members(self) -> list[Member]:
        """Its own members in order of declaration."""
        if self._members is None:
            self._members = [self._member(index) for index in range(self.types.vlen_of(self.id))]
        return self._members

    def _member(self, index: int) -> Member:
        types = self.types
        at = index * 3
        name = types.string(types.element_word(self.id, at))
        type_id = types.element_word(self.id, at + 1)
        offset = types.element_word(self.id, at + 2)
        if types.kind_flag_of(self.id):
            return Member(types, name, type_id, offset & 0xFFFFFF, offset >> 24)
        shift, width = _int_encoded_bits(types, type_id)
        return Member(types, name, type_id, offset + shift, width)

    def get(self, name: str) -> "Member | None":
        """The member with this name, also inside anonymous structs and unions, or None."""
        seen = {self.id}
        waiting: list[tuple[Composite, int]] = [(self, 0)]
        while waiting:
            composite, moved = waiting.pop()
            for member in composite.members:
                if member.name == name and name:
                    return member.moved(moved) if moved else member
            for inner, bits in reversed(list(composite.anonymous())):
                if inner.id not in seen:
                    seen.add(inner.id)
                    waiting.append((inner, moved + bits))
        return None

    def anonymous(self) -> "Iterator[tuple[Composite, int]]":
        """The structs and unions among its members that have no name, each with its bit offset."""
        for member in self.members:
            if not member.name and not member.bit_size:
                try:
                    inner = member.type.strip()
                except BtfError:
                    continue
                if isinstance(inner, Composite):
                    yield inner, member.bit_offset

    def __getitem__(self, name: str) -> Member:
        member = self.get(name)
        if member is None:
            raise KeyError(f"{self.kind.name.lower()} {self.name} has no member {name}")
        return member

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None


def _int_encoded_bits(types: "Types", type_id: int) -> tuple[int, int]:
    try:
        inner = types.strip(type_id)
    except BtfError:
        return 0, 0
    if types.kind_of(inner) is not Kind.INT:
        return 0, 0
    word = types.element_word(inner, 0)
    shift, width = word >> 16 & 0xFF, word & 0xFF
    return (shift, width) if shift or width != types.word_of(inner) * 8 else (0, 0)


class Struct(Composite):
    """A struct."""

    __slots__ = ()
    kind = Kind.STRUCT


class Union(Composite):
    """A union."""

    __slots__ = ()
    kind = Kind.UNION


class Enumerator(NamedTuple):
    """A name of an enumeration and what it stands for."""

    name: str
    value: int


class Enum(Type):
    """An enumeration of up to 32 bits."""

    __slots__ = ()
    kind: ClassVar[Kind] = Kind.ENUM

    @property
    def is_signed(self) -> bool:
        """Whether its values are signed (see `Types.old_enums` for blobs that do not say)."""
        return self.types.kind_flag_of(self.id) or self.types.old_enums

    @property
    def values(self) -> list[Enumerator]:
        """Its enumerators in order of declaration."""
        return [self._value(index) for index in range(self.types.vlen_of(self.id))]

    def _value(self, index: int) -> Enumerator:
        types = self.types
        value = types.element_word(self.id, index * 2 + 1)
        if value >> 31 and self.is_signed:
            value -= 1 << 32
        return Enumerator(types.string(types.element_word(self.id, index * 2)), value)


class Enum64(Enum):
    """An enumeration of 64 bits."""

    __slots__ = ()
    kind = Kind.ENUM64

    @property
    def is_signed(self) -> bool:
        """Whether its values are signed."""
        return self.types.kind_flag_of(self.id)

    def _value(self, index: int) -> Enumerator:
        types = self.types
        at = index * 3
        value = types.element_word(self.id, at + 1) | types.element_word(self.id, at + 2) << 32
        if value >> 63 and self.is_signed:
            value -= 1 << 64
        return Enumerator(types.string(types.element_word(self.id, at)), value)


class Fwd(Type):
    """A struct or union of which only the name is known."""

    __slots__ = ()
    kind = Kind.FWD

    @property
    def is_union(self) -> bool:
        """Whether it stands for a union."""
        return self.types.kind_flag_of(self.id)


class Parameter(NamedTuple):
    """A parameter of a function; the name is empty in types of function pointers."""

    name: str
    type: Type


class FuncProto(Type):
    """The type of a function."""

    __slots__ = ()
    kind = Kind.FUNC_PROTO

    @property
    def type_id(self) -> int:
        """Id of the type it returns."""
        return self.types.word_of(self.id)

    @property
    def type(self) -> Type:
        """The type it returns."""
        return self.types.by_id(self.type_id)

    @property
    def variadic(self) -> bool:
        """Whether it takes further arguments (`...`)."""
        count = self.types.vlen_of(self.id)
        return bool(count) and not self.types.element_word(self.id, count * 2 - 1)

    @property
    def params(self) -> list[Parameter]:
        """Its parameters in order, without the one that stands for `...`."""
        types = self.types
        return [
            Parameter(
                types.string(types.element_word(self.id, index * 2)),
                types.by_id(types.element_word(self.id, index * 2 + 1)),
            )
            for index in range(types.vlen_of(self.id) - self.variadic)
        ]


class Section(NamedTuple):
    """A variable's place in a DATASEC: offset and size in bytes."""

    type: Type
    offset: int
    size: int


class Datasec(Type):
    """A data section and the variables in it."""

    __slots__ = ()
    kind = Kind.DATASEC

    @property
    def entries(self) -> list[Section]:
        """The variables in it."""
        word = self.types.element_word
        return [
            Section(self.types.by_id(word(self.id, at)), word(self.id, at + 1), word(self.id, at + 2))
            for at in range(0, self.types.vlen_of(self.id) * 3, 3)
        ]


CLASSES: Final[dict[Kind, type[Type]]] = {
    Kind.VOID: Void,
    **{
        cls.kind: cls
        for cls in (
            Int,
            Ptr,
            Array,
            Struct,
            Union,
            Enum,
            Fwd,
            Typedef,
            Volatile,
            Const,
            Restrict,
            Func,
            FuncProto,
            Var,
            Datasec,
            Float,
            DeclTag,
            TypeTag,
            Enum64,
        )
    },
}
