# SPDX-License-Identifier: Apache-2.0
"""The C declarations of kernel globals in `declarations.c`: which symbol has which type.

BTF has the types of per-CPU variables only. The others' are written down once, as C, and read with pycparser.
The rules of that file are in its first comment. Nothing here knows whether a type exists in a kernel, or
whether it has room at a symbol: that is `fitting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from ..btf.format.integers import names_of

_FILE: Final = Path(__file__).with_name("declarations.c")
_WILD: Final = "$"
_KEY: Final = 3
"""Characters by which families with a prefix are looked up: the shortest prefix there is."""

_COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_STATEMENT: Final = re.compile(r"\s*([^;{}]*(?:\{[^{}]*\}[^;{}]*)?);")
_WORDS: Final = "unsigned signed long short int char void float double _Bool __int128"
_SPECIFIER: Final = re.compile(
    r"(?:struct|union)\s*\{[^}]*\}|(?:struct|union|enum)\s+\w+"
    rf"|(?:(?:{'|'.join(_WORDS.split())})\b\s*)+|\w+"
)
_ALONE: Final = ("void", "_Bool")
"""Types of C that are one word and no integer."""
_NAME: Final = re.compile(r"[A-Za-z_$][\w$]*")
_TYPEDEF: Final = re.compile(r"(?<!struct)(?<!union)(?<!enum)(?:^|[;{(,])\s*(\w+)\s")


@dataclass(frozen=True, slots=True)
class Base:
    """A base type by gcc's name for it (`long unsigned int`), or `void`."""

    name: str


@dataclass(frozen=True, slots=True)
class Named:
    """A type by its tag, or by its name if it is a typedef."""

    kind: Literal["struct", "union", "enum", "typedef"]
    name: str


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A struct or union without a tag, to be recognised by (at least) these members."""

    kind: Literal["struct", "union"]
    members: tuple[tuple[str, CType], ...]


@dataclass(frozen=True, slots=True)
class Pointer:
    """A pointer."""

    target: CType


@dataclass(frozen=True, slots=True)
class Array:
    """An array; a count of None is for the room at the symbol to tell."""

    target: CType
    count: int | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function; what it takes and returns is not kept, an ISF has no place for it."""


CType: TypeAlias = "Base | Named | Unnamed | Pointer | Array | Function"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is declared of one symbol.

    Attributes:
        types: the alternatives, the first that fits is meant.
        family: the pattern that the name matched; empty where the symbol itself is declared.
    """

    types: tuple[CType, ...]
    family: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class _Entry:
    """The declarators of one name or pattern, not parsed yet, and what is around a pattern's `$`."""

    pattern: str
    order: int
    keys: tuple[tuple[str, str], ...]
    prefix: str
    suffix: str

    def has(self, name: str) -> bool:
        """Whether a name belongs to this family."""
        prefix, suffix = self.prefix, self.suffix
        return name.startswith(prefix) and name.endswith(suffix) and len(name) >= len(prefix) + len(suffix)


class Declarations:
    """The declarations of one C file.

    Args:
        text: the file's text.

    Raises:
        ValueError: the text does not keep to the rules in the first comment of `declarations.c`.
    """

    def __init__(self, text: str) -> None:
        self._exact: dict[str, _Entry] = {}
        self._prefixes: dict[str, list[_Entry]] = {}
        self._suffixes: dict[str, list[_Entry]] = {}
        self._parsed: dict[tuple[str, str], CType] = {}
        self._made: dict[_Entry, Declaration] = {}
        for entry in _entries(text):
            self._add(entry)

    @classmethod
    def load(cls) -> Declarations:
        """The declarations that come with this package, read once a process."""
        return _load()

    def declared(self, name: str) -> Sequence[CType]:
        """The alternatives for one symbol in order; empty where it is to be `void`."""
        found = self.match([name]).get(0)
        return found.types if found else ()

    def match(self, names: Iterable[str]) -> dict[int, Declaration]:
        """What is declared of many symbols at once.

        A compiler's number behind a name (`_rs.5`) is not part of it, but then only a family can match.

        Args:
            names: names of data symbols. Functions must not be among them: a family's pattern may fit theirs.

        Returns:
            index in `names` → declaration, for those that have one.
        """
        found = dict(self._find(names))
        new = set(found.values()) - self._made.keys()
        self._parse(key for entry in new for key in entry.keys)
        self._made.update((entry, self._declaration(entry)) for entry in new)
        made = self._made
        return {index: made[entry] for index, entry in found.items() if made[entry].types}

    def _add(self, entry: _Entry) -> None:
        if _WILD not in entry.pattern:
            self._exact[entry.pattern] = entry
        elif len(entry.prefix) >= _KEY:
            self._prefixes.setdefault(entry.prefix[:_KEY], []).append(entry)
        elif not entry.prefix and "_" in entry.suffix:
            self._suffixes.setdefault(entry.suffix[entry.suffix.rindex("_") :], []).append(entry)
        else:
            raise ValueError(f"{entry.pattern}: {_KEY} characters before the $, or an underscore behind it")

    def _find(self, names: Iterable[str]) -> Iterator[tuple[int, _Entry]]:
        exact, prefixes, suffixes = self._exact, self._prefixes, self._suffixes
        none: list[_Entry] = []
        for index, name in enumerate(names):
            entry = exact.get(name)
            if entry is None:
                stem = name[: name.index(".")] if "." in name else name
                first, last = prefixes.get(stem[:_KEY], none), suffixes.get(stem[stem.rfind("_") :], none)
                if not first and not last:
                    continue
                entry = _first(stem, first, last)
            if entry is not None:
                yield index, entry

    def _declaration(self, entry: _Entry) -> Declaration:
        types = tuple(self._parsed[key] for key in entry.keys)
        family = entry.pattern if _WILD in entry.pattern else ""
        return Declaration(() if Base("void") in types else types, family)

    def _parse(self, keys: Iterable[tuple[str, str]]) -> None:
        """Parse what was not parsed before, all in one go: every declarator once, under a name of its own."""
        new = sorted(set(keys) - self._parsed.keys())
        if not new:
            return
        lines = [
            f"{specifier} {declarator.replace(_WILD, f'd{i}')};"
            for i, (specifier, declarator) in enumerate(new)
        ]
        names = sorted({name for line in lines for name in _TYPEDEF.findall(line)} - set(_WORDS.split()))
        prelude = "".join(f"typedef int {name};" for name in names if name not in ("struct", "union", "enum"))
        from pycparser.c_parser import CParser, ParseError

        try:
            tree = CParser().parse(prelude + "\n".join(lines), "declarations.c")
        except ParseError as error:
            raise ValueError(str(error)) from error
        for key, node in zip(new, tree.ext[-len(new) :], strict=True):
            self._parsed[key] = _ctype(node.type)


@cache
def _load() -> Declarations:
    return Declarations(_FILE.read_text(encoding="ascii"))


def _first(name: str, *groups: list[_Entry]) -> _Entry | None:
    """Of the families that a name belongs to, the one that the file declares first."""
    best: _Entry | None = None
    for group in groups:
        for entry in group:
            if best is not None and best.order < entry.order:
                break
            if entry.has(name):
                best = entry
                break
    return best


def _entries(text: str) -> Iterator[_Entry]:
    """One entry a name, with its declarators in the order of the file."""
    keys: dict[str, list[tuple[str, str]]] = {}
    for specifier, declarator in _declarators(_COMMENT.sub(" ", text)):
        name = _NAME.search(declarator)
        if name is None:
            raise ValueError(f"{specifier} {declarator}: no name")
        skeleton = declarator[: name.start()] + _WILD + declarator[name.end() :]
        keys.setdefault(name.group(), []).append((specifier, skeleton))
    for order, (pattern, declared) in enumerate(keys.items()):
        prefix, _, suffix = pattern.partition(_WILD)
        yield _Entry(pattern, order, tuple(declared), prefix, suffix)


def _declarators(text: str) -> Iterator[tuple[str, str]]:
    end = 0
    for statement in _STATEMENT.finditer(text):
        if statement.start() != end:
            break
        end = statement.end()
        whole = statement.group(1)
        specifier = _SPECIFIER.match(whole)
        if specifier is None:
            raise ValueError(f"not a declaration: {whole}")
        kept = " ".join(specifier.group().split())
        for declarator in whole[specifier.end() :].split(","):
            yield kept, declarator.strip()
    if text[end:].strip():
        raise ValueError(f"not a declaration: {text[end:].strip()[:60]}")


def _ctype(node: Any) -> CType:
    """A pycparser type as ours."""
    kind = type(node).__name__
    if kind == "TypeDecl":
        return _ctype(node.type)
    if kind == "PtrDecl":
        return Pointer(_ctype(node.type))
    if kind == "ArrayDecl":
        return Array(_ctype(node.type), _count(node.dim))
    if kind == "FuncDecl":
        return Function()
    if kind == "IdentifierType":
        name = " ".join(node.names)
        if name not in _ALONE:
            name = next(iter(names_of(node.names)), "")
        return Base(name) if name else Named("typedef", node.names[0])
    if kind == "Enum":
        return Named("enum", node.name)
    if kind in ("Struct", "Union"):
        tag: Literal["struct", "union"] = "struct" if kind == "Struct" else "union"
        if node.name:
            return Named(tag, node.name)
        return Unnamed(tag, tuple((member.name, _ctype(member.type)) for member in node.decls))
    raise ValueError(f"{kind} at {node.coord} is not understood")


def _count(dimension: Any) -> int | None:
    """The number of elements between an array's brackets; None where there is nothing."""
    if dimension is None:
        return None
    if type(dimension).__name__ != "Constant":
        raise ValueError(f"the number of elements at {dimension.coord} is not a number")
    return int(dimension.value, 0)
