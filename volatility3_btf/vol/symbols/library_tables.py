# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Tables of a library, in a folder or on a server, as Volatility's symbol cache knows them."""

from __future__ import annotations

import logging
import re
import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from volatility3.framework import constants, exceptions

from ..files import local_path, open_regular
from ..lines import one_line
from .user_files import UserSymbols

if TYPE_CHECKING:
    from ...btf import Types
    from ...isf.table_files import Agreement
    from ...kernel import Kernel

log = logging.getLogger(__name__)

_DIGITS: Final = re.compile(r"-([0-9a-f]{12})-[0-9a-f]{12}\.json\.xz")

FAULTS: Final = (OSError, ValueError, EOFError, exceptions.VolatilityException)


class Library:
    """The tables that the user has of kernels, by their banners.

    Args:
        user: the symbol files that Volatility's cache knows.
    """

    def __init__(self, user: UserSymbols) -> None:
        self._user = user
        self._urls: dict[str, str] = {}

    def lend(self, banner: bytes) -> Iterator[tuple[Types, str]]:
        """The types of each table for a banner, with a phrase that says whose they are."""
        from ...isf.table_files import BTF_SUFFIX, ISF_SUFFIX, read_btf

        for url in self._user.library_tables(banner):
            match = _DIGITS.search(urllib.parse.unquote(url))
            if match is None or not url.endswith(ISF_SUFFIX):
                continue
            try:
                types = read_btf(_fetched(url.removesuffix(ISF_SUFFIX) + BTF_SUFFIX), match[1])
            except FAULTS as error:
                log.info("no BTF beside %s: %s", url, error)
                continue
            whose = f"those of the library's table {one_line(url)}, chosen by the banner"
            self._urls[whose] = url
            yield types, whose

    def url_of(self, kernel: Kernel) -> str:
        """The symbol file of the table whose types a kernel was lent."""
        return self._urls[kernel.blob.lent]

    def agreement(self, kernel: Kernel) -> Agreement | None:
        """How the kernel's own symbols agree with the table's; None where nothing can be compared."""
        from ...isf.table_files import addresses_of, agreement_of, read_document

        try:
            content = read_document(_fetched(self.url_of(kernel)))
        except FAULTS as error:
            log.warning("The symbol file %s cannot be read: %s", one_line(self.url_of(kernel)), error)
            return None
        return agreement_of(kernel, addresses_of(content))


def _fetched(url: str) -> bytes:
    """The bytes of a file, as they lie there. Raises what is in `FAULTS`."""
    from ...isf.table_files import MOST_PACKED

    path = local_path(url)
    if path is not None:
        with open_regular(path) as file:
            return file.read(MOST_PACKED)
    if constants.OFFLINE:
        raise exceptions.OfflineException(url)
    import urllib.request

    with urllib.request.urlopen(url, timeout=60) as answer:
        data: bytes = answer.read(MOST_PACKED)
    return data
