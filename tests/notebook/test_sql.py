# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""SQL over plugins: in Python, and from the shell."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dumpmaker.cache import Dump
from support.volrunner import Vol
from volatility3_btf import notebook
from volatility3_btf.notebook import Image
from volatility3_btf.notebook.running import names
from volatility3_btf.notebook.running.result import RESERVED
from volatility3_btf.notebook.sql.mentioned import Mentioned, tables_in
from volatility3_btf.notebook.sql.tables import Table, comments_on, create, literal, quoted, show

Opened = Callable[[str], Image]
Dumps = Callable[[str], Dump]

DEBIAN = "amd64-6.12"


@pytest.fixture
def image(opened: Opened) -> Image:
    return opened(DEBIAN)


def test_a_query_runs_the_plugins_that_it_names_and_no_others(dump: Dumps) -> None:
    image = notebook.open(dump(DEBIAN).raw, progress=False)
    query = "select comm, count(*) from pslist join lsof using (pid) group by 1"
    counted = dict(image.sql(query).itertuples(index=False, name=None))
    assert [result.plugin for result in image.results] == ["linux.pslist.PsList", "linux.lsof.Lsof"] or [
        result.plugin for result in image.results
    ] == ["linux.lsof.Lsof", "linux.pslist.PsList"]
    joined = image.pslist().merge(image.lsof(), on="PID")
    assert counted == joined.groupby("COMM").size().to_dict()


def test_a_table_has_the_types_of_the_plugin(image: Image) -> None:
    rows = image.sql("select offset_v, pid, creation_time, absent from pslist limit 1")
    assert [str(kind) for kind in rows.dtypes][:3] == ["UInt64", "Int64", "datetime64[us, UTC]"]
    assert f"{rows['offset_v'][0]:#x}" in repr(rows)
    first = image.sql("select absent['file_output'] as kind from lsmod limit 1")
    assert first["kind"].tolist() == ["not applicable"]


def test_addresses_are_keys_between_tables(image: Image) -> None:
    lists = image.sql("select p.pid, h.pid from pslist p full join pidhashtable h on p.offset_v = h.offset_")
    assert len(lists) >= 50 and lists.notna().all().all()
    init = image.sql("select kernel_address(offset_v) as address from pslist where pid = 1")
    assert init["address"][0] == int(image.task(1).vol.offset) | 0xFFFF << 48
    named = image.sql("select address from kernel_symbols where name = 'init_task'")
    assert named["address"][0] == image.kernel.symbols.get("init_task")


@pytest.mark.parametrize(
    "table",
    [
        "pslist",
        "PsList",
        "linux.pslist",
        '"linux.pslist.PsList"',
        "'pslist --pid 1 2'",
        '"linux.pslist --threads"',
    ],
)
def test_tables_have_the_names_that_plugins_have(image: Image, table: str) -> None:
    rows = image.sql(f"select pid from {table} where pid <= 2 group by 1")
    assert sorted(rows["pid"]) == [1, 2]


def test_who_looks_at_the_catalogue_sees_comments(image: Image) -> None:
    image.sql("select count(*) from pslist")
    query = "select comment from duckdb_views() where view_name = 'pslist' and schema_name = 'main'"
    assert "processes" in image.sql(query)["comment"][0]
    query = "select comment from duckdb_columns() where table_name = 'pslist' and column_name = 'offset_v'"
    assert "OFFSET (V): an address" in set(image.sql(query)["comment"].dropna())


def test_tables_are_made_once_and_again_after_they_were_forgotten(dump: Dumps) -> None:
    image = notebook.open(dump(DEBIAN).raw, progress=False)
    image.sql("create table own as select pid from pslist")
    first = image.database
    count = image.sql("select count(*) as n from pslist join tasks using (pid)")["n"][0]
    assert [result.plugin for result in image.results].count("linux.pslist.PsList") == 1
    image.forget()
    assert image.results == [] and image.database is first
    assert image.sql("select count(*) as n from own")["n"][0] > 50 and image.results == []
    assert image.sql("select count(*) as n from pslist join tasks using (pid)")["n"][0] == count
    assert len(image.results) == 2


def test_what_plugins_found_cannot_be_changed(image: Image) -> None:
    for statement in ("delete from pslist", "update pslist set pid = 0", "drop table pslist"):
        with pytest.raises(notebook.QueryError):
            image.sql(statement)
    assert len(image.sql("from pslist")) > 50


def test_what_is_no_query_or_no_table_is_one_line(image: Image) -> None:
    for query in ("selec 1", "select * from nosuch", "select nosuch from pslist", "from 'pslist --nosuch 1'"):
        with pytest.raises(notebook.NotebookError) as caught:
            image.sql(query)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    with pytest.raises(notebook.OptionError, match="needs pattern"):
        image.sql("from vmaregexscan")


def test_a_plugin_that_stops_gives_no_answer(image: Image) -> None:
    with pytest.raises(notebook.PluginError, match="not all"):
        image.sql("select count(*) from hidden_modules")


def test_nothing_but_the_answer_is_printed(tmp_path: Path) -> None:
    """DuckDB draws a bar for a query that takes long, on stdout, if it takes the program for interactive."""
    path = tmp_path / "memory.raw"
    path.write_bytes(bytes(1 << 16))
    code = "import sys; from volatility3_btf import notebook; image = notebook.open(sys.argv[1])\n"
    code += "print(image.sql(\"select current_setting('enable_progress_bar') as bar\")['bar'][0])"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_variables_of_the_program_are_no_tables(image: Image) -> None:
    answer = image.pslist()  # noqa: F841
    with pytest.raises(notebook.QueryError):
        image.sql("select * from answer")


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("select a from x join y using (b)", {"x", "y"}),
        ("with z as (from x) select (select count(*) from y) from z", {"x", "y", "z"}),
        ("from s.x, 'linux.y --pid 1'", {"s.x", "linux.y --pid 1"}),
        ("create table t as select lsof from pslist", {"pslist"}),
        ("copy (from x) to '/nowhere'", {"x"}),
        ('explain select * from x join "y z" on true', {"x", "y z"}),
        ("describe x", {"x"}),
        ("pivot x on c", {"x"}),
        ("selec * from", set()),
        ("", set()),
    ],
)
def test_tables_are_found_by_the_parser(query: str, tables: set[str]) -> None:
    found = tables_in(duckdb.connect(), query)
    assert {f"{each.schema}.{each.name}".lstrip(".") for each in found} == tables
    assert all(isinstance(each, Mentioned) for each in found)


def test_names_and_comments_with_quotes_stay_what_they_are() -> None:
    import pyarrow as pa

    evil = "x\"; drop table y; --'"
    connection = duckdb.connect()
    table = Table(evil, pa.table({evil: [1]}), about=evil, comments=[evil])
    create(connection, table)
    assert connection.execute(f"select {quoted(evil)} from {quoted(evil)}").fetchall() == [(1,)]
    assert connection.execute("select comment from duckdb_tables()").fetchall() == [(evil,)]
    other = duckdb.connect()
    show(other, table)
    for statement in comments_on(table, "view"):
        other.execute(statement)
    assert other.execute(f"select {quoted(evil)} from {quoted(evil)}").fetchall() == [(1,)]
    query = f"select comment from duckdb_columns() where table_name = {literal(evil)}"
    assert other.execute(query).fetchall() == [(evil,)]
    assert connection.execute(f"select {literal(evil)}").fetchall() == [(evil,)]


def test_no_column_needs_quotes() -> None:
    words = duckdb.sql("select keyword_name from duckdb_keywords() where keyword_category = 'reserved'")
    assert {word for (word,) in words.fetchall()} <= RESERVED


def test_every_linux_plugin_is_a_table_with_a_comment(image: Image, session_vol: Vol) -> None:
    listed = dict(image.database.tables())
    assert {plugin.short for plugin in names.every()} <= set(listed)
    assert {"pslist", "lsof", "sockstat", "pagecache_files", "btfscan", "kernels", "plugins"} <= set(listed)
    assert len(listed) >= 60 and all(listed.values())


# --- the shell ---


def shell(vol: Vol, *words: str | Path, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "volatility3_btf", "sql", *map(str, words)],
        env=vol.environment,
        cwd=vol.output,
        input=text if text is not None else "",
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_query_on_the_command_line(dump: Dumps, session_vol: Vol) -> None:
    raw = dump(DEBIAN).raw
    done = shell(session_vol, "-f", raw, "select pid, comm, offset_v from pslist where pid <= 2 order by 1")
    head, rule, first, second = done.stdout.splitlines()
    assert head.split() == ["pid", "comm", "offset_v"] and set(rule) == {"-", " "}
    assert first.split()[:2] == ["1", "init"] and first.split()[2].startswith("0x")
    assert second.split()[1] == "kthreadd" and done.stderr == "" and done.returncode == 0


def test_answers_for_programs(dump: Dumps, session_vol: Vol) -> None:
    raw, query = dump(DEBIAN).raw, "select pid, creation_time from pslist where pid <= 2 order by 1"
    done = shell(session_vol, "-f", raw, "-r", "json", query)
    assert [row["pid"] for row in json.loads(done.stdout)] == [1, 2]
    assert shell(session_vol, "-f", raw, "-r", "csv", query).stdout.startswith("pid,creation_time\n1,2")
    lines = shell(session_vol, "-f", raw, "-r", "jsonl", query).stdout.splitlines()
    assert [json.loads(line)["pid"] for line in lines] == [1, 2]


def test_statements_and_commands_from_a_pipe(dump: Dumps, session_vol: Vol) -> None:
    text = (
        'select count(*)\nfrom pslist;\n.tables\n.schema lsof\n.schema "pslist --pid 1"\n.save case.duckdb\n'
    )
    done = shell(session_vol, "-f", dump(DEBIAN).raw, text=text)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert int(lines[2]) >= 50
    assert any(line.startswith("sockstat ") for line in lines)
    assert "    creation_time TIMESTAMP WITH TIME ZONE,  -- CREATION TIME" in lines
    assert 'create table "lsof" (  -- Lists open files for each processes.' in lines
    assert (session_vol.output / "case.duckdb").is_file()
    (session_vol.output / "case.duckdb").unlink()


def test_errors_are_one_line_and_exit_code_1(dump: Dumps, session_vol: Vol, tmp_path: Path) -> None:
    raw = dump(DEBIAN).raw
    (tmp_path / "empty.raw").write_bytes(bytes(1 << 16))
    for words in (
        ("-f", raw, "selec 1"),
        ("-f", raw, ".nosuch"),
        ("-f", raw, "from hidden_modules"),
        ("-f", tmp_path / "nothing", "select 1"),
        ("-f", tmp_path / "empty.raw", "from pslist"),
    ):
        done = shell(session_vol, *words)
        assert done.returncode == 1 and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1, done.stderr


def test_the_prompt_answers_and_goes_on_after_an_error(dump: Dumps, session_vol: Vol) -> None:
    command = [sys.executable, "-m", "volatility3_btf", "sql", "-q", "-f", str(dump(DEBIAN).raw)]
    leader, follower = pty.openpty()
    program = subprocess.Popen(
        command, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=session_vol.environment
    )
    os.close(follower)
    os.write(leader, b"selec 1;\nselect count(*) as n\nfrom pslist;\n.exit\n")
    out, _ = program.communicate(timeout=300)
    os.close(leader)
    assert program.returncode == 0
    text = out.decode().replace("\r", "")
    assert "Parser Error" in text and re.search(r"n\n--\n\d+\n", text)
