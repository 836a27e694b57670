# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Many images at once: a dataset that is asked with one query."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import notebook
from volatility3_btf.notebook.fleet import Collection

Dumps = Callable[[str], Dump]


@pytest.fixture(scope="module")
def collected(dump: Dumps, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Two images, one that is none, and one that is not there."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "empty.raw").write_bytes(bytes(1 << 16))
    images = [dump("amd64-6.12").raw, folder / "empty.raw", dump("amd64-6.1").raw, folder / "nothing.raw"]
    plugins = ["pslist", "linux.lsmod", "linux.lsof --pid 1", "linux.malware.hidden_modules"]
    return notebook.collect(images, plugins, into=folder / "dataset", hashes=False, progress=False)


def test_every_image_has_a_row_and_a_bad_one_stops_no_other(collected: Collection, dump: Dumps) -> None:
    releases = dict(zip(collected.images["image"], collected.images["release"], strict=True))
    for name in ("amd64-6.12", "amd64-6.1"):
        assert releases[str(dump(name).raw)] == dump(name).truth["release"]
    assert len(releases) == 4
    told = {Path(image).name: error for image, error in collected.failures.itertuples(index=False, name=None)}
    assert "no Linux kernel" in told["empty.raw"] and "cannot be opened" in told["nothing.raw"]
    assert "hidden_modules" in told["memory.raw"]


def test_one_query_asks_all_of_them(collected: Collection, dump: Dumps) -> None:
    only = collected.sql(
        "select module_name, any_value(image) as image from lsmod group by 1 having count(distinct image) = 1"
    )
    loaded = {
        name: {module["name"] for module in dump(name).truth["modules"]}
        for name in ("amd64-6.12", "amd64-6.1")
    }
    assert set(only["module_name"]) == loaded["amd64-6.12"] ^ loaded["amd64-6.1"]
    rows = collected.sql("select * from pslist where pid = 1")
    assert set(rows["host"]) == {"btf-guest"} and len(rows) == 2
    assert f"{rows['offset_v'][0]:#x}" in repr(rows)
    assert set(collected.sql("select distinct pid from lsof")["pid"]) == {1}


def test_the_dataset_can_be_opened_again(collected: Collection) -> None:
    again = Collection(collected.folder)
    assert again.tables == ["hidden_modules", "images", "lsmod", "lsof", "pslist"]
    with pytest.raises(notebook.QueryError):
        again.sql("from nosuch")


def test_what_cannot_work_is_told_before_any_image_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(notebook.SaveError, match="not empty"):
        notebook.collect([], ["pslist"], into=tmp_path)
    with pytest.raises(notebook.UnknownPluginError):
        notebook.collect([], ["pslst"])
    with pytest.raises(notebook.OptionError):
        notebook.collect([], ["lsof --nosuch 1"])
