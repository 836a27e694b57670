# SPDX-License-Identifier: Apache-2.0
"""The races' own bookkeeping: tables, targets, results kept and written into a document. Nothing is timed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import CHECKOUT

BENCH = CHECKOUT / "bench"
sys.path.append(str(BENCH))

import contest  # noqa: E402
import inputs  # noqa: E402
import report  # noqa: E402
import steps  # noqa: E402
import where  # noqa: E402

from parity.measure import Cost  # noqa: E402
from support.btfwriter import every_kind  # noqa: E402
from volatility3_btf import find_btf  # noqa: E402
from volatility3_btf.memory.memory import BytesMemory  # noqa: E402

RACES = sorted(path for path in BENCH.glob("*.py") if "parse_args()" in path.read_text())


def entrant(name: str, *seconds: float) -> contest.Entrant:
    costs = [Cost(elapsed=each, processor=each / 2, peak=100_000_000) for each in seconds]
    return contest.Entrant(name, lambda: ["true"], costs)


def section(title: str = "A race", *targets: report.Target) -> report.Section:
    return report.Section(title, "bench/race.py", "Text.", list(targets), {"a": [1.5]})


@pytest.mark.parametrize(
    ("figure", "sign", "limit", "met"), [(5, "≥", 5, True), (4.9, "≥", 5, False), (0.4, "≤", 0.4, True)]
)
def test_a_target_is_met_at_its_limit(figure: float, sign: str, limit: float, met: bool) -> None:
    target = report.Target("it", figure, sign, limit)  # type: ignore[arg-type]
    assert target.is_met is met
    assert ("**not met**" in target.row) is not met


def test_a_summary_names_what_is_not_met_and_what_failed() -> None:
    good, bad = report.Target("fast", 9, "≥", 5), report.Target("slow", 2, "≥", 5)
    failed = report.Section("Broken", "x", "", failed=True)
    lines = report.summary([section("A", good, bad), failed]).splitlines()
    assert lines[0] == "1 of 2 targets are met"
    assert lines[1].startswith("not met: slow | ≥ 5 × | 2.00 ×")
    assert lines[2] == "failed: Broken"


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = {"one": [section("A", report.Target("fast", 9.25, "≥", 5))], "two": [section("B"), section()]}
    path = tmp_path / "results.json"
    assert report.load_all(path) == {}
    report.save_all(path, results)
    assert report.load_all(path) == results
    report.save(path, results["two"])
    assert report.load(path) == results["two"]


def test_a_document_keeps_what_is_around_its_block() -> None:
    old = f"before\n{report.START}\nold \\1\n{report.END}\nafter\n"
    new = report.replace_block(old, "new \\1")
    assert new == f"before\n{report.START}\n\nnew \\1\n\n{report.END}\nafter\n"
    assert report.replace_block(new, "new \\1") == new


@pytest.mark.parametrize(
    "text", ["", report.START, f"{report.END}{report.START}", report.START * 2 + report.END]
)
def test_a_document_without_its_marks_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="the document has no"):
        report.replace_block(text, "new")


def test_the_page_has_its_marks() -> None:
    page = (CHECKOUT / "docs" / "performance.md").read_text()
    assert report.replace_block(page, "x").count("x") >= 1


def test_costs_are_medians_and_multiples() -> None:
    base, other = entrant("base", 4, 1, 2), entrant("other", 1, 1, 7)
    lines = contest.costs_table([base, other], base).splitlines()
    assert lines[2] == "| base | 2.00 s | 1.00–4.00 | 1.00 | 1.00 s | 1.00 | 100 MB |"
    assert lines[3] == "| other | 1.00 s | 1.00–7.00 | 0.50 | 0.50 s | 0.50 | 100 MB |"


def test_contestants_run_in_turn_and_must_say_the_same() -> None:
    order: list[str] = []

    def says(name: str, *texts: str) -> contest.Entrant:
        given = iter(texts)

        def command() -> contest.Words:
            order.append(name)
            return ["echo", next(given)]

        return contest.Entrant(name, command)

    lanes = [says("a", *"xxx"), says("b", *"yyy")]
    contest.contest(lanes, 2)
    assert order == ["a", "b", "a", "b", "b", "a"]
    assert [len(lane.costs) for lane in lanes] == [2, 2]
    with pytest.raises(RuntimeError, match="c does not always print the same"):
        contest.contest([says("c", *"xy")], 1)


@pytest.mark.parametrize(("text", "size"), [("512M", 512 << 20), ("8g", 8 << 30)])
def test_sizes(text: str, size: int) -> None:
    assert inputs.size_of(text) == size


def test_steps_are_told_by_file_and_function() -> None:
    stats = {
        ("/x/volatility3/cli/__init__.py", 1, "main"): (1, 1, 0.1, 4.0, {}),
        ("/x/numpy/__init__.py", 1, "<module>"): (1, 1, 0.1, 1.0, {}),
        ("/x/other.py", 1, "main"): (1, 1, 0.1, 9.0, {}),
    }
    assert where.steps(stats) == {"vol": 4.0, "numpy is loaded": 1.0}


def test_the_steps_of_a_search_are_those_it_takes() -> None:
    before = [getattr(owner, name) for owner, name in steps.STEPS.values()]
    memory = BytesMemory(every_kind("little").blob())
    with steps.timed() as spent:
        assert [blob.kind for blob in find_btf(memory)] == ["kernel"]
    assert spent.keys() == {step for step in steps.STEPS if not step.startswith("child processes")}
    assert set(steps.medians(lambda: list(find_btf(memory)), 1)) == {*steps.STEPS, steps.REST}
    assert [getattr(owner, name) for owner, name in steps.STEPS.values()] == before


@pytest.mark.parametrize("script", RACES, ids=lambda path: path.name)
def test_every_race_says_how_it_is_run(script: Path) -> None:
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=True)
    assert f"bench/{script.name}" in done.stdout
