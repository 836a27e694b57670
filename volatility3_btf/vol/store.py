# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The symbol tables that were made from images, kept for later runs.

They lie in the folder `btf` of Volatility's per-user symbol folder. Their suffix is not one of those that
Volatility's own cache looks for: a table from here is used for the very kernel it was made of, and can never
take the place of a symbol file that the user put there. Any of the files may be deleted at any time.

A file holds a line of text that names the format, a line of JSON (the header), and the zlib-compressed ISF
document, whose SHA-256 the header has.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import logging
import time
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volatility3.framework import constants

from ..version import VERSION

if TYPE_CHECKING:
    from ..kernel import Kernel

log = logging.getLogger(__name__)

MAGIC = b"volatility3-btf symbol table 1\n"
SUFFIX = ".btfsymbols"
MAX_HEADER = 1 << 16
"""Bytes of the header's line."""
MAX_FILE = 1 << 28
MAX_CONTENT = 1 << 30
"""Bytes; what a table may have in the file and unpacked (a kernel's have 3 and 25 MB)."""

ABANDONED = 3600
"""Seconds after which a half-written file is known to be left over from a killed run."""


class StoreError(Exception):
    """A stored table that is missing, damaged or not what its name says; the message is for the user."""


@dataclass(frozen=True)
class Key:
    """What a table was made of; the same key means the same table.

    Beside the BTF and the banner there are the symbols, so that an image whose kallsyms were damaged or
    forged never gives its table to another one.

    Attributes:
        btf: hexadecimal SHA-256 of the kernel's BTF.
        banner: the bytes of `linux_banner`; empty if it was not found.
        symbols: hexadecimal SHA-256 of the symbols with their link-time addresses.
        release: the kernel's release, for the file's name; of characters that are safe there.
    """

    btf: str
    banner: bytes
    symbols: str
    release: str

    @property
    def file_name(self) -> str:
        """Release, the first 12 digits of the BTF's hash, and 12 more that stand for the rest of the key."""
        rest = hashlib.sha256(f"{self.btf} {self.symbols} ".encode() + self.banner).hexdigest()
        return f"{self.release}-{self.btf[:12]}-{rest[:12]}{SUFFIX}"

    def as_header(self) -> dict[str, str]:
        """The key as it stands in a file's header."""
        banner = base64.b64encode(self.banner).decode("ascii")
        return {"btf": self.btf, "banner": banner, "symbols": self.symbols, "release": self.release}


@dataclass(frozen=True, eq=False)
class Table:
    """A stored table.

    Attributes:
        key: what it was made of.
        content: the ISF document.
    """

    key: Key
    content: Mapping[str, Any]


def key_of(kernel: Kernel) -> Key:
    """The key of a kernel's table."""
    from ..isf.document import stem_of

    digest = hashlib.sha256()
    symbols = kernel.symbols
    if symbols is not None:
        shift = kernel.kaslr_shift or 0
        digest.update(symbols.link_addresses(shift).tobytes())
        digest.update(symbols.letters.tobytes())
        digest.update(symbols.text)
        places = {name: address - shift for name, address in symbols.tables.items()}
        digest.update(repr(sorted(places.items())).encode())
    release = stem_of(kernel)[: -len(kernel.blob.sha256[:12]) - 1]
    return Key(kernel.blob.sha256, kernel.banner or b"", digest.hexdigest(), release)


def folder() -> Path:
    """Where tables are kept."""
    return Path(constants.SYMBOL_BASEPATHS[-1]) / "btf"


def path_for(key: Key) -> Path:
    """The file in which the table of this key is, or would be."""
    return folder() / key.file_name


def path_of(url: str) -> Path:
    """The path that a file URL names. Raises StoreError for any other URL."""
    parts = urllib.parse.urlparse(url)
    if parts.scheme != "file":
        raise StoreError(f"not a stored symbol table: {url}")
    return Path(urllib.request.url2pathname(parts.path))


def find_table(key: Key) -> Table | None:
    """The stored table of this key; None, with the reason on the log, if it has to be made."""
    path = path_for(key)
    try:
        table = read_table(path)
    except FileNotFoundError:
        return None
    except StoreError as error:
        log.info("%s: it is made again", error)
        return None
    if table.key != key:
        log.info("%s is of another kernel: it is made again", path)
        return None
    return table


def read_table(path: Path) -> Table:
    """Read a table and check it against its hash.

    Raises:
        FileNotFoundError: there is none.
        StoreError: it is damaged, or of another version of this project.
    """
    import orjson

    try:
        with path.open("rb") as source:
            key, digest = _read_header(path, source)
            packed = source.read(MAX_FILE)
        if hashlib.sha256(packed).hexdigest() != digest:
            raise StoreError(f"{path} is damaged: its content does not have the hash it should")
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MAX_CONTENT)
        content = orjson.loads(text)
    except FileNotFoundError:
        raise
    except (OSError, zlib.error, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("metadata"), dict):
        raise StoreError(f"{path} holds no symbol table")
    return Table(key, content)


def write_table(key: Key, content: Mapping[str, Any]) -> Path:
    """Store a table; whoever reads meanwhile sees the old file or the new one, whole.

    Raises:
        OSError: the folder cannot be written.
    """
    import orjson

    from ..isf.document import write_aside

    packed = zlib.compress(orjson.dumps(content), 1)
    header = {**key.as_header(), "producer": VERSION, "sha256": hashlib.sha256(packed).hexdigest()}
    path = path_for(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path.parent)
    write_aside(path, MAGIC + orjson.dumps(header) + b"\n" + packed)
    return path


def _read_header(path: Path, source: Any) -> tuple[Key, str]:
    """The key and the content's hash, from the start of an open file."""
    import orjson

    if source.read(len(MAGIC)) != MAGIC:
        raise StoreError(f"{path} is not a symbol table of this version")
    try:
        header = orjson.loads(source.readline(MAX_HEADER))
        texts = [header[name] for name in ("btf", "symbols", "release", "producer", "sha256", "banner")]
        btf, symbols, release, producer, digest, banner = map(str, texts)
        key = Key(btf, base64.b64decode(banner, validate=True), symbols, release)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise StoreError(f"{path} has a damaged header") from error
    if producer != VERSION:
        raise StoreError(f"{path} was made by version {producer[:20]} of this project")
    return key, digest


def _remove_abandoned(place: Path) -> None:
    """Remove what killed runs left half written."""
    for path in place.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def stored() -> Iterator[Path]:
    """The files of all stored tables, by name."""
    return iter(sorted(folder().glob(f"*{SUFFIX}")))
