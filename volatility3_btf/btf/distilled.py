# SPDX-License-Identifier: Apache-2.0
"""Distilled base BTF: what a module that was built apart from its kernel needs of the kernel's types.

Such a module (6.11 and newer) brings a section `.BTF.base`, on which its split BTF stands until the kernel
has tied it to its own types. It has numbers, declarations, and of structs, unions and enumerations the names
and sizes only (libbpf's btf__distill_base).
"""

from typing import TYPE_CHECKING, Final

import numpy as np

from .format.kinds import Kind

if TYPE_CHECKING:
    from .types import Types

_NAMED: Final = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64)
_WITHOUT_PARTS: Final = (*_NAMED, Kind.FWD)
_PLAIN: Final = (Kind.INT, Kind.FLOAT)


def is_distilled(types: "Types") -> bool:
    """Whether a blob that stands by itself is a module's distilled base."""
    columns = types.columns
    bare = columns.rows_of(*_WITHOUT_PARTS)
    if types.base is not None or not len(bare) or len(bare) + len(columns.rows_of(*_PLAIN)) < len(columns):
        return False
    return not np.any(columns.vlen[bare]) and bool(np.all(columns.name_off[bare]))
