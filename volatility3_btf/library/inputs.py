# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder, a package mirror or a list are looked into: kernels, packages of them, and dumps.

What the user names is always looked into. In a folder, names and first bytes decide: a mirror has a hundred
thousand packages, and opening each of them would take a day.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..files.descriptors import open_file, read_from

_HEAD: Final = 4096

_PACKAGE: Final = re.compile(
    r"(?:linux-(?:image|binary)|kernel-image)-.+(?<!-dbg)_[^_]+_[^_]+\.(?:deb|ddeb|udeb)"  # Debian, Ubuntu
    r"|kernel(?:-(?!modules|devel|headers|doc|tools|debuginfo|selftests|srpm|abi)[a-z0-9]+)*-\d.*\.rpm"
    r"|linux(?:-(?!headers|docs|api|firmware|tools)[a-z0-9]+)*-\d.*\.(?:pkg\.tar(?:\.\w+)?|apk)"  # Arch
)
"""Names of packages that hold a kernel, as distributions give them."""

_DEBUG: Final = re.compile(r"-dbg(?:sym)?_")

_NEVER: Final = re.compile(
    r"(?:initrd|initramfs|System\.map|config-|vmlinuz?-?\S*\.hmac|\.).*"
    r"|.*\.(?:ko|ko\.\w+|json|json\.\w+|btf\.xz)"
    r"|.*\.(?:deb|ddeb|udeb|rpm|apk|pkg\.tar|pkg\.tar\.\w+|sig|asc)"
)
"""Names of files that lie beside kernels and are none: what a boot folder and a library have."""

_KERNEL: Final = re.compile(
    r"(?:vmlinu[xz]|bzImage|zImage|uImage|fitImage|Image|kernel|linux|boot)[^/]*|.*\.itb"
)
"""Names under which kernels of all kinds lie: a compressed one has no first bytes of its own, and a FIT has
those of every device tree."""

_IMAGE: Final = re.compile(r".*\.(?:raw|mem|vmem|lime|avml|core|elf|dump|dmp|qemu)", re.IGNORECASE)
"""Names of memory images; a raw one has no first bytes of its own either."""

_MAGICS: Final = {
    0: (b"EMiL", b"AVML", b"QEVM", b"ANDROID!", b"KDUMP   ", b"DISKDUMP"),
    0x38: (b"ARM\x64", b"RSC\x05"),
    0x202: (b"HdrS",),
}
"""Place and bytes: LiME, AVML, QEMU, Android boot images, kdump, arm64's and RISC-V's Image, bzImage."""

_CORE: Final = 4
"""`e_type` of an ELF core (ELF specification, ET_CORE)."""


@dataclass(frozen=True)
class Input:
    """A file that is looked into.

    Attributes:
        path: absolute.
        size: in bytes.
        mtime: when it was changed last, in nanoseconds.
    """

    path: Path
    size: int
    mtime: int


@dataclass
class Inputs:
    """What of the user's sources is looked into.

    Attributes:
        files: in order of path, each file once, whatever names it has.
        passed_over: how many files in folders are none of these by name and first bytes.
        unreadable: paths that cannot be looked at, and why.
    """

    files: list[Input] = field(default_factory=list)
    passed_over: int = 0
    unreadable: dict[Path, str] = field(default_factory=dict)


def find_inputs(sources: Iterable[str | os.PathLike[str]], leave: Path | None = None) -> Inputs:
    """Find the files to look into.

    Args:
        sources: files, and folders with all that is under them; links to folders are not followed.
        leave: a folder that is not gone into: the library's own.
    """
    found = Inputs()
    seen: set[tuple[int, int]] = set()
    for path, is_named in sorted(_every_file(sources, leave, found)):
        try:
            state = path.stat()
            if (state.st_dev, state.st_ino) in seen:
                continue
            if not is_named and not (stat.S_ISREG(state.st_mode) and _is_wanted(path)):
                found.passed_over += 1
                continue
        except FileNotFoundError as error:
            if is_named:
                found.unreadable[path] = _reason(error)
            else:  # a link that leads nowhere, or a file that is gone by now
                found.passed_over += 1
            continue
        except (OSError, ValueError) as error:
            found.unreadable[path] = _reason(error)
            continue
        seen.add((state.st_dev, state.st_ino))
        found.files.append(Input(path, state.st_size, state.st_mtime_ns))
    return found


def _every_file(
    sources: Iterable[str | os.PathLike[str]], leave: Path | None, found: Inputs
) -> Iterator[tuple[Path, bool]]:
    """Every file, and whether the user named it; what cannot be read is noted."""
    own = None if leave is None else leave.resolve()
    for source in sources:
        start = Path(os.path.abspath(source))
        if not start.is_dir():
            yield start, True
            continue
        for folder, folders, files in os.walk(start, onerror=lambda error: _note(error, found)):
            folders[:] = [name for name in folders if own is None or Path(folder, name).resolve() != own]
            yield from ((Path(folder, name), False) for name in files)


def _note(error: OSError, found: Inputs) -> None:
    found.unreadable[Path(str(error.filename))] = _reason(error)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _is_wanted(path: Path) -> bool:
    """Whether a file in a folder is a kernel, a package with one or a memory image. Raises OSError."""
    name = path.name
    if _PACKAGE.fullmatch(name):
        return not _DEBUG.search(name)
    if _NEVER.fullmatch(name):
        return False
    descriptor = open_file(path)
    try:
        head = read_from(descriptor, 0, _HEAD)
    finally:
        os.close(descriptor)
    if head[:4] == b"\x7fELF":
        kind = int.from_bytes(head[16:18], "little" if head[5:6] == b"\1" else "big")
        return kind == _CORE or bool(_KERNEL.fullmatch(name) or _IMAGE.fullmatch(name))
    if head[:2] == b"MZ" and name.lower().endswith(".efi"):
        return True
    if any(head.startswith(magic, at) for at, magics in _MAGICS.items() for magic in magics):
        return True
    return bool(len(head) == _HEAD and (_KERNEL.fullmatch(name) or _IMAGE.fullmatch(name)))
