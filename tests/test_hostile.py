# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Images made by an enemy: what they cost, and what of them gets to a terminal or into a file name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import bombs
from support.costs import cost_of, honest
from support.volcosts import vol_cost
from support.volrunner import Vol
from volatility3_btf import find_btf, open_memory
from volatility3_btf.isf import build_isf
from volatility3_btf.kernel import identify_kernels

pytestmark = pytest.mark.slow

MOST_SECONDS = 10  # of processor time, for each step or command, on a machine that takes `HONEST_SECONDS`
HONEST_SECONDS = 10.25  # for all steps over an honest kernel (docs/hostile.md); slower ones have more
MOST_MEMORY = 1 << 30  # bytes resident, the mapped image included
DEAREST = {
    "linux.btfscan --all": "growing_runs",
    "linux.btfisf": "deep_nesting",
    "linux.btftypes": "equal_names",
    "linux.btftypes --diff IMAGE": "flat_wide",
    "linux.btftypes --functions": "many_functions",
    "linux.btftypes --header": "clashing_names",
    "linux.pslist": "growing_runs",
}
"""Of each command's bombs one that costs it most (bench/hostile_vol.py)."""

CUT = {"linux.btftypes", "linux.btftypes --functions", "linux.btftypes --diff IMAGE"}
"""Of these commands, those whose answer is cut short."""

TOLD = {
    "kernels_and_modules": "no module's is held against that at 0x",
    "holed_structs": f"members or values lost of {bombs.HOLES} types",
    "growing_runs": "too much looks like the names of the token table at 0x",
    "equal_pieces": "8192 of 2129406 bytes are missing or zero",
}
"""What the log says of bombs that reach what they are for."""

STATES = {"asked_names": ["partial"], "equal_symbols": ["unchecked"], "shared_names": ["unchecked"] * 2}
"""The kernels' states in bombs whose symbols are to be read."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module")
def most_seconds(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> float:
    """What is allowed on this machine."""
    cost = cost_of(honest(dump("amd64-6.1").raw, tmp_path_factory.mktemp("honest") / "image"))
    assert cost.blobs, cost
    return MOST_SECONDS * max(1.0, cost.total / HONEST_SECONDS)


@pytest.mark.parametrize("name", bombs.BOMBS)
def test_a_bomb_costs_little(name: str, tmp_path: Path, most_seconds: float) -> None:
    image = bombs.write(name, tmp_path / "image")
    assert image.stat().st_size == bombs.SIZE
    cost = cost_of(image)
    image.unlink()
    assert cost.returncode == 0, cost.stderr
    assert "Traceback" not in cost.stderr
    assert TOLD.get(name, "") in cost.stderr
    assert name not in STATES or cost.kernels == STATES[name]
    assert max(cost.seconds.values()) < most_seconds, cost
    assert cost.memory < MOST_MEMORY, cost


@pytest.mark.parametrize(("command", "name"), DEAREST.items())
def test_a_bomb_costs_the_real_command_little(
    command: str, name: str, tmp_path: Path, vol: Vol, most_seconds: float
) -> None:
    cost = vol_cost(vol, bombs.write(name, tmp_path / "image"), command)
    assert cost.returncode in (0, 1), cost
    assert "Traceback" not in cost.stderr
    assert ("There is more than can be shown at once" in cost.stderr) == (command in CUT)
    assert cost.seconds < most_seconds, cost
    assert cost.memory < MOST_MEMORY, cost


def test_the_tables_of_two_kernels_are_not_held_at_once(tmp_path: Path, vol: Vol) -> None:
    """Each of a million symbols."""
    cost = vol_cost(vol, bombs.write("shared_names", tmp_path / "image"), "linux.btfisf")
    assert (cost.returncode, cost.stderr.count("nothing else in the image confirms")) == (0, 2), cost
    assert cost.memory < MOST_MEMORY, cost


def test_the_bombs_reach_what_they_are_for(tmp_path: Path) -> None:
    """Those that are meant as a kernel's types are taken for them: else they would prove nothing."""
    for name in (
        "doubled_nesting",
        "self_nesting",
        "typedef_loops",
        "equal_names",
        "clashing_names",
        "escapes",
    ):
        (blob,) = find_btf(open_memory(bombs.write(name, tmp_path / "image")))
        assert blob.kind == "kernel", name
        assert blob.decoded is not None, name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("records_everywhere", "no type records lead to these names"),
        ("numbers_that_fit", "no symbol names belong to the token table at 0xf00000"),
    ],
)
def test_what_is_tried_is_logged(
    name: str, text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    memory = open_memory(bombs.write(name, tmp_path / "image"))
    identify_kernels(memory, list(find_btf(memory)))
    assert text in caplog.text


def test_made_up_names_do_not_clash_with_found_ones(tmp_path: Path) -> None:
    memory = open_memory(bombs.write("clashing_names", tmp_path / "image"))
    (blob,) = find_btf(memory)
    content = build_isf(identify_kernels(memory, [blob])[0]).content
    structs = blob.types.counts
    assert len(content["user_types"]) >= sum(
        count for kind, count in structs.items() if kind.name == "STRUCT"
    )


def test_a_release_is_no_path(tmp_path: Path) -> None:
    memory = open_memory(bombs.write("release_path", tmp_path / "image"))
    (kernel,) = identify_kernels(memory)
    assert kernel.release == "../../../../tmp/x"
    name = build_isf(kernel).file_name()
    assert "/" not in name and not name.startswith(".")


@pytest.mark.parametrize(
    "words",
    [
        ("linux.btfscan", "--all", "--dump"),
        ("linux.btfisf",),
        ("linux.btftypes", "--type", "*"),
        ("linux.btftypes", "--header"),
    ],
    ids=lambda words: "".join(words),
)
@pytest.mark.parametrize("renderer", ["quick", "json"])
def test_no_escape_reaches_the_terminal(
    words: tuple[str, ...], renderer: str, tmp_path: Path, session_vol: Vol
) -> None:
    image = bombs.write("escapes", tmp_path / "image")
    result = session_vol("-q", "-v", *words, image=image, renderer=renderer)
    assert not CONTROL.search(result.stdout), result.stdout
    assert not CONTROL.search(result.stderr), result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stdout.splitlines()) > 1
    if renderer == "json":
        assert json.loads(result.stdout)
    for path in result.output.iterdir():
        assert re.fullmatch(r"[\w.+~-]+", path.name)
