# SPDX-License-Identifier: Apache-2.0
"""Which package a file is."""

from __future__ import annotations

from ...memory.memory import Memory
from ..packed.codecs import LONGEST_START, codec_of
from ..packed.reading import read_at_most, reader
from . import deb, rpm, tar
from .members import Package


def open_package(data: Memory, head: bytes) -> Package | None:
    """The package that a file is: Debian's, RPM, or a tar archive, as Arch's is, compressed or not.

    Args:
        data: the file.
        head: its first bytes, `tar.HEADER` at least where it has so many.

    Returns:
        None for a file that is no package.

    Raises:
        SourceError: it is one, and damaged, or what unpacks it is not installed.
    """
    if deb.is_deb(head):
        return deb.open_deb(data)
    if head.startswith(rpm.MAGIC):
        return rpm.open_rpm(data)
    if tar.is_tar(head):
        return Package(("tar",), None, tar.tar_members(reader(data)))
    if codec_of(head[:LONGEST_START]) is None:
        return None
    packed, read = tar.unpacked_reader(reader(data))
    start = read_at_most(read, tar.HEADER)
    return Package((*packed, "tar"), None, tar.tar_members(read, start)) if tar.is_tar(start) else None
