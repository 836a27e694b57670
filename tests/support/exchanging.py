# SPDX-License-Identifier: Apache-2.0
"""Members and symbols exchanged in an image: tables that are sound, and untrue."""

from __future__ import annotations

from support.overlay import Overlay
from volatility3_btf.btf import Kind
from volatility3_btf.kernel import Kernel


def exchange_members(image: Overlay, kernel: Kernel, struct_name: str, one: str, other: str) -> None:
    """Exchange the names of two members of a structure, or of a nameless one in it, in the kernel's BTF."""
    types = kernel.blob.types
    composite = types.find(struct_name, Kind.STRUCT)
    assert composite is not None
    places: dict[str, int] = {}
    waiting = [composite]
    while waiting:
        owner = waiting.pop()
        waiting += [member.type.strip() for member in owner.members if not member.name]
        for index, member in enumerate(owner.members):
            places.setdefault(member.name, element_place(kernel, owner.id, index))
    texts = {name: image.read(places[name], 4) for name in (one, other)}
    image.write(places[one], texts[other])
    image.write(places[other], texts[one])


def element_place(kernel: Kernel, type_id: int, index: int) -> int:
    """Where the record of a member lies in the image."""
    types = kernel.blob.types
    record = int(types._records[type_id - types.first_id])
    return kernel.blob.offset + kernel.blob.header.type_start + record + 12 + 12 * index


def exchange_symbols(image: Overlay, kernel: Kernel, one: str, other: str) -> None:
    """Exchange the addresses of two symbols in kallsyms (`kallsyms_offsets`, four bytes each)."""
    assert kernel.symbols is not None
    table = kernel.physical(kernel.symbols.tables["kallsyms_offsets"])
    assert table is not None
    (first,), (second,) = kernel.symbols.indexes(one), kernel.symbols.indexes(other)
    places = table + 4 * int(first), table + 4 * int(second)
    texts = [image.read(place, 4) for place in places]
    image.write(places[0], texts[1])
    image.write(places[1], texts[0])
