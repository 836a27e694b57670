# SPDX-License-Identifier: Apache-2.0
"""What is done with one file: its kernels are found, and a table is made of each. It runs in any process."""

from __future__ import annotations

import hashlib
import logging
import lzma
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ..btf import BtfError
from ..btf.spelling import printable
from ..files.descriptors import open_file, read_some
from ..isf import build_isf
from ..isf.document import XZ_PRESET
from ..version import VERSION
from .entry import Entry, entry_of
from .found import Found, NotHereError, NothingFoundError, kernels_in
from .inputs import Input

log = logging.getLogger(__name__)

FORMAT: Final = 1
"""Of records; one of another format or version is made again."""

MOST_KERNELS: Final = 64
"""Kernels of one file; an image has two or three, a package one or two."""

_MOST_DOUBTS, _LONGEST = 16, 400


class _Said(logging.Handler):
    """Collects what the library warns of while a file is looked into, in place of standard error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._log = logging.getLogger(__name__.partition(".")[0])

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning."""
        self.add(record.getMessage())

    def add(self, line: str) -> None:
        """Keep a line, unless there are too many."""
        if len(self.lines) < _MOST_DOUBTS:
            self.lines.append(line)

    def __enter__(self) -> _Said:
        self._log.addHandler(self)
        self._before, self._log.propagate = self._log.propagate, False
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = self._before


@dataclass(frozen=True)
class Table:
    """The files of one kernel.

    Attributes:
        entry: what it is.
        isf: Volatility's symbol file, compressed with xz.
        btf: the BTF, compressed with xz; where memory has lost its own, this stands in.
    """

    entry: Entry
    isf: bytes = field(repr=False)
    btf: bytes = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What came of one file.

    Attributes:
        record: what is kept of it; see `record_of`.
        tables: those of its kernels.
    """

    record: dict[str, Any]
    tables: list[Table] = field(default_factory=list)


def make_tables(source: Input) -> Outcome:
    """Find the kernels in a file and make their tables; whatever is wrong with it is in the record."""
    kernels: list[dict[str, Any]] = []
    tables: list[Table] = []
    digest = problem = ""
    again = False
    said = _Said()
    try:
        with said:
            digest = sha256_of(source)
            for found in kernels_in(source.path):
                if len(tables) == MOST_KERNELS:
                    problem = f"more than {MOST_KERNELS} kernels: the others were left out"
                    break
                if reason := unfit(found):
                    said.add(reason)
                    continue
                table = _table_of(found)
                tables.append(table)
                kernels.append(_described(found, table))
        if not tables and not problem:
            problem = said.lines.pop() if said.lines else "no kernel in it"
    except NothingFoundError as error:
        problem, again = str(error), isinstance(error, NotHereError)
    except OSError as error:
        problem = error.strerror or str(error)
    except MemoryError:
        return Outcome(record_of(source, digest, [], "there was too little memory for it", again=True))
    except Exception as error:  # one bad file must not stop the others, whatever it makes its reader raise
        log.debug("%s", source.path, exc_info=True)
        problem = f"{type(error).__name__}: {error}"
    return Outcome(record_of(source, digest, kernels, problem, again, said.lines), tables)


def unfit(found: Found) -> str:
    """Why a kernel gets no table; empty if it gets one.

    In memory there are remains of kernels, which no image is recognised by. On disk nothing has changed a
    kernel yet: where something contradicts, it was not read rightly.
    """
    kernel = found.kernel
    name = f"Linux {kernel.release or 'of unknown release'}"
    where = f" ({found.member})" if found.member else ""
    if kernel.blob.state != "complete":
        return f"{name}{where} gets no table: its BTF is {kernel.blob.state}: {kernel.blob.problem}"
    if kernel.state == "unchecked" and not found.has_run:
        return f"{name}{where} gets no table: {'; '.join(kernel.doubts[:2])}"
    if kernel.banner is None or kernel.symbols is None:
        lacking = "no usable symbols (kallsyms)" if kernel.symbols is None else "no banner"
        return f"{name}{where} gets no table: it has {lacking}"
    return ""


def record_of(
    source: Input,
    digest: str,
    kernels: list[dict[str, Any]],
    problem: str = "",
    again: bool = False,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """What is kept of a file.

    Args:
        source: which one it is.
        digest: its SHA-256; empty where it could not be read.
        kernels: what is in it.
        problem: why it gave nothing, or not all.
        again: whether the next build shall try it again, since the reason is not in the file.
        notes: what else was said of it.
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "path": str(source.path),
        "size": source.size,
        "mtime": source.mtime,
        "sha256": digest,
        "kernels": kernels,
        "problem": _short(problem),
        "again": again,
        "notes": [_short(note) for note in notes],
    }


def sha256_of(source: Input) -> str:
    """Hexadecimal SHA-256 of a file. Raises OSError, ValueError."""
    digest, offset = hashlib.sha256(), 0
    descriptor = open_file(source.path)
    try:
        while piece := read_some(descriptor, offset, 1 << 20):
            digest.update(piece)
            offset += len(piece)
    finally:
        os.close(descriptor)
    if offset != source.size:
        raise NothingFoundError(f"it has {offset} bytes now, and had {source.size}: it is being written")
    return digest.hexdigest()


def _table_of(found: Found) -> Table:
    kernel = found.kernel
    try:
        document = build_isf(kernel)
    except BtfError as error:
        raise NothingFoundError(f"the BTF of {kernel.release or 'its kernel'} is damaged: {error}") from error
    entry = entry_of(kernel, document, found.build_id)
    btf = lzma.compress(kernel.blob.types.data, preset=XZ_PRESET)
    return Table(entry, document.to_bytes("xz"), btf)


def _described(found: Found, table: Table) -> dict[str, Any]:
    kernel = found.kernel
    return {
        **table.entry.as_dict(),
        "isf_sha256": hashlib.sha256(table.isf).hexdigest(),
        "isf_size": len(table.isf),
        "btf_size": len(table.btf),
        "member": None if found.member is None else _short(found.member),
        "layers": ", ".join(found.layers),
        "member_sha256": found.sha256,
        "doubts": [_short(doubt) for doubt in kernel.doubts[:_MOST_DOUBTS]],
    }


def _short(text: str) -> str:
    """Text that may come from a file, for one line."""
    return printable(" ".join(text.split()))[:_LONGEST]
