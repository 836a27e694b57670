# SPDX-License-Identifier: Apache-2.0
"""BTF, the kernel's own debug information: bytes in, types out (Documentation/bpf/btf.rst)."""

from .composites import Composite, Member, Struct, Union
from .format.errors import BtfError
from .format.header import Endian, Header
from .format.kinds import Kind
from .format.records import Columns
from .nodes import (
    Array,
    Const,
    Datasec,
    DeclTag,
    Enum,
    Enum64,
    Enumerator,
    Float,
    Func,
    FuncProto,
    Fwd,
    Int,
    Parameter,
    Ptr,
    Restrict,
    Section,
    Typedef,
    TypeTag,
    Var,
    Volatile,
)
from .outline import Outline, outline
from .type_space import Reference, Type, Void
from .types import Types

__all__ = [
    "Array",
    "BtfError",
    "Columns",
    "Composite",
    "Const",
    "Datasec",
    "DeclTag",
    "Endian",
    "Enum",
    "Enum64",
    "Enumerator",
    "Float",
    "Func",
    "FuncProto",
    "Fwd",
    "Header",
    "Int",
    "Kind",
    "Member",
    "Outline",
    "Parameter",
    "Ptr",
    "Reference",
    "Restrict",
    "Section",
    "Struct",
    "Type",
    "TypeTag",
    "Typedef",
    "Types",
    "Union",
    "Var",
    "Void",
    "Volatile",
    "outline",
]
