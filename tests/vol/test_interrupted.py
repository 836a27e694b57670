# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A search that was interrupted, or has failed, is not remembered as one that found nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.volrunner import Vol

Dumps = Callable[[str], Dump]

MAIN = "amd64-6.1"

AGAIN = """
import logging, sys
import volatility3.plugins
from volatility3 import framework
from volatility3.framework import automagic, constants, contexts, plugins
from pathlib import Path
from volatility3_btf.survey import Survey
from volatility3_btf.vol.automagic import decision

image, folder, first = sys.argv[1:]
volatility3.plugins.__path__ = [folder, *constants.PLUGINS_PATH]
framework.import_files(volatility3.plugins, True)
context = contexts.Context()
context.config["automagic.LayerStacker.single_location"] = Path(image).as_uri()
magics = automagic.available(context)
kind = framework.list_plugins()["linux.pslist.PsList"]
searches = []

class Counted(Survey):
    def __init__(self, *args, **kwargs):
        searches.append(1)
        super().__init__(*args, **kwargs)

decision.Survey = Counted

def run(number, progress):
    chosen = automagic.choose_automagic(magics, kind)
    automagic.run(chosen, context, kind, f"plugin{number}", progress)
    if kind.unsatisfied(context, f"plugin{number}.PsList"):
        print("unsatisfied", len(searches))
        return
    grid = kind(context, f"plugin{number}.PsList").run()
    grid.populate(lambda node, total: total + 1, 0)
    print(grid.row_count, len(searches))

def stop(percentage, what):
    if "Linux" in what:
        raise {"interrupted": KeyboardInterrupt, "failed": OSError("the disk is gone")}[first]

try:
    run(1, None if first == "undisturbed" else stop)
except KeyboardInterrupt:
    print("interrupted", len(searches))
run(2, None)
"""
"""Runs a plugin twice with the same automagic, as programs do that use Volatility as a library."""


def runs(vol: Vol, image: Path, first: str) -> tuple[list[list[str]], str]:
    command = [sys.executable, "-c", AGAIN, str(image), str(CHECKOUT / "plugins"), first]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize(("first", "came"), [("interrupted", "interrupted"), ("failed", "unsatisfied")])
def test_the_next_plugin_searches_again(dump: Dumps, vol: Vol, first: str, came: str) -> None:
    (one, searches), (rows, after) = runs(vol, dump(MAIN).raw, first)[0]
    assert (one, int(searches)) == (came, 1)
    assert int(rows) > 40 and int(after) == 2


def test_what_was_found_is_not_searched_for_again(dump: Dumps, vol: Vol) -> None:
    (rows, searches), (again, after) = runs(vol, dump(MAIN).raw, "undisturbed")[0]
    assert rows == again and searches == after == "1"


def test_that_there_is_no_table_is_found_once_and_told_each_time(dump: Dumps, vol: Vol) -> None:
    """A kernel that was built without BTF."""
    found, said = runs(vol, dump("s390x-6.1").raw, "undisturbed")
    assert found == [["unsatisfied", "1"], ["unsatisfied", "1"]]
    assert said.count("it holds no kernel BTF") == 2
