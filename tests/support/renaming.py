# SPDX-License-Identifier: Apache-2.0
"""Symbols that get longer names in an image, as clang's ThinLTO gives them: `tk_core.llvm.1234567890123456`.

The stream of names keeps its length, as its markers ask for: others of the same block of 256 get shorter
ones. The kernel's own order of names (`kallsyms_seqs_of_names`) follows.
"""

from __future__ import annotations

from collections.abc import Mapping

from support.overlay import Overlay
from volatility3_btf.kernel import Kernel

BLOCK = 256


def rename(image: Overlay, kernel: Kernel, names: Mapping[str, str]) -> None:
    """Give symbols new names; some others of the same blocks are then called after their number.

    Args:
        image: the image.
        kernel: the kernel in it.
        names: old name → new name; each old one must be one symbol's only.
    """
    stream = _Stream(image, kernel)
    assert kernel.symbols is not None
    for old, new in names.items():
        (number,) = kernel.symbols.indexes(old)
        stream.rename(number, new)
    stream.sort()


class _Stream:
    """The names of one kernel's kallsyms."""

    def __init__(self, image: Overlay, kernel: Kernel) -> None:
        assert kernel.symbols is not None
        self._image, self._symbols = image, kernel.symbols
        self._order = kernel.find("kallsyms_seqs_of_names")
        places = {name: kernel.physical(at) or 0 for name, at in kernel.symbols.tables.items()}
        index, table = places["kallsyms_token_index"], places["kallsyms_token_table"]
        starts = [int.from_bytes(image.read(index + 2 * n, 2), "little") for n in range(256)]
        texts = [image.read(table + start, 128).split(b"\0")[0] for start in starts]
        self._texts = texts
        self._letters = {text: bytes([n]) for n, text in enumerate(texts) if len(text) == 1}
        self._entries: list[tuple[int, bytes]] = []
        at = places["kallsyms_names"]
        for _ in range(len(self._symbols)):
            entry = self._entry(at)
            self._entries.append((at, entry))
            at += len(entry)

    def _entry(self, at: int) -> bytes:
        """The bytes of one name, its length before it."""
        first, second = self._image.read(at, 2)
        head, length = (2, first & 0x7F | second << 7) if first & 0x80 else (1, first)
        return self._image.read(at, head + length)

    def _encode(self, number: int, name: str) -> bytes:
        """A name, with the symbol's own type letter before it, letter by letter."""
        text = bytes([int(self._symbols.letters[number])]) + name.encode()
        return bytes([len(text)]) + b"".join(self._letters[bytes([byte])] for byte in text)

    def rename(self, number: int, name: str) -> None:
        """Give one symbol a name, and as many others of its block shorter ones as it takes."""
        first = number // BLOCK * BLOCK
        block = range(first, min(first + BLOCK, len(self._entries)))
        fresh = {number: self._encode(number, name)}
        missing = len(fresh[number]) - len(self._entries[number][1])
        for other in sorted(block, key=lambda other: -len(self._entries[other][1])):
            least = self._encode(other, f"q{other}")
            spare = min(len(self._entries[other][1]) - len(least), missing)
            if other == number or spare <= 0:
                continue
            filled = f"q{other}" + "q" * (len(self._entries[other][1]) - len(least) - spare)
            fresh[other] = self._encode(other, filled)
            missing -= spare
        assert not missing, "no room in this block"
        at = self._entries[first][0]
        for other in block:
            entry = fresh.get(other, self._entries[other][1])
            self._image.write(at, entry)
            self._entries[other] = (at, entry)
            at += len(entry)

    def sort(self) -> None:
        """Write the numbers of all symbols anew in order of their names, three bytes each."""
        if self._order is not None:
            order = sorted(range(len(self._entries)), key=self._name)
            self._image.write(self._order, b"".join(number.to_bytes(3, "big") for number in order))

    def _name(self, number: int) -> bytes:
        entry = self._entries[number][1]
        tokens = entry[2 if entry[0] & 0x80 else 1 :]
        return b"".join(self._texts[token] for token in tokens)[1:]
