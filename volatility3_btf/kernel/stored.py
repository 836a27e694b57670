# SPDX-License-Identifier: Apache-2.0
"""A kernel as it is kept between runs: types and symbols, small, loaded in milliseconds, checked by a hash.

One file: a magic, the length of a JSON header, the header, the sections it names one behind the other (all
little-endian), and the SHA-256 of everything before it. Addresses are link-time ones, so that the file serves
every boot of the kernel. The ISF is the format to share; this one may change with any version of the project.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import numpy as np

from ..bits import ALL_BITS
from ..blobs.blob import Blob
from ..btf import Header, Types
from ..memory.addresses import Virtual
from . import Kernel
from .paging.tables import PageTables
from .symbols import Symbols

MAGIC: Final = b"VOL3BTF\x04"
SUFFIX: Final = ".btfsym"

_DIGEST: Final = 32
_COLUMNS: Final = {"addresses": "<u8", "letters": "u1", "fixed": "?", "starts": "<i8"}
_PLAIN: Final = ("release", "architecture", "state")
_CONTENT: Final = "content of "
_OF_THE_IMAGE: Final = (
    *("kaslr_shift", "kaslr_found", "physical_shift", "layer_base", "memory_start", "lacking", "life"),
    *("untyped", "evidence", "doubts"),
)


class CompactError(ValueError):
    """A file that is damaged, or not of this format."""


def pack_kernel(kernel: Kernel) -> bytes:
    """The kernel's BTF, symbols, banner and release as one file; the same kernel gives the same bytes."""
    shift = kernel.kaslr_shift or 0
    sections: dict[str, bytes] = {"btf": kernel.blob.types.data}
    header: dict[str, Any] = {name: getattr(kernel, name) for name in _PLAIN}
    header["banner"] = None if kernel.banner is None else base64.b64encode(kernel.banner).decode("ascii")
    sections |= {f"{_CONTENT}{name}": data for name, data in sorted(kernel.contents.items())}
    symbols = kernel.symbols
    if symbols is not None:
        columns: dict[str, np.ndarray[Any, Any]]
        columns = {"addresses": symbols.link_addresses(shift), "letters": symbols.letters}
        columns |= {"fixed": symbols.fixed, "starts": symbols.starts}
        sections |= {name: columns[name].astype(kind).tobytes() for name, kind in _COLUMNS.items()}
        sections["text"] = symbols.text
        header["tables"] = {
            name: address - shift & ALL_BITS for name, address in sorted(symbols.tables.items())
        }
        header["told"] = {name: address - shift & ALL_BITS for name, address in sorted(symbols.told.items())}
        header |= {"lost": symbols.lost, "word": symbols.word}
    header["sections"] = {name: len(data) for name, data in sections.items()}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    body = b"".join((MAGIC, len(text).to_bytes(4, "little"), text, *sections.values()))
    return body + hashlib.sha256(body).digest()


def digest_of(kernel: Kernel) -> str:
    """Hexadecimal SHA-256 of all that `pack_kernel` packs: BTF, symbols, banner, release, state."""
    return pack_kernel(kernel)[-_DIGEST:].hex()


def unpack_kernel(data: bytes) -> Kernel:
    """The kernel that `pack_kernel` wrote; its addresses are link-time ones, its KASLR shift 0.

    Raises:
        CompactError: the file is damaged, cut short, or of another version.
    """
    body = memoryview(data)[:-_DIGEST]
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(body).digest() != data[-_DIGEST:]:
        raise CompactError("the stored symbol table is damaged or of another version")
    try:
        start = len(MAGIC) + 4
        length = int.from_bytes(data[len(MAGIC) : start], "little")
        header = json.loads(bytes(body[start : start + length]))
        return _kernel(header, _sections(header["sections"], body[start + length :]))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CompactError(f"the stored symbol table cannot be read: {error}") from error


def told_of(kernel: Kernel) -> dict[str, Any]:
    """What an image says of a kernel that is not packed, as plain values for `running_kernel`."""
    told = {name: getattr(kernel, name) for name in _OF_THE_IMAGE}
    tables = kernel.page_tables
    return told | {"offset": kernel.blob.offset, "page_tables": None if tables is None else asdict(tables)}


def running_kernel(packed: Kernel, told: Mapping[str, Any]) -> Kernel:
    """A kernel that was unpacked, as it runs in the image of which `told_of` was kept.

    Raises:
        CompactError: the values are not of the right kind.
    """
    try:
        shift, tables = int(told["kaslr_shift"] or 0), told["page_tables"]
        values: dict[str, Any] = {name: told[name] for name in _OF_THE_IMAGE}
        return replace(
            packed,
            **values,
            blob=replace(packed.blob, offset=int(told["offset"])),
            symbols=None if packed.symbols is None else _moved(packed.symbols, shift),
            page_tables=None if tables is None else PageTables(**tables),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CompactError(f"what was kept of a kernel cannot be read: {error}") from error


def _moved(symbols: Symbols, shift: int) -> Symbols:
    """Symbols with run-time addresses in place of link-time ones."""
    tables, told = (
        {name: Virtual(address + shift & ALL_BITS) for name, address in part.items()}
        for part in (symbols.tables, symbols.told)
    )
    return replace(symbols, addresses=symbols.link_addresses(-shift), tables=tables, told=told)


def _sections(lengths: dict[str, int], data: memoryview) -> dict[str, memoryview]:
    sections, position = {}, 0
    for name, length in lengths.items():
        sections[name] = data[position : position + length]
        position += length
    if position != len(data):
        raise CompactError("the sections do not fill the file")
    return sections


def _kernel(header: dict[str, Any], sections: dict[str, memoryview]) -> Kernel:
    btf = bytes(sections["btf"])
    types = Types(btf)
    blob = Blob(0, Header.parse(btf), "kernel", "complete", btf, "", types.counts, types)
    plain = {name: header[name] for name in _PLAIN}
    if not all(isinstance(value, str | None) for value in (*plain.values(), header["banner"])):
        raise CompactError("the header's texts are none")
    contents = {
        name.removeprefix(_CONTENT): bytes(data)
        for name, data in sections.items()
        if name.startswith(_CONTENT)
    }
    return Kernel(
        blob,
        banner=None if header["banner"] is None else base64.b64decode(header["banner"]),
        symbols=_symbols(header, sections) if "text" in sections else None,
        kaslr_shift=0,
        contents=contents,
        **plain,
    )


def _symbols(header: dict[str, Any], sections: dict[str, memoryview]) -> Symbols:
    columns = {name: np.frombuffer(sections[name], kind) for name, kind in _COLUMNS.items()}
    text, starts = bytes(sections["text"]), columns["starts"]
    if len({len(column) for column in columns.values()}) != 1:
        raise CompactError("the symbols' columns differ in length")
    if text[-1:] != b"\0" or (len(starts) and not 0 <= starts.min() <= starts.max() < len(text)):
        raise CompactError("the symbols' names are not in the text")
    tables, told = (
        {str(name): Virtual(int(address) & ALL_BITS) for name, address in header[part].items()}
        for part in ("tables", "told")
    )
    lost, word = int(header["lost"]), int(header["word"])
    return Symbols(**columns, text=text, tables=tables, told=told, lost=lost, word=word)
