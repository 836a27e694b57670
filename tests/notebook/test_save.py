# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Results that are kept, with their provenance."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet
import pytest

from dumpmaker.cache import Dump
from volatility3_btf import __version__, notebook

Dumps = Callable[[str], Dump]


@pytest.fixture
def image(dump: Dumps) -> notebook.Image:
    image = notebook.open(dump("amd64-6.12").raw, progress=False)
    image.pslist()
    image.lsof(pid=[1])
    image.lsof(pid=[2])
    return image


def test_a_case_file_holds_what_was_run_and_of_which_image(image: notebook.Image, tmp_path: Path) -> None:
    path = image.save(tmp_path / "new folder" / "case.duckdb")
    with duckdb.connect(str(path), read_only=True) as saved:
        told = {name: json.loads(value) for name, value in saved.execute("from provenance").fetchall()}
        runs = saved.execute("select table_name, plugin, options from runs").fetchall()
        count = saved.execute("select count(*) from pslist").fetchall()
        comments = dict(saved.execute("select table_name, comment from duckdb_tables()").fetchall())
    assert told["sha256"] == hashlib.sha256(image.path.read_bytes()).hexdigest()
    assert told["volatility3_btf"] == __version__ and told["kernel"]["state"] == "exact"
    assert told["evidence"] == list(image.kernel.evidence)
    assert ("lsof_2", "linux.lsof.Lsof", '{"pid": [2]}') in runs
    assert count == [(len(image.pslist()),)]
    assert comments["pslist"].startswith("Lists the processes")


def test_parquet_files_hold_the_same(image: notebook.Image, tmp_path: Path) -> None:
    folder = image.save(tmp_path / "case")
    assert {path.name for path in folder.iterdir()} == {
        "pslist.parquet",
        "lsof.parquet",
        "lsof_2.parquet",
        "runs.parquet",
        "provenance.parquet",
    }
    kept = parquet.read_schema(folder / "pslist.parquet").metadata
    assert json.loads(kept[b"volatility3_btf.provenance"])["size"] == image.path.stat().st_size
    (pids,) = duckdb.sql(f"select list(pid) from '{folder}/pslist.parquet'").fetchall()[0]
    assert pids == image.pslist()["PID"].tolist()


def test_it_is_saved_again_over_itself_and_over_nothing_else(
    image: notebook.Image, dump: Dumps, tmp_path: Path
) -> None:
    for name in ("case.duckdb", "case"):
        assert image.save(tmp_path / name) == image.save(tmp_path / name)
    other = notebook.open(dump("amd64-6.1").raw, progress=False)
    for name in ("case.duckdb", "case"):
        with pytest.raises(notebook.SaveError, match="of another image"):
            other.save(tmp_path / name)
    (tmp_path / "mine.duckdb").write_text("mine")
    (tmp_path / "folder").mkdir()
    for name in ("mine.duckdb", "folder"):
        with pytest.raises(notebook.SaveError, match="left as it is"):
            image.save(tmp_path / name)
    assert (tmp_path / "mine.duckdb").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"case.duckdb", "case", "mine.duckdb", "folder"}


def test_where_nothing_can_be_written_is_one_line(image: notebook.Image) -> None:
    with pytest.raises(notebook.SaveError, match="cannot be written"):
        image.save("/proc/case.duckdb")
