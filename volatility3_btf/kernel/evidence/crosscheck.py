# SPDX-License-Identifier: Apache-2.0
"""Types and symbols held against each other: the functions and variables of BTF have names in kallsyms.

Encoders take both from one symbol table (pahole's btf_encoder.c). Only suffixes that compilers add to clones
(`.isra.0`, `.constprop.0`) are missing in BTF, and 7.x adds functions of its own (`_impl`, for kfuncs with
implicit arguments). So any other name that kallsyms does not have was changed, there or here.
"""

from __future__ import annotations

from typing import Final

from ...btf import Kind, Types
from ..symbols import Symbols

FEW: Final = 0.01
"""Share of names up to which damage explains that they differ; beyond it the encoder had its reasons."""

_ADDED: Final = "_impl"


def unlisted(types: Types, symbols: Symbols) -> tuple[int, int]:
    """How many functions and variables of BTF kallsyms does not list, and how many BTF has.

    Args:
        types: the kernel's types.
        symbols: its symbols, of which none may be lost; variables must be listed (CONFIG_KALLSYMS_ALL).
    """
    names = types.names(types.ids_of_kind(Kind.FUNC, Kind.VAR))
    listed: set[str] = set()
    wanted = {*names, *(name.removesuffix(_ADDED) for name in names if name.endswith(_ADDED))}
    for piece in symbols.pieces():
        listed |= wanted.intersection(piece)
    missing = set(names) - listed
    for piece in symbols.pieces() if missing else ():
        missing.difference_update(name.partition(".")[0] for name in piece if "." in name)
    missing = {name for name in missing if name.removesuffix(_ADDED) not in listed}
    return len(missing), len(names)
