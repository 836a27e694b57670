# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A context with our table in it can be copied and pickled, as notebooks and parallel scans do."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.volrunner import Vol
from volatility3_btf.vol.symbols.kernel_table import Content, hand_over
from volatility3_btf.vol.symbols.store import read_kernel

pytestmark = pytest.mark.slow

MAIN = "amd64-6.1"

TWO_PLUGINS = """
import pickle, sys
import volatility3.plugins
from volatility3 import framework
from volatility3.framework import automagic, constants, contexts, plugins
from pathlib import Path

volatility3.plugins.__path__ = [sys.argv[2], *constants.PLUGINS_PATH]
framework.import_files(volatility3.plugins, True)
context = contexts.Context()
context.config["automagic.LayerStacker.single_location"] = Path(sys.argv[1]).as_uri()
known = framework.list_plugins()
for number, name in enumerate(["linux.pslist.PsList", "linux.lsmod.Lsmod"]):
    chosen = automagic.choose_automagic(automagic.available(context), known[name])
    plugin = plugins.construct_plugin(context, chosen, known[name], f"plugin{number}", None, None)
    grid = plugin.run()
    grid.populate(lambda node, total: total + 1, 0)
    print(name, grid.row_count)
copies = context.clone(), pickle.loads(pickle.dumps(context))
for copy in copies:
    for table in copy.symbol_space:
        print(hex(copy.symbol_space[table].get_symbol("init_task").address))
"""


def test_two_plugins_in_one_context(dump: Callable[[str], Dump], vol: Vol) -> None:
    command = [sys.executable, "-c", TWO_PLUGINS, dump(MAIN).raw, CHECKOUT / "plugins"]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pslist, lsmod, *addresses = done.stdout.splitlines()
    assert int(pslist.split()[1]) > 40
    assert int(lsmod.split()[1]) == len(dump(MAIN).truth["modules"])
    assert len(addresses) == 4
    assert len(set(addresses)) == 1


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_scan_by_several_processes(is_stored: bool, dump: Callable[[str], Dump], vol: Vol) -> None:
    if not is_stored:
        place = vol.cache / "volatility3/symbols/btf"
        place.parent.mkdir(parents=True)
        place.write_text("not a folder")
    search = ("linux.vmaregexscan", "--pattern", "busybox")
    alone = vol(*search, image=dump(MAIN).raw)
    assert len(alone.rows) > 0
    assert vol("--parallelism", "processes", *search, image=dump(MAIN).raw).stdout == alone.stdout


def test_a_pickled_table_is_its_name(dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    vol("linux.pslist", image=dump(MAIN).raw)
    (path,) = (vol.cache / "volatility3/symbols/btf").iterdir()
    kernel = read_kernel(path)
    hand_over(path.as_uri(), kernel)
    stored = pickle.dumps(Content(path.as_uri(), kernel))
    assert len(stored) < 1000
    elsewhere = pickle.dumps(Content((tmp_path / "missing.btfsym").as_uri(), kernel))
    for pickled in (stored, elsewhere):
        content = pickle.loads(pickled)
        assert content["symbols"]["init_task"]["address"] == kernel.symbols.get("init_task")
