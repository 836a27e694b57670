# SPDX-License-Identifier: Apache-2.0
"""Two ISF documents side by side: types, constants, and the types of symbols.

Names of types without a tag (`unnamed_…`) are not compared: such a type is compared member by member where it
is used. Members of anonymous members count as the outer type's own, bitfields by their absolute bit.
"""

from __future__ import annotations

import gzip
import json
import lzma
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

NUMBERED = re.compile(r"___[0-9]+\b")
WRAPPING = re.compile(r"(\*|\[[0-9]+\])*")
UNNAMED = re.compile(r"unnamed_[0-9a-f ]+$")
DEEPEST = 32
SEVERAL = "several compile units define the name, each its own way"
JOINED = "BTF joins the dimensions of an array"
SHARED = "BTF keeps equal structs without a tag once, whichever typedef they are used by"
SIGN = "the reference reads 64-bit constants as signed"
NARROW = "BTF from before ENUM64 keeps 32 bits of a constant, so ours names none"
MODERN = {
    "unsigned long": "long unsigned int",
    "long": "long int",
    "unsigned short": "short unsigned int",
    "short": "short int",
    "unsigned long long": "long long unsigned int",
    "long long": "long long int",
    "unsigned __int128": "__int128 unsigned",
}


@dataclass(frozen=True)
class Isf:
    """A loaded ISF document.

    Attributes:
        content: the document.
        joined: describe an array of arrays as one array, as BTF does.
        blank: describe structs without members alike, whatever typedef names them.
    """

    content: Mapping[str, Any]
    joined: bool = False
    blank: bool = False

    @classmethod
    def load(cls, path: Path) -> Isf:
        """Read a document: .json, .json.gz or .json.xz."""
        data = path.read_bytes()
        if path.suffix == ".xz":
            data = lzma.decompress(data)
        elif path.suffix == ".gz":
            data = gzip.decompress(data)
        return cls(json.loads(data))

    @property
    def producer(self) -> str:
        """Name and version of what wrote it."""
        producer = self.content["metadata"]["producer"]
        return f"{producer['name']} {producer['version']}"

    @property
    def user_types(self) -> Mapping[str, Entry]:
        """Structs and unions."""
        found: Mapping[str, Entry] = self.content["user_types"]
        return found

    @property
    def enums(self) -> Mapping[str, Entry]:
        """Enumerations."""
        found: Mapping[str, Entry] = self.content["enums"]
        return found

    @property
    def symbols(self) -> Mapping[str, Entry]:
        """Symbols."""
        found: Mapping[str, Entry] = self.content["symbols"]
        return found

    def with_type(self, name: str, definition: Entry) -> Isf:
        """The same document with another definition of a type."""
        return replace(self, content={**self.content, "user_types": {**self.user_types, name: definition}})

    def describe(self, entry: Entry, depth: int = 0) -> str:
        """A type descriptor as text that says the same for the same type in every document."""
        kind = entry["kind"]
        if kind == "pointer":
            return "*" + self.describe(entry["subtype"], depth)
        if kind == "array":
            count, element = entry["count"], entry["subtype"]
            while self.joined and element["kind"] == "array":
                count, element = count * element["count"], element["subtype"]
            return f"[{count}]" + self.describe(element, depth)
        if kind == "function":
            return "function"
        if kind == "bitfield":
            return f"{self.describe(entry['type'], depth)}:{entry['bit_length']}"
        name = str(entry["name"])
        if kind == "base":
            return MODERN.get(name, name)
        if kind == "enum":
            return "enum" if UNNAMED.match(name) else f"enum {name}"
        if UNNAMED.match(name) or (self.blank and not self.user_types.get(name, {"size": 1})["size"]):
            return self._describe_unnamed(kind, name, depth)
        return f"{kind} {name}"

    def _describe_unnamed(self, kind: str, name: str, depth: int) -> str:
        if depth > DEEPEST or name not in self.user_types:
            return kind
        return self.shape(kind, name, depth)

    def shape(self, kind: str, name: str, depth: int = 0) -> str:
        """A struct or union by its size and members, whatever it is called."""
        layout = ", ".join(map(str, sorted(self.layout(name, depth + 1))))
        return f"{kind} of {self.user_types[name]['size']} {{{layout}}}"

    def layout(self, name: str, depth: int = 0, moved: int = 0) -> Iterator[tuple[str, int, str]]:
        """The members of a type: name, absolute bit offset, type; an anonymous member's are in its place."""
        for member, description in self.user_types[name]["fields"].items():
            entry = description["type"]
            at = moved + 8 * description["offset"]
            if description.get("anonymous") and entry.get("name") in self.user_types and depth < DEEPEST:
                yield from self.layout(entry["name"], depth + 1, at)
            else:
                shown = "" if description.get("anonymous") else member
                yield shown, at + self._position(entry), self.describe(entry, depth)

    def _position(self, entry: Entry) -> int:
        """The bit of its storage at which a bitfield begins, counted in order of memory."""
        if entry["kind"] != "bitfield":
            return 0
        position = int(entry["bit_position"])
        storage = self.content["base_types"].get(entry["type"].get("name"), {"size": 4, "endian": "little"})
        if storage["endian"] == "little":
            return position
        return int(8 * storage["size"] - position - entry["bit_length"])


@dataclass
class Comparison:
    """What came out for one sort of thing.

    Attributes:
        equal: names that are equal in both.
        different: names that are not, each with what differs.
        explained: of the different ones, those that have an explanation.
        missing: names that only the reference has.
        extra: names that only ours has.
    """

    equal: int = 0
    different: dict[str, str] = field(default_factory=dict)
    explained: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> dict[str, str]:
        """Differences without an explanation."""
        return {name: text for name, text in self.different.items() if name not in self.explained}

    def summary(self) -> dict[str, Any]:
        """The figures, and the names behind the small ones."""
        return {
            "equal": self.equal,
            "different": len(self.different),
            "explained": dict(Counter(self.explained.values())),
            "unexplained": self.unexplained,
            "missing": len(self.missing),
            "missing names": self.missing[:200],
            "extra": len(self.extra),
        }


def compare_types(ours: Isf, reference: Isf, variants: Mapping[str, list[Entry]]) -> Comparison:
    """Every struct and union that both name: size, members, offsets, bitfields.

    Args:
        ours: our document.
        reference: the other.
        variants: names that several compile units define differently → each definition.
    """
    result = _names(ours.user_types, reference.user_types)
    for name in sorted(ours.user_types.keys() & reference.user_types.keys()):
        if UNNAMED.match(name):
            continue
        difference = _different_type(ours, reference, name)
        if difference is None:
            result.equal += 1
            continue
        result.different[name] = difference
        reason = _why(ours, reference, name, variants.get(name, ()))
        if reason:
            result.explained[name] = reason
    return result


def _why(ours: Isf, reference: Isf, name: str, variants: Iterable[Entry]) -> str | None:
    """Why a type that differs is nevertheless right, or None."""
    if _different_type(replace(ours, joined=True), replace(reference, joined=True), name) is None:
        return JOINED
    if _different_type(replace(ours, blank=True), replace(reference, blank=True), name) is None:
        return SHARED
    if any(_different_type(ours, reference.with_type(name, variant), name) is None for variant in variants):
        return SEVERAL
    reasons = {_why_member(ours, reference, *pair) for pair in _different_members(ours, reference, name)}
    return " and ".join(sorted(map(str, reasons))) if reasons and None not in reasons else None


def _different_members(ours: Isf, reference: Isf, name: str) -> list[tuple[str, str]]:
    """The types of members that differ in nothing else; nothing, if other things differ."""
    left, right = Counter(ours.layout(name)), Counter(reference.layout(name))
    mine, others = sorted((left - right).elements()), sorted((right - left).elements())
    if [member[:2] for member in mine] != [member[:2] for member in others]:
        return []
    return [(one[2], other[2]) for one, other in zip(mine, others, strict=True)]


def _why_member(ours: Isf, reference: Isf, mine: str, other: str) -> str | None:
    """Why the type of one member, as text, is called otherwise."""
    if NUMBERED.sub("", mine) == other:
        return SEVERAL
    (wrapped, mine), (wraps, other) = _unwrapped(mine), _unwrapped(other)
    shape = _shape(ours, mine)
    same = wrapped == wraps and shape is not None and shape == _shape(reference, other)
    return SHARED if same else None


def _unwrapped(description: str) -> tuple[str, str]:
    """The pointers and arrays of a description, and the type inside them."""
    wrapping = WRAPPING.match(description)
    end = wrapping.end() if wrapping else 0
    return description[:end], description[end:]


def _shape(isf: Isf, description: str) -> str | None:
    """What a struct or union looks like, whatever it is called; None for anything else."""
    kind, _, rest = description.partition(" ")
    if rest in isf.user_types and kind in ("struct", "union"):
        return isf.shape(kind, rest)
    return description if rest.startswith("of ") else None


def _different_type(ours: Isf, reference: Isf, name: str) -> str | None:
    mine, other = ours.user_types[name], reference.user_types[name]
    if mine["size"] != other["size"]:
        return f"size {mine['size']}, not {other['size']}"
    if mine["kind"] != other["kind"]:
        return f"{mine['kind']}, not {other['kind']}"
    left, right = Counter(ours.layout(name)), Counter(reference.layout(name))
    if left == right:
        return None
    return f"{sorted((left - right).elements())[:3]}, not {sorted((right - left).elements())[:3]}"


def compare_enums(ours: Isf, reference: Isf, variants: Mapping[str, list[Entry]]) -> Comparison:
    """Every enumeration that both name: size and constants."""
    result = _names(ours.enums, reference.enums)
    mine, others = ours.enums, reference.enums
    for name in sorted(mine.keys() & others.keys()):
        if UNNAMED.match(name):
            continue
        if _same_enum(mine[name], others[name]):
            result.equal += 1
            continue
        result.different[name] = f"{_shown(mine[name], others[name])}, not {_shown(others[name], mine[name])}"
        if _same_enum(_unsigned(mine[name]), _unsigned(others[name])):
            result.explained[name] = SIGN
        elif mine[name]["size"] == others[name]["size"] == 8 and not mine[name]["constants"]:
            result.explained[name] = NARROW
        elif any(_same_enum(mine[name], definition) for definition in variants.get(name, ())):
            result.explained[name] = SEVERAL
    return result


def _same_enum(mine: Entry, other: Entry) -> bool:
    return (mine["size"], mine["constants"]) == (other["size"], other["constants"])


def _unsigned(entry: Entry) -> Entry:
    bits = 8 * entry["size"]
    return {**entry, "constants": {name: value % (1 << bits) for name, value in entry["constants"].items()}}


def _shown(entry: Entry, other: Entry) -> str:
    constants = dict(entry["constants"].items() - other["constants"].items())
    return f"{entry['size']} bytes {dict(list(constants.items())[:3])}"


def _names(mine: Mapping[str, Entry], others: Mapping[str, Entry]) -> Comparison:
    def named(names: set[str]) -> list[str]:
        return sorted(name for name in names if not UNNAMED.match(name))

    return Comparison(missing=named(others.keys() - mine.keys()), extra=named(mine.keys() - others.keys()))


@dataclass
class Symbols:
    """The types of symbols that the reference types and that ours has too.

    Attributes:
        same: how many have the same type in both.
        contradicted: name → both types, where ours has another.
        void: how many are void in ours only.
        beyond: how many ours types and the reference does not.
        moved: name → both addresses, where they differ.
    """

    same: int = 0
    contradicted: dict[str, str] = field(default_factory=dict)
    void: int = 0
    beyond: int = 0
    moved: dict[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """The figures; shares are of the symbols that the reference types and ours has."""
        known, typed = self.same + len(self.contradicted) + self.void, self.same + len(self.contradicted)
        return {
            "typed by the reference": known,
            "same type": self.same,
            "share typed the same": round(self.same / known, 4) if known else None,
            "contradicted": self.contradicted,
            "agreement": round(self.same / typed, 5) if typed else None,
            "void in ours": self.void,
            "typed in ours only": self.beyond,
            "other address": dict(list(self.moved.items())[:50]),
            "at another address": len(self.moved),
        }


def compare_symbols(ours: Isf, reference: Isf) -> Symbols:
    """Types and addresses of the symbols that both have."""
    result = Symbols()
    mine, others = ours.symbols, reference.symbols
    for name in sorted(mine.keys() & others.keys()):
        left, right = ours.describe(mine[name]["type"]), reference.describe(others[name]["type"])
        if mine[name]["address"] != others[name]["address"]:
            result.moved[name] = f"{mine[name]['address']:#x}, not {others[name]['address']:#x}"
        if right == "void":
            result.beyond += left != "void"
        elif left == "void":
            result.void += 1
        elif left == right:
            result.same += 1
        else:
            result.contradicted[name] = f"{left[:200]}, not {right[:200]}"
    return result
