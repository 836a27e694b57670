# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Results kept in a file, with their provenance: the image, versions, options, what was said."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from volatility3.framework import constants

from .. import __version__
from .errors import NoKernelError, SaveError
from .kernel import KernelInNotebook
from .packages import need
from .running import names
from .running.progress import bar
from .running.result import Result

if TYPE_CHECKING:
    from .running.runs import Runs

PROVENANCE: Final = "provenance"
"""The table with what is to be known of the image."""

CHANGED: Final = (
    "The image's file was written to after it was opened: results and hash need not be of one content"
)

_PIECE: Final = 16 << 20
"""Bytes of an image that are hashed at once."""


def described(results: Sequence[Result]) -> pa.Table:
    """What was run: plugin, options, rows, what was said, when."""
    rows = [
        {
            "plugin": each.plugin,
            "options": json.dumps(each.options, default=str),
            "started": each.started,
            "rows": len(each.table),
            "error": each.error or None,
            "lines": list(each.lines),
            "files": [str(path) for path in each.files],
        }
        for each in results
    ]
    return pa.Table.from_pylist(rows, schema=_RUNS)


_RUNS: Final = pa.schema(
    [
        ("plugin", pa.string()),
        ("options", pa.string()),
        ("started", pa.timestamp("us", tz="UTC")),
        ("rows", pa.int64()),
        ("error", pa.string()),
        ("lines", pa.list_(pa.string())),
        ("files", pa.list_(pa.string())),
    ]
)


def provenance(image: Runs) -> dict[str, Any]:
    """The image's SHA-256, the versions of what looked into it, the kernel and its evidence."""
    state = image.path.stat()
    found: dict[str, Any] = {
        "image": str(image.path.absolute()),
        "size": state.st_size,
        "sha256": sha256_of(image.path),
        "volatility3_btf": __version__,
        "volatility3": constants.PACKAGE_VERSION,
        "python": platform.python_version(),
        "lines": [*image.lines, *([CHANGED] if image.session.was_changed else [])],
    }
    try:
        kernel = KernelInNotebook(image.kernels[0])
        found["kernel"] = kernel.facts()
        found["evidence"], found["doubts"] = list(kernel.evidence), list(kernel.doubts)
    except NoKernelError as error:
        found["kernel"] = str(error)
    return found


def sha256_of(path: Path) -> str:
    """The hash of an image's file, which is read once for it."""
    size, done, digest = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb", buffering=0) as file, bar("SHA-256 of the image") as drawn:
        while piece := file.read(_PIECE):
            digest.update(piece)
            done += len(piece)
            drawn(100 * done / max(size, 1))
    return digest.hexdigest()


def save(image: Runs, target: Path) -> Path:
    """Write all results of an image aside, then put them in their place; see `Image.save`.

    Raises:
        SaveError: something else is there, or it cannot be written.
    """
    is_database = target.suffix in (".duckdb", ".db")
    told = provenance(image)
    try:
        _may_replace(target, is_database, told["sha256"])
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            if is_database:
                _as_database(image, told, aside / target.name)
                os.replace(aside / target.name, target)
            else:
                _as_parquet(image, told, aside / target.name)
                shutil.rmtree(target, ignore_errors=True)
                os.replace(aside / target.name, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise SaveError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def _may_replace(target: Path, is_database: bool, digest: str) -> None:
    """A target that is there may be what was saved of the same image earlier, and nothing else.

    Raises:
        SaveError: it is something else.
    """
    if not os.path.lexists(target):
        return
    try:
        there = _saved_digest(target, is_database)
    except Exception as error:  # a file that is none can make its reader raise anything
        raise SaveError(f"{target} is there and is not what was saved here: it is left as it is") from error
    if there != digest:
        raise SaveError(f"{target} is of another image (SHA-256 {there}): it is left as it is")


def _saved_digest(target: Path, is_database: bool) -> str:
    if not is_database:
        table = need("pyarrow.parquet").read_table(target / f"{PROVENANCE}.parquet")
        found = dict(zip(table["name"].to_pylist(), table["value"].to_pylist(), strict=True))
        return str(json.loads(found["sha256"]))
    with need("duckdb").connect(str(target), read_only=True) as connection:
        query = f"select value from {PROVENANCE} where name = 'sha256'"
        return str(json.loads(connection.execute(query).fetchall()[0][0]))


def _as_database(image: Runs, told: dict[str, Any], path: Path) -> None:
    from .sql.tables import Table, create

    with need("duckdb").connect(str(path)) as connection:
        for table in _tables(image):
            create(connection, table)
        create(
            connection, Table("runs", _with_tables(image), "what was run, with which options, what was said")
        )
        create(connection, Table(PROVENANCE, _pairs(told), "which image, which versions, which kernel"))


def _as_parquet(image: Runs, told: dict[str, Any], folder: Path) -> None:
    parquet = need("pyarrow.parquet")
    folder.mkdir()
    about = {"volatility3_btf.provenance": json.dumps(told)}
    for table in _tables(image):
        comments = dict(zip(table.data.column_names, table.comments, strict=True))
        kept = {
            **about,
            "volatility3_btf.comment": table.about,
            "volatility3_btf.columns": json.dumps(comments),
        }
        parquet.write_table(table.data.replace_schema_metadata(kept), folder / f"{table.name}.parquet")
    parquet.write_table(_with_tables(image), folder / "runs.parquet")
    parquet.write_table(_pairs(told), folder / f"{PROVENANCE}.parquet")


def _tables(image: Runs) -> list[Any]:
    from .sql.tables import table_of

    called = table_names(image.results)
    return [
        table_of(each, name, names.find(each.plugin).about)
        for name, each in zip(called, image.results, strict=True)
    ]


def table_names(results: Sequence[Result]) -> list[str]:
    """What the results' tables are called: as the method, with a number from the second set of options on."""
    found: list[str] = []
    for each in results:
        short = names.find(each.plugin).short
        number, name = 1, short
        while name in found:
            number += 1
            name = f"{short}_{number}"
        found.append(name)
    return found


def _with_tables(image: Runs) -> pa.Table:
    called = pa.array(table_names(image.results), pa.string())
    return described(image.results).add_column(0, "table_name", called)


def _pairs(told: dict[str, Any]) -> pa.Table:
    """Names and values, the values as JSON."""
    values = [json.dumps(value, default=str) for value in told.values()]
    return pa.table({"name": pa.array(told, pa.string()), "value": pa.array(values, pa.string())})
