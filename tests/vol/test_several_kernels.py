# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Images with a running kernel and a dead one: whose processes are printed, and what the user is told."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from volatility3.framework import contexts

from dumpmaker.cache import Dump
from support.decoys import Ground
from support.overlay import Overlay
from support.pluginruns import give_isf, guest_processes, processes, stable
from support.volrunner import Result, Vol
from support.wiping import wiped, without_vmcoreinfo
from volatility3_btf import open_memory
from volatility3_btf.kernel import Kernel, identify_kernels
from volatility3_btf.kernel.arch.started import LOW
from volatility3_btf.survey import Survey
from volatility3_btf.vol.automagic import decision
from volatility3_btf.vol.automagic.kernel_layer import SpaceError
from volatility3_btf.vol.automagic.running import running_kernel
from volatility3_btf.vol.layers import layer_memory
from volatility3_btf.vol.layers.image_layers import LOCATION, stack_physical
from volatility3_btf.vol.symbols.user_files import UserSymbols

pytestmark = pytest.mark.slow

RESET, CRASH = "amd64-reset", "amd64-crash"
OPTION = "--btf-kernel"

Dumps = Callable[[str], Dump]


def both(guest: Dump) -> tuple[Kernel, Kernel]:
    """The running kernel and the dead one."""
    living, dead = (
        kernel for kernel in identify_kernels(open_memory(guest.raw)) if kernel.symbols is not None
    )
    return living, dead


def opened(guest: Dump) -> tuple[contexts.Context, str]:
    """A context with the image's physical layer, and the layer's name."""
    context = contexts.Context()
    context.config[LOCATION] = guest.raw.as_uri()
    return stack_physical(context, "test")


def told(result: Result) -> list[str]:
    """What was said of several kernels."""
    return [line for line in result.stderr.splitlines() if "volatility3_btf.vol" in line]


def shows(result: Result, guest: Dump) -> bool:
    """Whether the processes are a guest's."""
    return stable(processes(result)) == stable(guest_processes(guest.truth))


@pytest.mark.parametrize("name", [RESET, "amd64-kexec", CRASH])
def test_the_running_kernels_processes_are_listed(name: str, dump: Dumps, vol: Vol) -> None:
    guest = dump(name)
    result = vol("linux.pslist", image=guest.raw)
    assert shows(result, guest)
    assert told(result) == []


def test_without_any_note_it_is_the_running_kernel_too(dump: Dumps, vol: Vol, tmp_path: Path) -> None:
    guest = dump(RESET)
    assert shows(vol("linux.pslist", image=without_vmcoreinfo(guest, tmp_path / "image")), guest)


def test_the_crashed_kernels_processes_can_be_asked_for(dump: Dumps, vol: Vol) -> None:
    guest = dump(CRASH)
    _, dead = both(guest)
    result = vol(OPTION, hex(dead.blob.offset), "linux.pslist", image=guest.raw)
    assert shows(result, guest.before)
    assert told(result) == []
    result = vol(OPTION, guest.truth["release"], "linux.pslist", image=guest.raw)
    assert shows(result, guest)
    (line,) = told(result)
    assert f"2 kernels are {guest.truth['release']}" in line


def test_a_kernel_that_is_not_there_is_an_error(dump: Dumps, vol: Vol) -> None:
    guest = dump(CRASH)
    for plugin in ("linux.pslist", "linux.btfisf", "linux.btftypes"):
        result = vol(OPTION, "2.6.32", plugin, image=guest.raw, check=False)
        assert result.returncode == 1
        assert (
            f"no kernel in this image is '2.6.32'; there are: Linux {guest.truth['release']}" in result.stderr
        )


def test_where_nothing_tells_a_line_does(dump: Dumps, vol: Vol, tmp_path: Path) -> None:
    guest = dump(CRASH)
    living, dead = both(guest)
    places = [dead.find(name) for name in ("crashk_res", "panic_cpu")]
    places += [kernel.find(name) for kernel in (living, dead) for name in ("tk_core", "max_pfn")]
    image = tmp_path / "image"
    assert None not in places
    wiped(guest, image, places[0] or 0, 16)
    with image.open("r+b") as file:
        for place, data in zip(places[1:], (b"\xff" * 4, *(bytes(200), bytes(8)) * 2), strict=True):
            file.seek(place or 0)
            file.write(data)
        file.seek(0)
        file.write(bytes(LOW))
    result = vol("linux.pslist", image=image)
    (line,) = told(result)
    assert "2 kernels are in this image, and nothing tells which one runs" in line
    first, second = (living, dead) if living.blob.offset < dead.blob.offset else (dead, living)
    assert f"with BTF at {first.blob.offset:#x} is taken" in line
    assert f"--btf-kernel {second.blob.offset:#x} takes" in line


def test_the_running_kernels_own_symbol_file_gives_its_list(dump: Dumps, vol: Vol) -> None:
    guest = dump(RESET)
    release = guest.truth["release"]
    (row,) = vol(OPTION, release, "linux.btfisf", "--compression", "none", image=guest.raw).rows
    give_isf(vol, vol.output / row["File output"])
    result = vol("linux.pslist", image=guest.raw)
    assert shows(result, guest)
    assert told(result) == []


def test_a_symbol_file_of_the_users_is_a_choice(
    dump: Dumps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    guest = dump(RESET)
    own = tmp_path / "own.json"
    own.write_text("{}")
    for kernel in both(guest):
        assert kernel.banner is not None and kernel.page_tables is not None
        user = UserSymbols({kernel.banner: own.as_uri()})
        monkeypatch.setattr(UserSymbols, "load", lambda user=user: user)
        caplog.clear()
        answer = decision.decide(*opened(guest))
        assert answer is not None
        assert answer.files == [own.as_uri()]
        assert answer.layer["page_map_offset"] == kernel.page_tables.root
        line = f"with BTF at {kernel.blob.offset:#x} is taken; --btf-kernel"
        assert any(line in message for message in caplog.messages) == (kernel.life == "ended")


def test_a_symbol_file_of_the_users_does_not_choose_a_guest(dump: Dumps) -> None:
    """Nor a copy in a process's memory: its own page tables have it elsewhere than it lies."""
    image, other = Overlay(dump("amd64-6.12").raw), Overlay(dump("amd64-6.1").raw)
    (host,), (guest,) = identify_kernels(image), identify_kernels(other)
    first, last = guest.find("_text"), guest.find("_end")
    place = Ground(image, host).run(random.Random(1), 96 << 20)
    assert first is not None and last is not None and place is not None and last - first < 96 << 20
    image.write(place, other.read(first, last - first))
    inside = next(kernel for kernel in identify_kernels(image) if kernel.banner == guest.banner)
    assert inside.layer_base is not None and not inside.is_at_home
    taken = running_kernel(Survey(image), owns=lambda banner: banner == guest.banner)
    assert taken.kernel.banner == host.banner


def test_the_tables_of_all_are_made_and_the_types_of_one_shown(dump: Dumps, vol: Vol) -> None:
    guest = dump(RESET)
    living, dead = both(guest)
    result = vol("-v", "linux.btfisf", image=guest.raw)
    assert [row["BTF offset"] for row in result.rows[:2]] == [living.blob.offset, dead.blob.offset]
    assert "system_state is SYSTEM_POWER_OFF" in result.stderr
    assert f"the kernel with BTF at {dead.blob.offset:#x} ran before" in result.stderr
    of_dead = vol(OPTION, hex(dead.blob.offset), "linux.btftypes", "--type", "task_struct", image=guest.raw)
    assert of_dead.stdout != vol("linux.btftypes", "--type", "task_struct", image=guest.raw).stdout


def test_loaded_is_what_the_running_kernel_loaded(dump: Dumps, vol: Vol) -> None:
    guest = dump(CRASH)
    rows = vol("linux.btfscan", "--all", image=guest.raw).rows
    loaded = {row["Name"] for row in rows if row["Origin"] == "loaded"}
    mine = {module["name"] for module in guest.truth["modules"] if module["btf"]}
    theirs = {module["name"] for module in guest.before.truth["modules"] if module["btf"]}
    assert loaded - {None} == mine | {"vmlinux"}
    copies = {row["Name"] for row in rows if row["Origin"] == "copy" and row["Kind"] == "module"}
    assert theirs - mine <= copies
    assert len(theirs - mine) > 10


def test_a_saved_choice_stays_when_the_table_is_gone(dump: Dumps, vol: Vol) -> None:
    guest = dump(CRASH)
    _, dead = both(guest)
    saved = vol.folder / "saved.json"
    vol(OPTION, hex(dead.blob.offset), "--save-config", saved, "linux.pslist", image=guest.raw)
    for table in (vol.cache / "volatility3/symbols/btf").glob("*"):
        table.unlink()
    assert shows(vol("-c", saved, "linux.pslist"), guest.before)


def test_a_lonely_kernel_that_was_shut_down_is_told(dump: Dumps, vol: Vol, tmp_path: Path) -> None:
    guest = dump("amd64-6.1")
    (kernel,) = identify_kernels(open_memory(guest.raw))
    place = kernel.find("system_state")
    assert place is not None
    image = wiped(guest, tmp_path / "image", place, 0)
    with image.open("r+b") as file:
        file.seek(place)
        file.write(struct.pack("<I", 5))  # SYSTEM_POWER_OFF in 6.1 (include/linux/kernel.h)
    result = vol("linux.pslist", image=image)
    assert shows(result, guest)
    (line,) = told(result)
    assert "no longer ran when memory was written" in line


def test_where_no_layer_can_be_made_the_next_kernel_is_tried(
    dump: Dumps, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Only Volatility's own layer shows at last whether page tables serve."""
    copy, physical = opened(dump(CRASH))
    taken = running_kernel(Survey(layer_memory(copy, physical)))
    tables = taken.kernel.page_tables
    assert tables is not None and taken.others
    broken = replace(taken.kernel, page_tables=replace(tables, root=0x1000))
    monkeypatch.setattr(decision, "source_for", lambda kernel: decision.Source("none", kernel.release or ""))
    caplog.clear()
    answer = decision._by_first_that_serves(copy, physical, replace(taken, kernel=broken), UserSymbols())
    assert answer is not None
    assert answer.layer["page_map_offset"] == taken.others[0].page_tables.root  # type: ignore[union-attr]
    (line,) = caplog.messages
    assert f"The kernel with BTF at {broken.blob.offset:#x} cannot be used" in line
    with pytest.raises(SpaceError):
        decision._by_first_that_serves(
            copy, physical, replace(taken, kernel=broken, others=()), UserSymbols()
        )
