# SPDX-License-Identifier: Apache-2.0
"""The files in a package, and which of them are kernels or modules by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

MOST_LISTED: Final = 1 << 20
"""Files of a package; the largest kernel packages have 20,000."""

_IMAGE: Final = r"(vmlinu[xz]|Image|[bz]Image|uImage|kernel)[^/]*"
_KERNEL: Final = re.compile(
    rf"(boot/(efi/.*)?|(usr/)?lib/modules/[^/]+/){_IMAGE}|usr/lib/debug/(.*/)?vmlinux[^/]*"
    r"|(boot|(usr/)?lib/(modules|linux))/.*\.efi"
)
_NO_KERNEL: Final = (".hmac", ".sig", ".asc", ".sha512", ".map", ".cert")
_MODULE: Final = re.compile(r".*\.ko(\.(gz|xz|zst))?")


class Member(NamedTuple):
    """One regular file of a package.

    Attributes:
        name: its path as the package spells it, without a slash or `./` before it.
        size: bytes.
        read: hands out all of it; only until the next member is asked for. Raises SourceError.
    """

    name: str
    size: int
    read: Callable[[], bytes]


class Package(NamedTuple):
    """A package that was opened.

    Attributes:
        layers: what it is, and how its content is compressed.
        names: its files, where it lists them; None where they are known only once all is read.
        members: its files one after the other.
    """

    layers: tuple[str, ...]
    names: frozenset[str] | None
    members: Iterator[Member]


def is_kernel(name: str) -> bool:
    """Whether a file of a package may be a kernel, by its path."""
    return _KERNEL.fullmatch(name) is not None and not name.endswith(_NO_KERNEL)


def is_module(name: str) -> bool:
    """Whether a file is a kernel module, by its name."""
    return _MODULE.fullmatch(name) is not None


def plain_name(name: str) -> str:
    """A path without what packages put before it."""
    return name.removeprefix(".").lstrip("/")


def wanted(package: Package, is_wanted: Callable[[str], bool]) -> Iterator[Member]:
    """The members with certain names; the package is read no further than to the last that it lists.

    Args:
        package: the package.
        is_wanted: takes a member's name.
    """
    left = None if package.names is None else {name for name in package.names if is_wanted(name)}
    if left is not None and not left:
        return
    for member in package.members:
        if not is_wanted(member.name):
            continue
        yield member
        if left is not None:
            left.discard(member.name)
            if not left:
                return
