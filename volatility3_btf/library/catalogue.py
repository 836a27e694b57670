# SPDX-License-Identifier: Apache-2.0
"""The catalogue of a library: one SQLite file, made of the records; the same records give the same bytes."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from ..isf.document import write_aside
from ..isf.table_files import BTF_SUFFIX, ISF_SUFFIX
from ..version import NAME, VERSION
from .entry import Entry
from .folder import CATALOGUE, TABLES, LibraryError, entry_from

SCHEMA: Final = 1
"""The number of the layout, in SQLite's `user_version`."""

_TABLES: Final = """
CREATE TABLE library (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE kernels (
    name TEXT PRIMARY KEY, identity TEXT, release TEXT, banner TEXT, build_id TEXT, architecture TEXT,
    distribution TEXT, btf_sha256 TEXT, symbols_sha256 TEXT, types INTEGER, structs INTEGER,
    functions INTEGER, symbols INTEGER, typed_symbols INTEGER, state TEXT,
    isf_sha256 TEXT, isf_size INTEGER, btf_size INTEGER
) WITHOUT ROWID;
CREATE TABLE sources (
    kernel TEXT REFERENCES kernels (name), path TEXT, member TEXT, sha256 TEXT, size INTEGER,
    member_sha256 TEXT, layers TEXT, build_id TEXT, state TEXT, doubts TEXT
);
CREATE TABLE problems (path TEXT PRIMARY KEY, sha256 TEXT, size INTEGER, problem TEXT) WITHOUT ROWID;
CREATE TABLE notes (path TEXT, note TEXT);
CREATE INDEX kernels_by_banner ON kernels (banner);
CREATE INDEX kernels_by_build_id ON kernels (build_id);
CREATE INDEX kernels_by_btf ON kernels (btf_sha256);
CREATE INDEX sources_by_kernel ON sources (kernel);
"""

_KERNEL: Final = (*(field.name for field in fields(Entry)), "isf_sha256", "isf_size", "btf_size")


def write_catalogue(folder: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write the catalogue of all records into a library's folder. Raises OSError."""
    records = list(records)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / CATALOGUE
        with closing(sqlite3.connect(path)) as base:
            base.executescript(f"PRAGMA page_size=4096; PRAGMA user_version={SCHEMA}; {_TABLES}")
            base.executemany("INSERT INTO library VALUES (?, ?)", [("producer", NAME), ("version", VERSION)])
            for kernel in best_of(records):
                base.execute(_insert("kernels", len(_KERNEL)), [kernel[name] for name in _KERNEL])
            base.executemany(_insert("sources", 10), _sources(records))
            base.executemany(_insert("problems", 4), _problems(records))
            base.executemany(_insert("notes", 2), _notes(records))
            base.commit()
        data = path.read_bytes()
    write_aside(folder / CATALOGUE, data)


def best_of(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each kernel once, in order of name: as the best of the files says it in which it is."""
    best: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
    for record in records:
        for kernel in record["kernels"]:
            rank = (*entry_from(kernel).rank, kernel["isf_sha256"])
            if kernel["name"] not in best or rank < best[kernel["name"]][0]:
                best[kernel["name"]] = rank, kernel
    return [best[name][1] for name in sorted(best)]


def _insert(table: str, columns: int) -> str:
    return f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"


def _sources(records: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for record in records:
        for kernel in record["kernels"]:
            yield (
                *(kernel["name"], record["path"], kernel["member"], record["sha256"], record["size"]),
                *(kernel["member_sha256"], kernel["layers"], kernel["build_id"], kernel["state"]),
                "; ".join(kernel["doubts"]),
            )


def _problems(records: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for record in records:
        if record["problem"]:
            yield record["path"], record["sha256"], record["size"], record["problem"]


def _notes(records: Iterable[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for record in records:
        yield from ((record["path"], note) for note in record["notes"])


class Catalogue:
    """A library's catalogue, opened to read it.

    Args:
        folder: the library.

    Raises:
        LibraryError: there is none, or it cannot be read.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        path = self.folder / CATALOGUE
        try:
            if not path.is_file():
                raise LibraryError(f"{folder} is no library: it has no {CATALOGUE}")
            self._base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            version = self._base.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise LibraryError(f"{path}: {error}") from error
        if version != SCHEMA:
            raise LibraryError(f"{path} is of another version: build the library again")
        self._base.row_factory = sqlite3.Row

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def kernels(self) -> list[Entry]:
        """All entries, in order of name."""
        return self._entries("SELECT * FROM kernels ORDER BY name")

    def matching(self, **wanted: str | None) -> list[Entry]:
        """The entries in which any of some columns has a value; columns that are None do not count.

        Args:
            wanted: banner, build_id, btf_sha256, symbols_sha256, release, …
        """
        given = {name: value for name, value in wanted.items() if value is not None and name in _KERNEL}
        if not given:
            return []
        condition = " OR ".join(f"{name} = ?" for name in given)
        return self._entries(f"SELECT * FROM kernels WHERE {condition} ORDER BY name", *given.values())

    def named(self, text: str) -> list[Entry]:
        """The entries that a user means: by release, by name or its beginning, or by digits of a hash."""
        pattern = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = ("name", "identity", "btf_sha256", "build_id")
        condition = " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns)
        exact = self._entries("SELECT * FROM kernels WHERE release = ? ORDER BY name", text)
        return exact or self._entries(
            f"SELECT * FROM kernels WHERE {condition} ORDER BY name", *[pattern] * len(columns)
        )

    def sources(self, entry: Entry) -> list[dict[str, Any]]:
        """Where an entry comes from: rows of the table `sources`, in order of path."""
        return self._rows("SELECT * FROM sources WHERE kernel = ? ORDER BY path, member", entry.name)

    def problems(self) -> list[dict[str, Any]]:
        """The files that gave no table, and why."""
        return self._rows("SELECT * FROM problems ORDER BY path")

    def isf(self, entry: Entry) -> Path:
        """The symbol file of an entry."""
        return self.folder / TABLES / (entry.name + ISF_SUFFIX)

    def btf(self, entry: Entry) -> Path:
        """The file with the BTF of an entry."""
        return self.folder / TABLES / (entry.name + BTF_SUFFIX)

    def _entries(self, query: str, *values: object) -> list[Entry]:
        return [entry_from(row) for row in self._rows(query, *values)]

    def _rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        try:
            return [dict(row) for row in self._base.execute(query, values)]
        except sqlite3.Error as error:
            raise LibraryError(f"{self.folder / CATALOGUE}: {error}") from error
