# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btflogs: lines of log files, as far as the page cache has them."""

from __future__ import annotations

import fnmatch
import logging
from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.renderers import format_hints
from volatility3.plugins.linux import pagecache

from volatility3_btf.vol.commands.wants import the_kernel

vollog = logging.getLogger(__name__)

LOGS: Final = (
    "/var/log/syslog*",
    "/var/log/messages*",
    "/var/log/*.log*",
    "/var/log/secure*",
    "/var/log/cron*",
)
"""Files that are shown without --path."""

MOST_BYTES: Final = 64 << 20
"""Bytes of a file that are kept at once."""

LONGEST: Final = 16 << 10
"""Bytes of a line that are shown."""

COLUMNS = [
    ("InodeAddr", format_hints.Hex),
    ("FilePath", str),
    ("Position", int),
    ("Line", str),
]


class BtfLogs(interfaces.plugins.PluginInterface):
    """Shows lines of log files as far as the page cache has them."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            the_kernel(),
            requirements.VersionRequirement(name="files", component=pagecache.Files, version=(1, 0, 0)),
            requirements.ListRequirement(
                name="path",
                description=f"Files to show, with * and ? (without it {', '.join(LOGS)})",
                element_type=str,
                optional=True,
            ),
        ]

    def run(self) -> renderers.TreeGrid:
        """A row for each line, by file and position in it."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        wanted = self.config.get("path", None) or LOGS
        for found in pagecache.Files.get_inodes(self.context, self.config["kernel"], follow_symlinks=False):
            if not any(fnmatch.fnmatchcase(found.path, pattern) for pattern in wanted):
                continue
            inode = found.inode
            if inode.is_reg:
                for position, line in _lines(inode):
                    yield 0, (format_hints.Hex(inode.vol.offset), found.path, position, line)


def _lines(inode: Any) -> Iterator[tuple[int, str]]:
    """Lines and their positions in the file; at the edges of what is cached they may be cut."""
    size = int(inode.i_size)
    for start, data in _pieces(inode):
        text = data[: max(0, size - start)]
        at = 0
        for line in text.split(b"\n"):
            if line.strip(b"\0"):
                cut = "" if len(line) <= LONGEST else f" ... ({len(line)} bytes)"
                yield start + at, line[:LONGEST].decode("utf-8", "backslashreplace") + cut
            at += len(line) + 1


def _pieces(inode: Any) -> Iterator[tuple[int, bytes]]:
    """Stretches of pages that follow each other: position in the file, content."""
    held: list[bytes] = []
    start = length = 0
    for index, content in sorted(_pages(inode)):
        position = index * len(content)
        if held and position != start + length:
            yield start, b"".join(held)
            held, length = [], 0
        if not held:
            start = position
        held.append(content)
        length += len(content)
    if held:
        yield start, b"".join(held)


def _pages(inode: Any) -> Iterator[tuple[int, bytes]]:
    """The cached pages, as many as may be kept at once."""
    kept = 0
    for index, content in inode.get_contents():
        kept += len(content)
        if kept > MOST_BYTES:
            vollog.warning(
                "The rest of a file is left out: more than %d MiB of it are cached", MOST_BYTES >> 20
            )
            return
        yield int(index), bytes(content)
