# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Volatility's Linux plugins, and what they print: with nothing prepared, and with a symbol file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from volatility3 import schemas

from dumpmaker.cache import Dump
from support.volrunner import Result, Vol

ARGUMENTS = {
    "linux.pagecache.InodePages": ("--find", "/init"),
    "linux.vmaregexscan.VmaRegExScan": ("--pattern", "busybox"),
}
"""Plugins that do nothing without being told what to look for."""

MODULE_EXTRACT = "linux.module_extract.ModuleExtract"
"""Wants the address of a `struct module`, which another plugin shows."""

ALIASES = """
linux.check_afinfo.Check_afinfo linux.check_creds.Check_creds linux.check_idt.Check_idt
linux.check_modules.Check_modules linux.check_syscall.Check_syscall linux.hidden_modules.Hidden_modules
linux.keyboard_notifiers.Keyboard_notifiers linux.malfind.Malfind linux.modxview.Modxview
linux.netfilter.Netfilter linux.tty_check.tty_check
""".split()
"""Old names of plugins that are listed under another one too."""

KERNEL_LESS = ["linux.vmcoreinfo.VMCoreInfo"]
"""Plugins that want no kernel, so that no table is made for them; this one shows offsets in whatever layer
Volatility stacked last, physical ones where it has no symbol file."""

_LIST = """
import volatility3.plugins
from volatility3 import framework
framework.import_files(volatility3.plugins, True)
names = framework.list_plugins()
print("\\n".join(name for name in sorted(names) if name.startswith("linux.") and ".btf" not in name))
"""


def linux_plugins() -> list[str]:
    """Every Linux plugin of Volatility's own that wants a kernel and can be loaded here, once each."""
    done = subprocess.run([sys.executable, "-c", _LIST], capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split() if name not in (*ALIASES, *KERNEL_LESS)]


def run(vol: Vol, plugin: str, image: Path, *options: str) -> Result:
    """Run one plugin, whatever its exit code, with the arguments that it needs."""
    arguments = ARGUMENTS.get(plugin, ())
    if plugin == MODULE_EXTRACT:
        arguments = first_module(vol, image, *options)
    return vol(*options, plugin, *arguments, image=image, check=False)


def first_module(vol: Vol, image: Path, *options: str) -> tuple[str, ...]:
    """The first module of `linux.lsmod`, as `linux.module_extract` wants it; nothing if that fails."""
    listed = vol(*options, "linux.lsmod.Lsmod", image=image, check=False)
    return ("--base", str(listed.rows[0]["Offset"])) if listed.returncode == 0 else ()


def run_many(
    vol: Vol, plugins: Iterable[str], image: Path, *options: str, workers: int = 2
) -> Mapping[str, Result]:
    """Run plugins, a few at a time; name → result."""
    wanted = list(plugins)
    with ThreadPoolExecutor(workers) as pool:
        results = pool.map(lambda plugin: run(vol, plugin, image, *options), wanted)
        return dict(zip(wanted, results, strict=True))


def outcome(result: Result) -> tuple[int, str, str]:
    """What must be the same: exit code, everything printed, and how an error ends."""
    last = "" if result.returncode == 0 else (result.stderr.strip().splitlines() or [""])[-1]
    return result.returncode, result.stdout, last


def make_isf(vol: Vol, dump: Dump) -> Path:
    """The ISF of a dump's kernel, made by `linux.btfisf`, in the output folder."""
    (row,) = vol("linux.btfisf", "--compression", "none", image=dump.raw).rows
    return vol.output / row["File output"]


def give_isf(vol: Vol, isf: Path, name: str = "own.json") -> Path:
    """Put an ISF where the user keeps his symbol files.

    Volatility's record of files that passed its schema gets it too: validating takes half a minute, and is
    tested elsewhere.
    """
    target = vol.symbols / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(isf, target)
    record = vol.cache / "volatility3" / "valid_isf.hashcache"
    record.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(record.read_text()) if record.exists() else []
    known.append(schemas.create_json_hash(json.loads(isf.read_text())))
    record.write_text(json.dumps(known))
    return target


def stock_choice(vol: Vol, image: Path) -> Path:
    """A configuration with the kernel that stock Volatility chooses, given an ISF.

    With `-c` other plugins need not search the image for it again, which takes stock Volatility longer than
    anything else.
    """
    saved, kernel = vol.folder / "saved.json", vol.folder / "kernel.json"
    saved.unlink(missing_ok=True)
    vol("--no-btf", "--save-config", saved, "linux.pslist", image=image)
    values = json.loads(saved.read_text())
    kernel.write_text(json.dumps({key: value for key, value in values.items() if key.startswith("kernel.")}))
    return kernel


def processes(result: Result) -> dict[int, tuple[int, str]]:
    """What `linux.pslist` shows: PID → parent's PID and name."""
    return {row["PID"]: (row["PPID"], row["COMM"]) for row in result.rows}


def guest_processes(truth: Mapping[str, Any]) -> dict[int, tuple[int, str]]:
    """What the guest's own ps showed just after the dump: PID → parent's PID and name."""
    return {int(row["pid"]): (int(row["ppid"]), row["comm"]) for row in truth["processes"]}


def stable(listed: Mapping[int, tuple[int, str]]) -> dict[int, tuple[int, str]]:
    """A process list without what comes and goes by the second: kworkers, and ps itself."""
    return {
        pid: (parent, name)
        for pid, (parent, name) in listed.items()
        if not name.startswith("kworker") and name != "ps"
    }
