# SPDX-License-Identifier: Apache-2.0
"""The files in a package, and which of them are kernels or modules by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

MOST_LISTED: Final = 1 << 20
"""Files of a package; the largest kernel packages have 20,000."""

MOST_MEMBERS: Final = 1 << 18
"""Members of an archive that are gone over."""

_NAMES: Final = ("vmlinux", "vmlinuz", "Image", "bzImage", "zImage", "uImage", "fitImage", "kernel")
"""What the names of kernel files start with."""

_FIT: Final = ".itb"
_FOLDER: Final = re.compile(r"boot(/efi(/.*)?)?|(usr/)?lib/modules/[^/]+")
"""Where they lie; and, as EFI programs, anywhere in these:"""
_EFI_FOLDERS: Final = ("boot/", "lib/modules/", "usr/lib/modules/", "usr/lib/linux/")
_DEBUG: Final = "usr/lib/debug/"
_NO_KERNEL: Final = (".hmac", ".sig", ".asc", ".sha512", ".map", ".cert")
_MODULE: Final = (".ko", ".ko.gz", ".ko.xz", ".ko.zst")


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
    folder, _, file = name.rpartition("/")
    if file.endswith(_NO_KERNEL):
        return False
    if file.endswith(".efi") and name.startswith(_EFI_FOLDERS):
        return True
    if file.startswith("vmlinux") and name.startswith(_DEBUG):
        return True
    return (file.startswith(_NAMES) or file.endswith(_FIT)) and _FOLDER.fullmatch(folder) is not None


def is_module(name: str) -> bool:
    """Whether a file is a kernel module, by its name."""
    return name.endswith(_MODULE)


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
