# SPDX-License-Identifier: Apache-2.0
"""The pages of a kdump: found through the index, unpacked when somebody reads them, the last ones kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...memory.memory import UnreadableError
from ..segments import MAX_OFFSET, ReadAt
from .codecs import DamagedError, Unpack
from .header import PACKINGS
from .page_index import PageIndex

DESCRIPTOR: Final = np.dtype([("offset", "<u8"), ("size", "<u4"), ("flags", "<u4"), ("page_flags", "<u8")])
"""`struct page_desc` (diskdump_mod.h): where a page's data lies in the file, how long, how packed."""


def layout(order: str) -> np.dtype[np.void]:
    """A descriptor in a byte order, as `struct` names it."""
    return DESCRIPTOR.newbyteorder("<" if order == "<" else ">")


KEPT: Final = 64 << 20
"""Bytes of unpacked pages that are kept."""

AT_ONCE: Final = 512
"""Descriptors that are read together: two pages' worth, for 2 MiB of memory."""

TABLES_KEPT: Final = 512
"""Groups of descriptors that are kept: 6 MiB, which serve 1 GiB of memory."""

FEW: Final = 64
"""Pages; reading so many keeps them all. They are also what is looked ahead to read the file at once."""

SMALL, MOST_ALIKE = 256, 64
"""Bytes in the file of a page that may be one of many that are alike, and how many of those are kept."""

SMALL_HOLE: Final = 8
"""Pages of zeros; fewer are searched, which costs less than going around them."""

NEAR: Final = 1 << 20
"""Bytes of the file in which packed pages of zeros are looked for together."""

NO_ZEROS: Final = (1 << 64) - 1
"""A place where no page lies."""

EMPTY: Final = 1 << 31
"""Stands for the flags of a page that is zeros; no writer uses this bit."""

STEP: Final = 4 << 20
"""Bytes of memory whose descriptors are looked at together, before a search."""


@dataclass(frozen=True)
class Part:
    """One file of a dump.

    Attributes:
        read_at: reads the file, put together where it is flattened.
        first: the number of its first page.
        last: the number behind its last page.
        descriptors: where its page descriptors start.
        rank: how many pages the whole dump has in front of `first`.
        zeros: where the page of zeros lies that many descriptors share; `NO_ZEROS` where there is none.
    """

    read_at: ReadAt
    first: int
    last: int
    descriptors: int
    rank: int
    zeros: int


class Pages:
    """The pages of a dump. Copies share it: but for what it keeps, it does not change.

    Args:
        index: the pages that there are, in all parts that are at hand.
        whole: the same in all parts of the dump: the order of the descriptors.
        parts: in order of their pages.
        order: byte order of the descriptors, as `struct` has it.
        page_size: in bytes.
        unpackers: by the bit in a page's flags.
    """

    def __init__(
        self,
        index: PageIndex,
        whole: PageIndex,
        parts: Sequence[Part],
        order: str,
        page_size: int,
        unpackers: dict[int, Unpack],
    ) -> None:
        self.page_size, self.index = page_size, index
        self._whole, self._parts, self._unpackers = whole, parts, unpackers
        self._layout = layout(order)
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._tables: OrderedDict[tuple[int, int], NDArray[np.void]] = OrderedDict()
        self._alike: dict[bytes, bytes] = {}
        self._zero = bytes(page_size)
        self._packed_zeros = b""

    def __deepcopy__(self, memo: object) -> Pages:
        return self

    def holds(self, address: int, length: int) -> bool:
        """Whether all of a range of memory is there."""
        if length <= 0 or address < 0:
            return False
        first, last = address // self.page_size, -(-(address + length) // self.page_size)
        return self.index.rank(last) - self.index.rank(first) == last - first

    def read(self, address: int, length: int) -> bytes:
        """Read memory that is all there.

        Raises:
            UnreadableError: a page is not there after all, or cannot be unpacked.
        """
        size = self.page_size
        number, skipped = divmod(address, size)
        if skipped + length <= size:
            return self._page(number)[skipped : skipped + length]
        last = -(-(address + length) // size)
        whole = b"".join(self._many(number, last))
        return whole[skipped : skipped + length]

    def filled(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """The parts of a range of memory, all of it there, that are not known to be zeros."""
        size = self.page_size
        low = high = start
        for first in range(start // size, -(-stop // size), STEP // size):
            last = min(first + STEP // size, -(-stop // size))
            empty = np.concatenate([found["flags"] == EMPTY for found, _ in self._described(first, last)])
            edges = np.flatnonzero(np.diff(empty.view(np.int8), prepend=1, append=1)) + first
            for data, hole in edges.reshape(-1, 2).tolist():
                if data * size - high >= SMALL_HOLE * size:
                    if high > low:
                        yield low, high
                    low = max(start, data * size)
                high = min(stop, hole * size)
        if high > low:
            yield low, high

    # --- pages ---

    def _page(self, number: int) -> bytes:
        """One page, which is kept."""
        page = self._kept.get(number)
        if page is None:
            (page,) = self._many(number, number + 1)
        else:
            self._kept.move_to_end(number)
        return page

    def _keep(self, number: int, page: bytes) -> None:
        self._kept[number] = page
        if len(self._kept) > KEPT // self.page_size:
            self._kept.popitem(last=False)

    def _many(self, first: int, last: int) -> Iterator[bytes]:
        """Pages that follow each other in memory; few of them, and the last one, are kept."""
        few = last - first <= FEW
        number = first
        for descriptors, part in self._described(first, last):
            for page in self._unpacked(descriptors, part, number):
                if few or number == last - 1:
                    self._keep(number, page)
                yield page
                number += 1
        if number < last:
            raise UnreadableError(number * self.page_size)

    def _unpacked(self, descriptors: NDArray[np.void], part: Part, number: int) -> Iterator[bytes]:
        """The pages of some descriptors of one file, which is read in pieces of many pages."""
        offsets, sizes = descriptors["offset"].tolist(), descriptors["size"].tolist()
        start = end = 0
        held = b""
        for at, (offset, size, flags) in enumerate(
            zip(offsets, sizes, descriptors["flags"].tolist(), strict=True)
        ):
            kept = self._zero if flags == EMPTY else self._kept.get(number + at)
            if kept is not None:
                yield kept
                continue
            if not 0 < size <= self.page_size or not 0 < offset < MAX_OFFSET:
                raise UnreadableError((number + at) * self.page_size, "its descriptor is damaged or missing")
            if not start <= offset <= end - size:
                start, end = offset, _near(offsets, sizes, at, self.page_size)
                held = part.read_at(start, end - start)
            data = held[offset - start : offset - start + size]
            yield self._unpack(data, flags, number + at) if len(data) == size else self._cut(number + at)

    def _cut(self, number: int) -> bytes:
        raise UnreadableError(number * self.page_size, "the file is cut short")

    def _unpack(self, data: bytes, flags: int, number: int) -> bytes:
        """One page from what the file has of it."""
        packed = flags & PACKINGS
        if not packed:
            page = data
        elif (alike := self._alike.get(data)) is not None:
            return alike
        else:
            try:
                page = self._unpackers[packed](data)
            except KeyError:
                raise UnreadableError(
                    number * self.page_size, f"packed in an unknown way ({flags:#x})"
                ) from None
            except DamagedError as error:
                raise UnreadableError(number * self.page_size, str(error)) from error
        if len(page) != self.page_size:
            raise UnreadableError(number * self.page_size, f"a page of {len(page)} bytes")
        if packed and len(data) <= SMALL and len(self._alike) < MOST_ALIKE:
            self._alike[data] = page
        return page

    # --- descriptors ---

    def _described(self, first: int, last: int) -> Iterator[tuple[NDArray[np.void], Part]]:
        """The descriptors of pages that follow each other in memory, file by file, group by group."""
        for part in self._parts:
            low, high = max(first, part.first), min(last, part.last)
            if low >= high:
                continue
            rank = self._whole.rank(low) - part.rank
            end = rank + high - low
            while rank < end:
                group = rank // AT_ONCE
                table = self._table(part, group)
                found = table[rank - group * AT_ONCE : end - group * AT_ONCE]
                if not len(found):
                    return
                yield found, part
                rank += len(found)

    def _table(self, part: Part, group: int) -> NDArray[np.void]:
        """A group of descriptors; those of pages of zeros have `EMPTY` for flags."""
        key = (part.first, group)
        table = self._tables.get(key)
        if table is not None:
            self._tables.move_to_end(key)
            return table
        size = self._layout.itemsize
        data = part.read_at(part.descriptors + group * AT_ONCE * size, AT_ONCE * size)
        read = np.frombuffer(data[: len(data) // size * size], self._layout).astype(DESCRIPTOR)
        is_empty = (read["offset"] == np.uint64(part.zeros)) & (read["flags"] == 0)
        read["flags"][is_empty] = EMPTY
        read["flags"][~is_empty] &= ~np.uint32(EMPTY)
        read["flags"][self._packed_alike(read, part)] = EMPTY
        self._tables[key] = read
        if len(self._tables) > TABLES_KEPT:
            self._tables.popitem(last=False)
        return read

    def _packed_alike(self, read: NDArray[np.void], part: Part) -> NDArray[np.int64]:
        """Which of some descriptors are of pages of zeros that were packed one by one (makedumpfile -d 0)."""
        may: NDArray[np.int64] = np.flatnonzero((read["size"] <= SMALL) & (read["flags"] & PACKINGS > 0))
        if len(may) < SMALL_HOLE:
            return may[:0]
        size = int(np.bincount(read["size"][may].astype(np.int64)).argmax())
        may = may[read["size"][may] == size]
        offsets = read["offset"][may]
        start, reach = int(offsets.min()), int(offsets.max() - offsets.min()) + size
        is_near = reach <= NEAR and start < MAX_OFFSET
        data = np.frombuffer(part.read_at(start, reach) if is_near else b"", np.uint8)
        if len(data) < reach or not size:
            return may[:0]
        rows = data[(offsets - np.uint64(start)).astype(np.int64)[:, None] + np.arange(size)]
        if not self._packed_zeros:
            self._learn_zeros(rows[len(rows) // 2].tobytes(), int(read["flags"][may[len(rows) // 2]]))
        if size != len(self._packed_zeros):
            return may[:0]
        is_zeros: NDArray[np.bool_] = (rows == np.frombuffer(self._packed_zeros, np.uint8)).all(axis=1)
        return may[is_zeros]

    def _learn_zeros(self, data: bytes, flags: int) -> None:
        """Remember what the file has of a page, if that is zeros."""
        with suppress(UnreadableError):
            if self._unpack(data, flags, 0) == self._zero:
                self._packed_zeros = data


def _near(offsets: list[int], sizes: list[int], at: int, page_size: int) -> int:
    """Up to where the file is read at once, for pages from `at` on that follow each other in it."""
    start = offsets[at]
    end = start + sizes[at]
    for offset, size in zip(offsets[at + 1 : at + FEW], sizes[at + 1 : at + FEW], strict=True):
        if start <= offset <= end and size <= page_size:
            end = max(end, offset + size)
    return end
