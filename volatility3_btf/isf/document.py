# SPDX-License-Identifier: Apache-2.0
"""The ISF document of a kernel: what Volatility reads as a symbol file (schema 6.2.0)."""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import lzma
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ..kernel import Kernel
from ..kernel.stored import digest_of
from ..system import drop, rename_over
from ..version import NAME, VERSION
from .symbols import SymbolEntries, count_typed
from .types import Entry, TypeEntries

Compression = Literal["xz", "gz", "none"]

FORMAT: Final = "6.2.0"
"""The newest format that Volatility's table classes read."""

PRODUCER: Final = {"name": NAME, "version": VERSION}

XZ_PRESET: Final = 0
"""Two thirds of the time of the next one, for files 6 % larger."""

_SUFFIX: Final[dict[Compression, str]] = {"xz": ".json.xz", "gz": ".json.gz", "none": ".json"}


@dataclass(frozen=True)
class Document:
    """An ISF document.

    Attributes:
        stem: the file name without suffixes: release and the first 12 digits of the BTF's SHA-256.
        content: the document: metadata, base_types, user_types, enums, symbols.
        typed: how many symbols have a type other than void.
        digest: hexadecimal SHA-256 of all that it was made of.
    """

    stem: str
    content: Mapping[str, Any]
    typed: int
    digest: str

    @property
    def symbols(self) -> int:
        """How many symbols there are."""
        return len(self.content["symbols"])

    def file_name(self, compression: Compression = "xz") -> str:
        """The file's name, made of characters that are safe in any file system."""
        return self.stem + _SUFFIX[compression]

    def installed_name(self, compression: Compression = "xz") -> str:
        """The name in a folder that holds tables of many images: digits of `digest` are in it."""
        digits = f"-{self.digest[:12]}"
        return self.stem.removesuffix(digits) + digits + _SUFFIX[compression]

    def to_bytes(self, compression: Compression = "xz") -> bytes:
        """The document as JSON, compressed as the file name says; the same document gives the same bytes."""
        text = _as_json(self.content)
        if compression == "xz":
            return lzma.compress(text, preset=XZ_PRESET)
        return gzip.compress(text, compresslevel=6, mtime=0) if compression == "gz" else text

    def write(self, folder: str | os.PathLike[str], compression: Compression = "xz") -> Path:
        """Write the document into a folder and return the file's path.

        The file is written aside and renamed, so that no reader ever sees half of it; one of its name is
        replaced. Raises OSError.
        """
        target = Path(folder) / self.file_name(compression)
        write_aside(target, self.to_bytes(compression))
        return target

    def write_beside(self, folder: str | os.PathLike[str], compression: Compression = "xz") -> Path:
        """The same; a file of its name with other content is left, and a number goes into the new one's name.

        Raises OSError.
        """
        data = self.to_bytes(compression)
        name, is_there = free_name(Path(folder), self.file_name(compression), data)
        if not is_there:
            write_aside(Path(folder) / name, data)
        return Path(folder) / name


def build_isf(kernel: Kernel) -> Document:
    """Make the symbol table of a kernel from its BTF and, where they were recovered, its symbols.

    Raises:
        BtfError: the kernel's BTF does not decode.
    """
    with _no_collections():
        entries = TypeEntries(kernel.blob.types)
        table = SymbolEntries(kernel, entries).all()
        digest = digest_of(kernel)
        content: dict[str, Entry] = {
            "metadata": {"format": FORMAT, "producer": PRODUCER, "linux": _sources(kernel, digest)},
            "base_types": entries.base_types,
            "user_types": {name: entries.user_type(name) for name in entries.user_types},
            "enums": {name: entries.enum(name) for name in entries.enums},
            "symbols": table,
        }
        return Document(stem_of(kernel), content, count_typed(table), digest)


def _sources(kernel: Kernel, digest: str) -> Entry:
    """What the format has room for: where types and symbols come from, and hashes.

    The types' hash is that of the BTF; the symbols' is that of all that the document was made of, the BTF and
    the banner too, as in the name of a stored table.
    """
    return {
        "types": [{"name": "BTF", "hash_type": "sha256", "hash_value": kernel.blob.sha256}],
        "symbols": [
            {"name": f"kallsyms, {kernel.state}", "hash_type": "sha256", "hash_value": digest},
        ],
    }


def _as_json(content: Mapping[str, Entry]) -> bytes:
    """A document as JSON: the same bytes without orjson as with it, in ten times the time."""
    try:
        from orjson import dumps
    except ImportError:
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    text: bytes = dumps(content)
    return text


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """No search for garbage cycles: it would go over half a million new dictionaries, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def stem_of(kernel: Kernel) -> str:
    """Release and the first 12 digits of the BTF's SHA-256, for file names."""
    return f"{safe_name(kernel.release)}-{kernel.blob.sha256[:12]}"


def safe_name(text: str | None) -> str:
    """Text from an image as a part of a file name: bounded, of safe characters, never empty.

    It starts with none that shells and programs take for something else: an option, a hidden file, a home.
    """
    return re.sub(r"[^A-Za-z0-9._+~-]", "_", text or "")[:64].lstrip(".-+~") or "unknown"


def free_name(folder: Path, name: str, data: bytes) -> tuple[str, bool]:
    """A name that no file in a folder has, or of one that has this content; and which it is.

    Volatility's own number would go before the last suffix alone, and a `.json-1.xz` is no symbol file.
    """
    suffixes = "".join(Path(name).suffixes[-2:]) if ".json." in name else Path(name).suffix
    stem, number, chosen = name.removesuffix(suffixes), 0, name
    while os.path.lexists(path := folder / chosen):
        if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
            return chosen, True
        number += 1
        chosen = f"{stem}-{number}{suffixes}"
    return chosen, False


def write_aside(target: Path, data: bytes) -> None:
    """Write a file under a temporary name beside its own, then rename it. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as output:
            output.write(data)
            output.flush()
            os.fsync(output.fileno())
        os.chmod(name, 0o644)
        rename_over(name, target)
    except BaseException:
        drop(name)
        raise
