# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""An image in a notebook: what the plugins find, as DataFrames, beside what the guest says of itself."""

from __future__ import annotations

import logging
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas
import pytest

from dumpmaker.cache import Dump
from support.pluginruns import guest_processes, stable
from support.volrunner import Vol
from volatility3_btf import notebook
from volatility3_btf.notebook import Image
from volatility3_btf.notebook.running.progress import Bar
from volatility3_btf.vol.automagic import decision

Opened = Callable[[str], Image]
Dumps = Callable[[str], Dump]

DEBIAN = "amd64-6.12"


@pytest.fixture
def image(opened: Opened) -> Image:
    return opened(DEBIAN)


def test_opening_reads_nothing(dump: Dumps) -> None:
    image = notebook.open(dump(DEBIAN).raw)
    assert "nothing of it is read" in repr(image)
    assert image.lines == () and image.results == []


def test_a_plugin_is_a_method_and_gives_the_guests_processes(image: Image, dump: Dumps) -> None:
    rows = image.pslist()
    shown = {row.PID: (row.PPID, row.COMM) for row in rows.itertuples()}
    assert stable(shown) == stable(guest_processes(dump(DEBIAN).truth))


def test_the_rows_are_those_of_vol(image: Image, dump: Dumps, session_vol: Vol) -> None:
    printed = session_vol("linux.lsof", image=dump(DEBIAN).raw).rows
    rows = image.run("linux.lsof")
    assert set(rows.columns) == printed[0].keys() - {"__children"}
    for name in ("PID", "FD", "Path", "Inode", "Size"):
        assert rows[name].tolist() == [row[name] for row in printed]
    offsets = [row["OFFSET (V)"] for row in session_vol("linux.pslist", image=dump(DEBIAN).raw).rows]
    assert image.pslist()["OFFSET (V)"].tolist() == offsets


def test_options_are_keywords_and_names_those_of_vol(image: Image) -> None:
    first = image.run("linux.lsof", pid=[1, 437])
    assert set(first["PID"]) == {1}
    for name in ("lsof", "linux.lsof.Lsof", "LINUX.LSOF"):
        assert image.run(name, pid=[1, 437]).equals(first)
    assert set(image.lsof(pid=1)["PID"]) == {1}


def test_what_was_asked_once_is_kept(image: Image) -> None:
    assert image.result("pslist") is image.result("linux.pslist.PsList")
    assert image.result("pslist") is not image.result("pslist", threads=True)


def test_columns_keep_their_types(image: Image) -> None:
    rows = image.pslist()
    assert rows["OFFSET (V)"].dtype == pandas.UInt64Dtype()
    assert rows["PID"].dtype == pandas.Int64Dtype()
    assert str(rows["CREATION TIME"].dtype).endswith(", UTC]")
    assert rows["COMM"].dtype == pandas.StringDtype("pyarrow")


def test_addresses_are_shown_in_hexadecimal_also_after_pandas_worked_on_them(image: Image) -> None:
    rows = image.pslist()
    some = rows[rows["PID"] < 3].sort_values("PID", ascending=False)
    joined = some.merge(image.lsof(), on="PID", how="left")
    shown = f"{rows['OFFSET (V)'].iloc[0]:#x}"
    for each in (rows, some, joined):
        assert shown in repr(each) and shown in each._repr_html_()


def test_missing_cells_keep_of_what_kind_they_are(image: Image) -> None:
    modules = image.lsmod()
    assert modules["File Output"].isna().all()
    assert set(modules.absent["kind"]) == {"not applicable"}
    assert len(modules.head(3).absent) == 3
    assert "not applicable" in modules._repr_html_()


def test_a_tree_keeps_parents_and_depths(image: Image) -> None:
    tree = image.pstree()
    assert set(tree["depth"]) >= {0, 1}
    for _, row in tree[tree["depth"] > 0].iterrows():
        above = tree.loc[row["parent"]]
        assert above["depth"] == row["depth"] - 1 and above["PID"] == row["PPID"]
    assert "depth" not in image.pslist()


def test_polars_and_arrow_are_one_call_away(image: Image) -> None:
    rows = image.pslist()
    polars = rows.polars()
    assert polars["PID"].to_list() == rows["PID"].tolist()
    assert str(polars["OFFSET (V)"].dtype) == "UInt64"
    assert rows.arrow().num_rows == len(rows)


def test_the_kernels_types_are_c(image: Image, dump: Dumps) -> None:
    task = image.kernel.types["task_struct"]
    assert repr(task).startswith("struct task_struct {")
    assert f"/* {task['comm'].offset:5} " in repr(task)
    assert "<pre" in task._repr_html_() and "&" not in repr(image.kernel.types["list_head"])
    assert image.kernel.release == dump(DEBIAN).truth["release"]
    assert image.kernel.state == "exact"
    with pytest.raises(KeyError, match="task_struct"):
        image.kernel.types["task_strukt"]


def test_objects_are_volatilitys(image: Image) -> None:
    task = image.task(1)
    assert task.pid == 1 and task.mm.pgd != 0
    assert task.vol.type_name.endswith("!task_struct")
    with pytest.raises(notebook.NoTaskError, match="no PID 99999"):
        image.task(99999)


def test_in_a_notebook_the_image_shows_its_kernel_and_the_evidence(image: Image, dump: Dumps) -> None:
    shown = image._repr_html_()
    assert dump(DEBIAN).truth["release"] in shown and "exact" in shown
    assert image.kernel.evidence[0].replace("'", "&#x27;") in shown


def test_plugins_can_be_completed_and_help_tells_their_options(image: Image) -> None:
    assert {"pslist", "lsof", "pagecache_files", "btfscan"} <= set(dir(image))
    assert "pid: " in image.lsof.__doc__
    listed = image.plugins().set_index("method")
    assert listed.loc["pslist", "name"] == "linux.pslist.PsList"


def test_an_empty_table_says_that_nothing_was_found(image: Image) -> None:
    rows = image.lsof(pid=[99999])
    assert len(rows) == 0
    assert "nothing was found with pid=[99999]" in repr(rows)
    assert "nothing was found with pid=[99999]" in rows._repr_html_()


def test_files_go_into_the_output_folder(dump: Dumps, tmp_path: Path) -> None:
    image = notebook.open(dump(DEBIAN).raw, output=tmp_path / "out", progress=False)
    rows = image.elfs(pid=[1], dump=True)
    assert rows.files and all(path.parent == tmp_path / "out" and path.is_file() for path in rows.files)
    assert {path.name for path in rows.files} <= set(rows["File Output"])


# --- what is not well ---


def changed(source: Path, target: Path, place: int, data: bytes) -> Path:
    """A copy of an image with other bytes at a place."""
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    with target.open("r+b") as file:
        file.seek(place)
        file.write(data)
    return target


@pytest.fixture
def torn(dump: Dumps, tmp_path: Path) -> Path:
    """An image whose list of processes ends early: one of its pointers leads nowhere."""
    source = dump(DEBIAN)
    image = notebook.open(source.raw, progress=False)
    task = image.task(181) if 181 in image.pslist()["PID"].tolist() else image.task(2)
    layer = image.context.layers[task.vol.layer_name]
    place, _ = layer.translate(task.tasks.vol.offset)
    return changed(source.raw, tmp_path / "torn.raw", place, struct.pack("<Q", 0xFFFFFF8000001000))


TORN = "forwards it gives"
"""How a line goes on that says of a list that it is torn."""


def test_a_torn_list_is_told_with_the_rows_of_every_plugin_that_walks_it(torn: Path) -> None:
    image = notebook.open(torn, progress=False)
    for rows in (image.pslist(), image.lsof()):
        assert any("list of processes" in line and TORN in line for line in rows.lines)
        assert TORN in repr(rows) and TORN in rows._repr_html_()
        assert any(TORN in line for line in rows[rows["PID"] == 1].lines)


def test_a_torn_list_is_told_with_the_answers_of_sql(torn: Path) -> None:
    image = notebook.open(torn, progress=False)
    rows = image.sql("select p.comm, count(*) from pslist p join lsof using (pid) group by 1")
    assert any(TORN in line for line in rows.lines)
    runs = image.sql("select plugin from runs where array_to_string(lines, ' ') like '%forwards it gives%'")
    assert set(runs["plugin"]) == {"linux.pslist.PsList", "linux.lsof.Lsof"}


def test_a_kernel_that_contradicts_itself_is_told_with_every_table(
    image: Image, dump: Dumps, tmp_path: Path
) -> None:
    """Its release is another one in init_uts_ns than in its banner."""
    space = image.vmlinux.object_from_symbol("init_uts_ns").name.release
    place, _ = image.context.layers[space.vol.layer_name].translate(space.vol.offset)
    other = notebook.open(changed(dump(DEBIAN).raw, tmp_path / "odd.raw", place, b"9"), progress=False)
    assert other.kernel.state == "unchecked"
    for rows in (other.pslist(), other.lsmod()):
        assert "is unchecked" in rows.lines[0] and "is unchecked" in rows._repr_html_()
    assert "is unchecked" in other._repr_html_()


def test_who_interrupts_the_search_has_not_found_that_there_is_no_kernel(
    dump: Dumps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    image = notebook.open(dump(DEBIAN).raw, progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(Bar, "__call__", interrupt)
        patch.setattr(decision, "recall", lambda memory: None)  # it is searched as if for the first time
        with pytest.raises(KeyboardInterrupt):
            image.pslist()
    assert len(image.pslist()) > 50


def test_an_image_without_a_kernel_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "memory.raw"
    path.write_bytes(bytes(1 << 20))
    image = notebook.open(path, progress=False)
    with pytest.raises(notebook.NoKernelError) as caught:
        image.pslist()
    assert "no Linux kernel" in str(caught.value) and "\n" not in str(caught.value)
    assert "no Linux kernel" in image._repr_html_()


@pytest.mark.slow
def test_a_kernel_without_types_is_told(opened: Opened) -> None:
    with pytest.raises(notebook.NoKernelError, match="it holds no kernel BTF"):
        opened("s390x-6.1").pslist()


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(notebook.NoImageError, match="cannot be opened"):
            notebook.open(path)


def test_what_does_not_exist_is_named(image: Image) -> None:
    with pytest.raises(notebook.UnknownPluginError, match=r"did you mean .*pslist"):
        image.run("linux.pslst")
    with pytest.raises(AttributeError, match="did you mean"):
        image.pslst  # noqa: B018
    with pytest.raises(notebook.OptionError, match="no option pidd: its options are pid"):
        image.lsof(pidd=[1])
    with pytest.raises(notebook.OptionError, match="pid='one'"):
        image.lsof(pid="one")
    with pytest.raises(notebook.OptionError, match="needs pattern"):
        image.vmaregexscan()


def test_a_plugin_that_stops_gives_no_table_but_what_it_had_found(image: Image) -> None:
    with pytest.raises(notebook.PluginError, match="stopped after 0 rows") as caught:
        image.run("linux.malware.hidden_modules")
    assert caught.value.rows is not None and "NOT COMPLETE" in repr(caught.value.rows)


def test_the_users_own_handlers_still_get_the_lines(torn: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rows = notebook.open(torn, progress=False).pslist()
    assert {record.getMessage() for record in caplog.records} >= set(rows.lines)


def test_importing_is_quick() -> None:
    """Whoever imports it to look at one image need not wait for what that does not need."""
    code = "import sys; from volatility3_btf import notebook; "
    code += "print({'pandas', 'duckdb', 'distributed', 'dask', 'polars'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
