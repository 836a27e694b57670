# SPDX-License-Identifier: Apache-2.0
"""What users call types: `cred`, `struct cred`, `nft_*`, `unsigned long`, `struct cred *`."""

import fnmatch
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from ..format.integers import names_of
from ..format.kinds import Kind

_TAGS: Final = {
    "struct": (Kind.STRUCT, Kind.FWD),
    "union": (Kind.UNION, Kind.FWD),
    "enum": (Kind.ENUM, Kind.ENUM64),
    "typedef": (Kind.TYPEDEF,),
}
_QUALIFIERS: Final = ("const", "volatile", "restrict")
_GLOB: Final = re.compile(r"[*?[]")
_POINTER: Final = re.compile(r"(.*[^\s*])\s+(\*[\s*]*)")


@dataclass(frozen=True)
class Pattern:
    """Names of types, as a user has written them.

    Attributes:
        names: the name or shell pattern; of C's integers each of their names in BTF.
        kinds: the kinds that a tag asks for, none without a tag.
        stars: levels of pointers to the type.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...] = ()
    stars: int = 0

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Take apart a name or shell pattern, with a tag before it and stars behind it if they are meant.

        Qualifiers are left out. In `struct *` the star is a shell pattern.
        """
        words = [word for word in text.split() if word not in _QUALIFIERS]
        text = " ".join(words) or text
        pointer = _POINTER.fullmatch(text)
        if pointer is not None and pointer[1] not in _TAGS:
            return cls(*cls._named(pointer[1]), pointer[2].count("*"))
        return cls(*cls._named(text))

    @classmethod
    def _named(cls, text: str) -> tuple[tuple[str, ...], tuple[Kind, ...]]:
        tag, _, name = text.partition(" ")
        if name and tag in _TAGS:
            return (name,), _TAGS[tag]
        return names_of(text.split()) or (text,), ()

    @property
    def is_glob(self) -> bool:
        """Whether it is a shell pattern."""
        return any(map(_GLOB.search, self.names))

    @property
    def is_bare(self) -> bool:
        """Whether it is nothing but a name, so that it may be a member's as well."""
        return not self.kinds and not self.stars

    def means(self, name: str, kind: Kind) -> bool:
        """Whether a type of this name and kind is meant."""
        return (not self.kinds or kind in self.kinds) and self.matches(name)

    def matches(self, name: str) -> bool:
        """Whether the name is meant, whatever has it."""
        return self._regex.match(name) is not None

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile("|".join(map(fnmatch.translate, self.names)))
