# SPDX-License-Identifier: Apache-2.0
"""The folder of a library: tables, records of what they were made from, and what is derived from these.

    linux/NAME.json.xz   symbol files, as Volatility reads them
    linux/NAME.btf.xz    the BTF that each was made from
    records/….record     one for each file that was looked into: what tells that it is done
    catalogue.sqlite     all kernels and where they come from; made anew from the records at the end
    banners.json         which symbol file is for which banner, as Volatility's --remote-isf-url wants it
    report.txt           the files that gave no table, and why

A record is written after the tables that it names, and every file is written aside and renamed: whenever a
build is killed, what is there is whole, and the next one goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ..isf.document import write_aside
from ..isf.table_files import BTF_SUFFIX, ISF_SUFFIX
from ..system import lock
from ..version import VERSION
from .entry import Entry
from .inputs import Input
from .work import FORMAT, Outcome, Table

TABLES, RECORDS = "linux", "records"
CATALOGUE, BANNERS, REPORT = "catalogue.sqlite", "banners.json", "report.txt"

_RECORD: Final = ".record"
_MOST_RECORD: Final = 1 << 20
"""Bytes; a record of 64 kernels has 100,000."""


class LibraryError(Exception):
    """What cannot be done with a library; the message is for the user."""


class Folder:
    """The files of a library.

    Args:
        path: the folder; it is made if it is missing.

    Raises:
        LibraryError: it cannot be written to, or another build is writing to it.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))
        try:
            for name in (TABLES, RECORDS):
                (self.path / name).mkdir(parents=True, exist_ok=True)
            self._lock = _locked(self.path)
            for part in (self.path, self.path / TABLES, self.path / RECORDS):
                for left in part.glob(".*.part"):  # of a build that was killed
                    left.unlink(missing_ok=True)
        except OSError as error:
            raise LibraryError(f"{self.path}: {error.strerror or error}") from error
        self._records = {record["path"]: record for record in self._read_records()}
        self._best = self._ranked()

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def records(self) -> list[dict[str, Any]]:
        """All records, in order of path."""
        return [self._records[path] for path in sorted(self._records)]

    def has(self, source: Input) -> bool:
        """Whether a file has been looked into as it is now, by this version, and its tables are there."""
        record = self._records.get(str(source.path))
        return (
            record is not None
            and not record["again"]
            and (record["size"], record["mtime"]) == (source.size, source.mtime)
            and all(self._has_table(kernel["name"]) for kernel in record["kernels"])
        )

    def add(self, outcome: Outcome) -> None:
        """Keep what came of a file: the tables first, then the record. Raises OSError."""
        for table in outcome.tables:
            self._add_table(table)
        record = outcome.record
        write_aside(self._record_path(record["path"]), _packed(record))
        self._records[record["path"]] = record

    def _add_table(self, table: Table) -> None:
        """Write a kernel's files unless as good ones are there; of two that are as good the hash chooses.

        So what is there in the end does not hang on which came first.
        """
        name = table.entry.name
        rank = _rank(table.entry, hashlib.sha256(table.isf).hexdigest())
        if self._has_table(name) and self._best.get(name, rank) <= rank and name in self._best:
            return
        write_aside(self.path / TABLES / (name + BTF_SUFFIX), table.btf)
        write_aside(self.path / TABLES / (name + ISF_SUFFIX), table.isf)
        self._best[name] = rank

    def _has_table(self, name: str) -> bool:
        return all((self.path / TABLES / (name + suffix)).is_file() for suffix in (ISF_SUFFIX, BTF_SUFFIX))

    def _ranked(self) -> dict[str, tuple[Any, ...]]:
        """How good the table of each name is that is there: the best of all records that have it."""
        best: dict[str, tuple[Any, ...]] = {}
        for record in self.records:
            for kernel in record["kernels"]:
                rank = _rank(entry_from(kernel), kernel["isf_sha256"])
                best[kernel["name"]] = min(best.get(kernel["name"], rank), rank)
        return best

    def _record_path(self, path: str) -> Path:
        digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
        return self.path / RECORDS / (digest + _RECORD)

    def _read_records(self) -> Iterator[dict[str, Any]]:
        """The records of this version that are whole; others are made again."""
        for file in sorted((self.path / RECORDS).glob(f"*{_RECORD}")):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                if file.stat().st_size > _MOST_RECORD:
                    continue
                record = json.loads(file.read_bytes())
                is_ours = (record["format"], record["version"]) == (FORMAT, VERSION)
                if is_ours and self._record_path(record["path"]) == file:
                    for kernel in record["kernels"]:
                        entry_from(kernel)
                    yield record


def entry_from(kernel: dict[str, Any]) -> Entry:
    """The entry that a record tells of. Raises KeyError, TypeError."""
    return Entry(**{name: kernel[name] for name in Entry.__dataclass_fields__})


def _rank(entry: Entry, isf_sha256: str) -> tuple[Any, ...]:
    return (*entry.rank, isf_sha256)


def _packed(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def _locked(path: Path) -> int | None:
    """A descriptor that keeps other builds away as long as it is open, however the process ends.

    None where the system cannot do that (Windows).

    Raises:
        LibraryError: another build is under way.
    """
    if sys.platform == "win32":
        return None
    descriptor = os.open(path, os.O_RDONLY)
    if not lock(descriptor):
        os.close(descriptor)
        raise LibraryError(f"{path}: another build is writing to it")
    return descriptor
