# SPDX-License-Identifier: Apache-2.0
"""What pahole, an independent reader, prints of a BTF file, taken apart."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

Place = tuple[int, int | None, int]
"""Offset, bit position in the storage unit, size."""
Hole = tuple[str, int]
"""`bit` or `byte`, and how many."""

_PLACE = re.compile(r"/\*\s*(\d+)(?::\s*(\d+))?\s+(\d+)\s*\*/$")
_HOLE = re.compile(r"/\* (?:XXX )?(\d+) (bit|byte)s? hole")
_OPENING = re.compile(r"(struct|union) (\S+) \{$")
_TYPEDEF = re.compile(r"typedef (struct) \{$")
_CLOSING = re.compile(r"\} (?:__attribute__\(\(\S+\)\) )?(\w+)")


@dataclass
class Block:
    """One struct or union as pahole prints it.

    Attributes:
        kind: `struct` or `union`.
        name: its name.
        lines: the text between its braces.
    """

    kind: str
    name: str
    lines: list[str] = field(default_factory=list)

    @property
    def declarations(self) -> list[str]:
        """Its members with their offsets and sizes, at every depth; nothing of what pahole remarks on them.

        The remarks are also about what is inside the members' own types, and each version has others.
        """
        lines = (" ".join(line.split()) for line in self.lines)
        return [line for line in lines if line and not line.startswith("/*")]

    @property
    def numbers(self) -> list[Place | Hole]:
        """Every offset, bit position, size and hole, at every depth, in order."""
        return list(numbers(self.lines))

    @property
    def size(self) -> int | None:
        """Its size; pahole does not say that of a union."""
        found = [re.match(r"\t/\* size: (\d+)", line) for line in self.lines]
        return next((int(match[1]) for match in found if match), None)

    @property
    def padding(self) -> tuple[int, int]:
        """Unused bytes and bits at its end."""
        text = "\n".join(line for line in self.lines if re.match(r"\t/\*", line))
        found = [re.search(rf"\b{what}: (\d+)", text) for what in ("padding", "bit_padding")]
        size, bits = (int(match[1]) if match else 0 for match in found)
        return size, bits


def numbers(lines: list[str]) -> Iterator[Place | Hole]:
    """The offsets, bit positions, sizes and holes in lines of C with such comments."""
    for line in lines:
        if place := _PLACE.search(line):
            yield int(place[1]), None if place[2] is None else int(place[2]), int(place[3])
        elif hole := _HOLE.search(line):
            yield hole[2], int(hole[1])


@cache
def typedefs(path: Path, names: tuple[str, ...]) -> dict[str, Block]:
    """Typedefs of structs without a tag, which pahole prints only for those who name them.

    Of unions without a tag it prints no body.
    """
    command = ["pahole", "-F", "btf", "-C", ",".join(names), str(path)]
    found: dict[str, Block] = {}
    block: Block | None = None
    for line in _said(command):
        if match := _TYPEDEF.match(line):
            block = Block(match[1], "")
        elif block is not None and (match := _CLOSING.match(line)):
            block.name = match[1]
            found[block.name] = block
            block = None
        elif block is not None:
            block.lines.append(line)
    return found


def _said(command: list[str]) -> list[str]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.splitlines()


@cache
def blocks(path: Path) -> dict[str, list[Block]]:
    """Every struct and union that `pahole -F btf` prints, by name."""
    found: dict[str, list[Block]] = {}
    block: Block | None = None
    for line in _said(["pahole", "-F", "btf", str(path)]):
        if match := _OPENING.match(line):
            block = Block(match[1], match[2])
        elif block is not None and line.startswith("}"):
            found.setdefault(block.name, []).append(block)
            block = None
        elif block is not None:
            block.lines.append(line)
    return found
