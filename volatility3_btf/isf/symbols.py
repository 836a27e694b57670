# SPDX-License-Identifier: Apache-2.0
"""Recovered kernel symbols as ISF entries: link-time addresses, and types where they are known.

Types come from three places: BTF's own variables (the per-CPU ones), the C declarations of kernel globals
that fit this kernel, and the banner's length. Everything else is `void`, which is enough where only an
address is wanted.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..bits import ALL_BITS
from ..btf import Kind
from ..kernel import Kernel
from ..kernel.symbols import Symbols
from .declarations import Declarations
from .fitting import Fitter
from .types import VOID, Entry, TypeEntries

DATA_LETTERS: Final = b"bBdDrRvVgGsS"
"""nm(1)'s letters of variables, for kernels that do not say where their code ends (7.3 has `T` for data)."""

CODE: Final = (("_stext", "_etext"), ("_sinittext", "_einittext"))
"""Symbols around the kernel's code (asm-generic/vmlinux.lds.h), for which no declaration is used."""

MACROS: Final = {"tk_core": "timekeeper_data"}
"""Variables that became macros for the start of another: tk_core is timekeeper_data[0] in kernels of 2026
(kernel/time/timekeeping.c)."""

WORDS: Final[dict[str, Entry]] = {
    "kallsyms_num_syms": {"kind": "base", "name": "long unsigned int"},
    "kallsyms_markers": {
        "kind": "array",
        "count": 0,
        "subtype": {"kind": "base", "name": "long unsigned int"},
    },
}
"""What was as wide as a pointer up to 4.19 (scripts/kallsyms.c); plugins go by the size of the type."""


class SymbolEntries(Mapping[str, Entry]):
    """The symbols of one kernel as ISF entries, made when they are asked for.

    Of several symbols with one name the entry has the lowest address.

    Args:
        kernel: the kernel; one without symbols has no entries.
        types: the entries of its types.
    """

    def __init__(self, kernel: Kernel, types: TypeEntries) -> None:
        self._kernel = kernel
        self._types = types
        self._symbols = kernel.symbols or Symbols.empty()
        self._shift = kernel.kaslr_shift or 0
        self._fitter = Fitter(types)
        self._sorted: dict[int, tuple[npt.NDArray[np.uint64], list[str]]] = {}

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        return name in self._lowest if self._is_listed else name in self._symbols or name in self._unlisted

    def __iter__(self) -> Iterator[str]:
        return iter(self._lowest)

    def __len__(self) -> int:
        return len(self._lowest)

    def address_of(self, name: str) -> int:
        """The address of an entry alone. Raises KeyError."""
        if self._is_listed:
            return self._lowest[name]
        places = self._symbols.indexes(name)
        return min([int(self._link[place]) for place in places] or [self._unlisted[name]])

    def __getitem__(self, name: str) -> Entry:
        places = self._symbols.indexes(name)
        address = self.address_of(name)
        if name == "linux_banner" and self._kernel.banner is not None:
            return self._banner(self._kernel.banner, address)
        return {"type": self._type_of(name, places, address), "address": address}

    def at(self, address: int, size: int = 0, mask: int = ALL_BITS) -> Iterable[str]:
        """The names whose entries have an address from `address` to `address + size`, in order.

        Args:
            address: link-time, under the mask.
            size: bytes behind it.
            mask: what is kept of the entries' addresses.

        Returns:
            None for an address that is negative or takes more than 64 bits, as what lies below a moved kernel
            does once its KASLR shift is taken off.
        """
        low, high = max(address, 0), min(address + size, ALL_BITS)
        if low > high:
            return []
        places, names = self._by_address(mask)
        first = int(np.searchsorted(places, np.uint64(low)))
        last = int(np.searchsorted(places, np.uint64(high), side="right"))
        return names[first:last]

    def all(self) -> dict[str, Entry]:
        """Every entry, made in one go: equal to asking for each."""
        table: dict[str, Entry] = {name: {"type": VOID, "address": at} for name, at in self._lowest.items()}
        for name, address, descriptor in self._typed():
            entry = table[name]
            if entry["address"] == address:
                entry["type"] = descriptor
        for name in self._wide & table.keys():
            table[name]["type"] = WORDS[name]
        if "linux_banner" in table and self._kernel.banner is not None:
            table["linux_banner"] = self._banner(self._kernel.banner, table["linux_banner"]["address"])
        return table

    def _type_of(self, name: str, places: list[int], address: int) -> Entry:
        """The descriptor of one symbol; the same answer as `_typed` gives for all."""
        name = self._plain.get(name, name)
        if name in self._wide:
            return WORDS[name]
        if name in self._variables:
            return self._types.describe(self._variables[name]) if len(places) == 1 else VOID
        data = [place for place in places if self._is_data[place]]
        if places and address not in self._link[data].tolist():
            return VOID
        declaration = Declarations.load().match([name]).get(0)
        if declaration is None or (len(data) > 1 and not declaration.family):
            return VOID
        content = self._kernel.contents.get(name)
        return self._fitter.descriptor(declaration, self._room(address), content) or VOID

    def _typed(self) -> Iterator[tuple[str, int, Entry]]:
        """Name, address and descriptor of every symbol that has a type other than void."""
        names, addresses = self._symbols.names, self._link
        data, plain = np.flatnonzero(self._is_data), self._plain
        listed = [plain.get(names[place], names[place]) for place in data.tolist()] + list(self._derived)
        at = np.concatenate(
            (addresses[data], np.fromiter(self._derived.values(), np.uint64, len(self._derived)))
        )
        following = np.searchsorted(self._places, at, side="right")
        ends = np.append(self._places, at.max(initial=np.uint64(0)))[following]
        rooms, at_list = (ends - at).tolist(), at.tolist()
        contents = self._kernel.contents
        suffixed = {short: full for full, short in plain.items()}
        for index, descriptor in self._fitter.descriptors(listed, rooms, contents=contents).items():
            name = listed[index]
            for own in {name, suffixed.get(name, name)} if name not in self._variables else ():
                yield own, at_list[index], descriptor
        counts = Counter(names)
        for name, type_id in self._variables.items():
            own_names = {name, suffixed.get(name, name)}
            if sum(counts[own] for own in own_names) == 1:
                for own in own_names:
                    yield own, self._lowest[own], self._types.describe(type_id)

    def _room(self, address: int) -> int:
        """Bytes from an address to the next symbol's."""
        index = int(np.searchsorted(self._places, np.uint64(address), side="right"))
        return int(self._places[index]) - address if index < len(self._places) else 0

    @property
    def _wide(self) -> frozenset[str]:
        """Symbols whose declared types are too narrow for this kernel."""
        return frozenset(WORDS if self._symbols.word == 8 else ())

    @cached_property
    def _is_data(self) -> npt.NDArray[np.bool_]:
        """Which symbols are variables."""
        bounds = [tuple(map(self._symbols.get, pair)) for pair in CODE]
        (start, end), *_ = bounds
        if start is None or end is None:
            return np.isin(self._symbols.letters, np.frombuffer(DATA_LETTERS, np.uint8))
        data = np.ones(len(self._symbols), np.bool_)
        for start, end in bounds:
            if start is not None and end is not None:
                inside = (self._symbols.addresses >= np.uint64(start)) & (
                    self._symbols.addresses < np.uint64(end)
                )
                data &= ~inside
        return data

    @cached_property
    def _link(self) -> npt.NDArray[np.uint64]:
        return self._symbols.link_addresses(self._shift)

    @cached_property
    def _places(self) -> npt.NDArray[np.uint64]:
        """All link-time addresses, ascending, each once."""
        unlisted = np.fromiter(self._unlisted.values(), np.uint64, len(self._unlisted))
        places = np.sort(np.append(self._link, unlisted))
        kept: npt.NDArray[np.uint64] = places[np.append(True, places[1:] != places[:-1])[: len(places)]]
        return kept

    @cached_property
    def _plain(self) -> dict[str, str]:
        """The plain name of each symbol that is listed with clang's suffix, where it is one symbol's only."""
        return {self._symbols.name(place): name for name, place in self._symbols.promoted.items()}

    @cached_property
    def _unlisted(self) -> dict[str, int]:
        """Link-time addresses of names that kallsyms does not list."""
        promoted = self._symbols.promoted.items()
        return self._derived | {name: int(self._link[place]) for name, place in promoted}

    @cached_property
    def _derived(self) -> dict[str, int]:
        """Link-time addresses of kallsyms' own tables, of what others told, and of known macros."""
        told = {**self._symbols.told, **self._symbols.tables}
        tables = {name: at - self._shift & ALL_BITS for name, at in told.items()}
        for macro, name in MACROS.items():
            places = self._symbols.indexes(name)
            if len(places) == 1:
                tables[macro] = int(self._link[places[0]])
        return {name: at for name, at in tables.items() if name not in self._symbols}

    @cached_property
    def _lowest(self) -> dict[str, int]:
        """Name → lowest link-time address, in kallsyms' order."""
        names, addresses = self._symbols.names, self._link.tolist()
        lowest = dict(zip(names, addresses, strict=True))
        if len(lowest) < len(names):
            for name, address in zip(names, addresses, strict=True):
                if address < lowest[name]:
                    lowest[name] = address
        return lowest | self._unlisted

    @property
    def _is_listed(self) -> bool:
        """Whether all names have been put into order, so that one need not be searched for."""
        return "_lowest" in self.__dict__

    def _by_address(self, mask: int) -> tuple[npt.NDArray[np.uint64], list[str]]:
        """The entries' addresses, ascending, and their names; those of one address in order."""
        if mask not in self._sorted:
            names = list(self._lowest)
            addresses = np.fromiter(self._lowest.values(), np.uint64, len(names)) & np.uint64(mask)
            order = np.argsort(addresses, kind="stable")
            addresses, names = addresses[order], [names[place] for place in order.tolist()]
            is_shared = addresses[1:] == addresses[:-1]
            bounds = np.flatnonzero(np.diff(np.concatenate(([False], is_shared, [False])).astype(np.int8)))
            for first, last in bounds.reshape(-1, 2).tolist():
                names[first : last + 1] = sorted(names[first : last + 1])
            self._sorted[mask] = addresses, names
        return self._sorted[mask]

    @cached_property
    def _variables(self) -> dict[str, int]:
        """BTF's own variables, the per-CPU ones: name → type id, where BTF has the name once."""
        types = self._types.types
        ids = types.ids_of_kind(Kind.VAR)
        names = types.names(ids)
        counts = Counter(names)
        return {
            name: types.word_of(type_id)
            for name, type_id in zip(names, ids.tolist(), strict=True)
            if counts[name] == 1
        }

    @staticmethod
    def _banner(banner: bytes, address: int) -> Entry:
        """`linux_banner` with its bytes, by which Volatility recognises the kernel."""
        characters: dict[str, Any] = {"kind": "array", "count": len(banner)}
        characters["subtype"] = {"kind": "base", "name": "char"}
        data = base64.b64encode(banner).decode("ascii")
        return {"type": characters, "address": address, "constant_data": data}


def count_typed(table: Mapping[str, Entry]) -> int:
    """How many entries have a type other than void."""
    return sum(entry["type"] is not VOID for entry in table.values())
