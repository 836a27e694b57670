# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Symbol files that the user has: which of them are for a kernel, and whose they are."""

from __future__ import annotations

import bz2
import logging
import lzma
import os
import re
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from volatility3.framework.automagic import symbol_cache

from ...version import NAME
from ..files import local_path, open_regular
from ..lines import one_line

log = logging.getLogger(__name__)

_ENDINGS: Final = {".json": b"}", ".xz": b"YZ"}
"""How JSON ends, and the footer of xz (The .xz File Format, 2.1.2.4)."""

_TAIL: Final = 64
_HEAD: Final = 4096
"""Bytes of a document that are looked at; what we write begins with its metadata."""

_PACKED: Final = 1 << 16
"""Bytes of a compressed file that are read for them."""

_MEMORY: Final = 1 << 26
"""Bytes that xz may take for them; a file that wants more is not one of ours."""

_UNPACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    ".json": lambda data: data[:_HEAD],
    ".xz": lambda data: lzma.LZMADecompressor(memlimit=_MEMORY).decompress(data, _HEAD),
    ".gz": lambda data: zlib.decompressobj(wbits=31).decompress(data, _HEAD),
    ".bz2": lambda data: bz2.BZ2Decompressor().decompress(data, _HEAD),
}

_OURS: Final = re.compile(rb'"producer":\{"name":"%s"' % NAME.encode())
_BTF: Final = re.compile(rb'"name":"BTF","hash_type":"sha256","hash_value":"([0-9a-f]{64})"')
_STATE: Final = re.compile(rb'"name":"kallsyms, ([a-z ]+)"')
_LIBRARY: Final = re.compile(r"(.+)-([0-9a-f]{12})-[0-9a-f]{12}\.json\.xz")
"""Names in a library."""

_NAME: Final = re.compile(r"(.+?)-([0-9a-f]{12})(?:-[0-9a-f]{12})?(?:-[0-9]{1,6})?\.json(?:\.xz|\.gz)?")


@dataclass(frozen=True)
class Written:
    """What a file that `linux.btfisf` wrote says of itself.

    Attributes:
        btf: digits that the hexadecimal SHA-256 of its BTF begins with, by its name and by its metadata.
        is_exact: whether its kernel was exact.
    """

    btf: tuple[str, ...]
    is_exact: bool

    def is_of(self, btf: str) -> bool:
        """Whether it was made from the BTF with this hash."""
        return all(btf.startswith(digits) for digits in self.btf)


@dataclass
class UserSymbols:
    """The Linux symbol files that Volatility's cache knows: those in the symbol path, and remote ones.

    Attributes:
        by_banner: banner → the file that Volatility takes for it: the last of the cache's rows.
    """

    by_banner: dict[bytes, str] = field(default_factory=dict)
    _cache: symbol_cache.CacheManagerInterface | None = None
    _told: set[str] = field(default_factory=set)

    @classmethod
    def load(cls) -> UserSymbols:
        """Read Volatility's cache, which its own automagic has brought up to date just before."""
        try:
            cache = symbol_cache.load_cache_manager()
            rows = cache.get_identifier_dictionary(operating_system="linux")
        except (OSError, ValueError, symbol_cache.sqlite3.Error) as error:
            log.info("no cache of symbol files: %s", error)
            return cls()
        return cls({bytes(banner): url for banner, url in rows.items() if banner}, cache)

    def __contains__(self, banner: bytes) -> bool:
        return self._stock(banner) is not None

    def has_foreign(self, banner: bytes) -> bool:
        """Whether there is a file for a banner that `linux.btfisf` did not write."""
        return any(_written_by_us(url, banner) is None for url in self._files(banner))

    def choose(
        self, banner: bytes, btf: str | None = None, is_exact: bool = False, own: bool = True
    ) -> list[str]:
        """The files to try for a kernel, best first; empty if the user has none.

        The user's own come before those that `linux.btfisf` wrote. Of these, only such as were made from the
        same BTF count, exact ones first; none where the image itself is exact, for it has all that they have.

        Args:
            banner: the bytes of `linux_banner`.
            btf: hexadecimal SHA-256 of the kernel's BTF, where that is in the image.
            is_exact: whether the kernel in the image is exact.
            own: whether the user's own are among them.
        """
        theirs: list[str] = []
        ours: list[tuple[bool, str]] = []
        for url in self._files(banner):
            written = _written_by_us(url, banner)
            if written is None:
                theirs += [url] * own
            elif is_exact:
                log.info("the image has all that is in %s, which linux.btfisf wrote", url)
            elif btf is None or written.is_of(btf):
                ours.append((not written.is_exact, url))
        return theirs + [url for _, url in sorted(ours, key=lambda each: each[0])]

    def library_tables(self, banner: bytes) -> list[str]:
        """The symbol files for a banner that `linux.btfisf` or a library's build wrote, best first."""
        return self.choose(banner, own=False)

    def _stock(self, banner: bytes) -> str | None:
        """The file that Volatility takes. Remote lists leave out the end of a banner: NUL, or newline too."""
        ends = (banner, banner.rstrip(b"\0"), banner.rstrip(b"\n\0"))
        return next((self.by_banner[end] for end in ends if end in self.by_banner), None)

    def _files(self, banner: bytes) -> list[str]:
        """The files with this banner, the one that Volatility takes first; whole, by their end."""
        stock = self._stock(banner)
        if stock is None:
            return []
        return [url for url in (stock, *self._others(banner, stock)) if self._is_whole(url)]

    def _others(self, banner: bytes, stock: str) -> list[str]:
        """The local files with this banner, but for the one that Volatility takes."""
        if self._cache is None:
            return []
        urls = [url for url in self._cache.get_local_locations() if url != stock]
        return sorted(url for url in urls if self._cache.get_identifier(url) == banner)

    def _is_whole(self, url: str) -> bool:
        """Whether a file is there and ends as it should; one line if not."""
        if _ends_well(url):
            return True
        if url not in self._told:
            self._told.add(url)
            log.warning("The symbol file %s is damaged or gone: it is passed over", one_line(url))
        return False


def _ends_well(url: str) -> bool:
    """Whether a local file ends as its format does; Volatility's cache knows it from when it was whole."""
    path = local_path(url)
    if path is None:
        return True
    ending = _ENDINGS.get(path.suffix, b"")
    try:
        with open_regular(path) as file:
            file.seek(-min(_TAIL, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return file.read(_TAIL).rstrip().endswith(ending)
    except OSError:
        return False


def _written_by_us(url: str, banner: bytes) -> Written | None:
    """What a file says of itself that `linux.btfisf` wrote for this banner; None for other files.

    It has the name that `linux.btfisf` gives, and names this project as its producer. A name alone says
    nothing, and a file that the user gave another name is the user's own choice. Of a file on a server the
    name must do: it is not fetched to be looked at.
    """
    from ...isf.document import safe_name

    release = re.match(rb"Linux version (\S{1,64}) ", banner)
    path = local_path(url)
    name = urllib.parse.unquote(urllib.parse.urlparse(url).path).rpartition("/")[2]
    match = (_LIBRARY if path is None else _NAME).fullmatch(name)
    if match is None or release is None or match[1] != safe_name(release[1].decode("latin-1")):
        return None
    if path is None:  # a library's, on a server: its name has as much of the BTF's hash as the others'
        return Written((match[2],), True)
    head = _head(path)
    if not _OURS.search(head):
        log.info("%s has a name as linux.btfisf gives, and another producer: it is the user's own", url)
        return None
    btf, state = _BTF.search(head), _STATE.search(head)
    digits = [match[2]] + ([] if btf is None else [btf[1].decode("ascii")])
    return Written(tuple(digits), state is None or state[1] == b"exact")


def _head(path: Path) -> bytes:
    """The first bytes of a document, decompressed; nothing where it cannot be read."""
    unpack = _UNPACK.get(path.suffix)
    try:
        with open_regular(path) as file:
            return b"" if unpack is None else unpack(file.read(_PACKED))
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return b""
