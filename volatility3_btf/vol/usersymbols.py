# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Symbol files that the user has: which of them is for a kernel, and which one Volatility would take."""

from __future__ import annotations

import logging
import os
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from volatility3.framework.automagic import symbol_cache

log = logging.getLogger(__name__)

_ENDINGS = {".json": b"}", ".xz": b"YZ"}
"""How JSON ends, and the footer of xz (The .xz File Format, 2.1.2.4)."""

_TAIL = 64


@dataclass(frozen=True)
class Choice:
    """A user's symbol file for a kernel.

    Attributes:
        url: where it is.
        is_stock: whether Volatility by itself takes this one for the banner.
        is_ours: whether `linux.btfisf` wrote it.
    """

    url: str
    is_stock: bool
    is_ours: bool = False


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
        return self.url_of(banner) is not None

    def url_of(self, banner: bytes) -> str | None:
        """The file that Volatility takes, if it is whole, as far as its end tells.

        Remote lists leave out the newline and NUL at a banner's end.
        """
        url = self.by_banner.get(banner) or self.by_banner.get(banner.rstrip(b"\n\0"))
        if url is None or _ends_well(url):
            return url
        if url not in self._told:
            self._told.add(url)
            log.warning("The symbol file %s is damaged or gone: it is passed over", url)
        return None

    def has_foreign(self, banner: bytes) -> bool:
        """Whether that file is one which `linux.btfisf` did not write."""
        url = self.url_of(banner)
        return url is not None and _written_by_us(url, banner) is None

    def choose(self, banner: bytes, btf: str) -> Choice | None:
        """The file to use for a kernel; None if the user has none.

        Files that `linux.btfisf` wrote for another build with the same banner are told by their names and
        passed over; the user's other files come before those of `linux.btfisf`.

        Args:
            banner: the bytes of `linux_banner`.
            btf: hexadecimal SHA-256 of the kernel's BTF.
        """
        stock = self.url_of(banner)
        if stock is None:
            return None
        if _written_by_us(stock, banner) is None:
            return Choice(stock, True)
        rows = [stock, *self._others(banner, stock)]
        own = [url for url in rows if _written_by_us(url, banner) is None]
        fitting = own or [url for url in rows if _written_by_us(url, banner) == btf[:12]]
        return Choice(fitting[0], fitting[0] == stock, not own) if fitting else None

    def _others(self, banner: bytes, stock: str) -> list[str]:
        """The local files with this banner, but for the one that Volatility takes."""
        if self._cache is None:
            return []
        urls = [url for url in self._cache.get_local_locations() if url != stock]
        return sorted(url for url in urls if self._cache.get_identifier(url) == banner)


def _ends_well(url: str) -> bool:
    """Whether a local file ends as its format does; Volatility's cache knows it from when it was whole."""
    parts = urllib.parse.urlparse(url)
    if parts.scheme != "file":
        return True
    path = Path(urllib.request.url2pathname(parts.path))
    ending = _ENDINGS.get(path.suffix, b"")
    try:
        with path.open("rb") as file:
            file.seek(-min(_TAIL, path.stat().st_size), os.SEEK_END)
            return file.read(_TAIL).rstrip().endswith(ending)
    except OSError:
        return False


def _written_by_us(url: str, banner: bytes) -> str | None:
    """The BTF digits in the name that `linux.btfisf` gives a file for this banner; None for other files."""
    release = re.match(rb"Linux version (\S{1,64}) ", banner)
    name = urllib.parse.unquote(url.rsplit("/", 1)[-1])
    match = re.fullmatch(r"(.+)-([0-9a-f]{12})\.json(?:\.xz|\.gz)?", name)
    if release is None or match is None or match[1] != release[1].decode("latin-1"):
        return None
    return match[2]
