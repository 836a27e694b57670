# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The cheap rows of `make situations`; and that a fault without a word is seen as one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from situations import table, try_one
from support.situations import SITUATIONS, Case, Outcome, Shared, Situation, judge
from support.volrunner import Result

GetDump = Callable[[str], Dump]
CHEAP = {situation.name: situation for situation in SITUATIONS if situation.is_cheap}
LINE = "WARNING  volatility3_btf.vol.x: What is shown is not complete: the list of processes is empty\n"
DEBRIS = "WARNING  volatility3_btf.blobs.scan: BTF at 0xa425000 is damaged: 6 names lost\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", CHEAP)
def test_it_is_right_or_a_line_says_what_is_not(name: str, dump: GetDump, tmp_path: Path) -> None:
    _, _, outcome = try_one(CHEAP[name], Shared(dump, tmp_path))
    assert outcome.word != "silent fault", outcome
    if name in ("zstd, nothing but its first bytes", "qcow2", "a pipe"):
        assert outcome.word == "refused, and said"
    assert not list(tmp_path.iterdir())


def test_the_rows_have_names_of_their_own() -> None:
    names = [(situation.group, situation.name) for situation in SITUATIONS]
    assert len(names) == len(set(names))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A guest with two processes."""
    there = [{"pid": pid, "ppid": 0, "comm": name} for pid, name in ((1, "init"), (2, "kthreadd"))]
    (tmp_path / "truth.json").write_text(json.dumps({"processes": there}))
    return Case(tmp_path / "memory.raw", Dump("made", tmp_path))


def judged(case: Case, rows: list[tuple[int, str]], said: str = "", code: int = 0) -> Outcome:
    listed = json.dumps([{"PID": pid, "PPID": 0, "COMM": name} for pid, name in rows])
    return judge(case, Result(code, listed, said, case.image.parent), {case.image.parent: "…"})


def test_the_right_list_is_right(case: Case) -> None:
    assert judged(case, [(1, "init"), (2, "kthreadd")]).word == "right"
    assert judged(case, [(1, "init"), (2, "kthreadd")], LINE).word == "right, and said"


@pytest.mark.parametrize("rows", [[], [(1, "init")], [(1, "init"), (2, "kthreadd"), (3, "other")]])
def test_a_wrong_list_needs_a_line(case: Case, rows: list[tuple[int, str]]) -> None:
    assert judged(case, rows).word == "silent fault"
    assert judged(case, rows, LINE).word == "shortened, and said"
    assert judged(case, rows, DEBRIS).word == "silent fault"
    assert judged(case, rows, "WARNING  volatility3.framework.layers: something\n").word == "silent fault"


def test_what_is_printed_is_counted(case: Case) -> None:
    assert judged(case, [(1, "init"), (3, "other")], LINE).printed == "1 of 2 processes, 1 other"
    assert judged(case, [], LINE).printed == "nothing"


def test_a_refusal_needs_a_line_and_a_traceback_is_none(case: Case) -> None:
    assert judged(case, [], code=1).word == "silent fault"
    assert judged(case, [], LINE, 1).word == "refused, and said"
    assert judged(case, [], LINE + "Traceback (most recent call last):\n", 1).word == "silent fault"


def test_paths_are_shortened_and_lines_told_once(case: Case) -> None:
    line = f"WARNING  volatility3_btf.vol: The symbol file file://{case.image.parent}/a.json is passed over\n"
    assert judged(case, [], line * 2).lines == ("The symbol file file://…/a.json is passed over",)


def test_the_table_has_a_section_for_each_group() -> None:
    rows = [
        (Situation(group, name, lambda bench: bench.missing()), "linux.pslist", outcome)  # type: ignore[attr-defined]
        for group, name, outcome in (
            ("files", "zip", Outcome("refused, and said", "nothing", 1, ("this is *zip*",))),
            ("lists", "torn", Outcome("silent fault", "nothing", 0, ())),
        )
    ]
    text = table(rows)
    assert text.startswith("2 situations: 1 refused, and said, 1 silent fault")
    assert "\n## Files\n" in text and "\n## Lists\n" in text
    assert "| zip | `linux.pslist` | nothing | 1 | this is \\*zip\\* |" in text
    assert "| torn | `linux.pslist` | nothing | 0 | **none that says so** |" in text
