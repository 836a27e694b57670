# SPDX-License-Identifier: Apache-2.0
"""One Python class a kind of type; objects read their fields from the columns when asked."""

from typing import ClassVar, Final, NamedTuple

from .composites import Struct, Union
from .format.kinds import Kind
from .type_space import Reference, Type, Void


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
