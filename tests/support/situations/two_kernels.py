# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Several kernels in one memory: after a reset, a kexec, a crash; remnants of an earlier one."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np

from support.images import cut, write_lime
from support.overlay import PAGE, Overlay
from support.pluginruns import give_isf
from support.situations.bench import Bench, Case, Situation
from support.volrunner import Vol
from volatility3_btf import open_memory
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.memory_map import set_aside

RESET, KEXEC, CRASH = "amd64-reset", "amd64-kexec", "amd64-crash"
GROUP = "several kernels"
BEFORE = {
    RESET: "after a reset (the dead kernel is another one and lies above)",
    KEXEC: "after a kexec (the dead kernel is the same and lies below)",
    CRASH: "the kernel for crashes (the crashed one is the same and lies below)",
}
WHOSE = {"": (), "the running one's": (0,), "the dead one's": (1,), "both": (0, 1)}


def _wiped(name: str, whose: Sequence[int], bench: Bench) -> Case:
    image = bench.overlay(name)
    for number in whose:
        note = bench.shared.kernels(name)[number].vmcoreinfo
        for offset in () if note is None else note.offsets:  # the dead one's may have been overwritten
            text = image.read(offset, PAGE)
            image.write(offset, bytes(text.index(b"\0")))
    return Case(bench.saved(image) if whose else bench.dump(name).raw, bench.dump(name))


def _core(name: str, bench: Bench) -> Case:
    return Case(bench.dump(name).elf, bench.dump(name))


def _asked(name: str, bench: Bench) -> Case:
    dead, guest = bench.shared.kernels(name)[1], bench.dump(name)
    return Case(guest.raw, guest.before, ("--btf-kernel", hex(dead.blob.offset)))


def _asked_by_release(name: str, bench: Bench) -> Case:
    guest = bench.dump(name)
    return Case(guest.raw, guest, ("--btf-kernel", guest.truth["release"]))


def _asked_for_none(bench: Bench) -> Case:
    guest = bench.dump(CRASH)
    return Case(guest.raw, guest, ("--btf-kernel", "2.6.32"))


def _own_file(name: str, number: int, bench: Bench) -> Case:
    """With a symbol file of one of the two; where both are one build, it is of both."""
    guest, kernel = bench.dump(name), bench.shared.kernels(name)[number]
    maker = Vol(bench.folder / "maker")
    option = ("--btf-kernel", hex(kernel.blob.offset))
    (row,) = maker(*option, "linux.btfisf", "--compression", "none", image=guest.raw).rows
    give_isf(bench.vol, maker.output / row["File output"])
    is_choice = number and name == RESET
    return Case(guest.raw, guest.before if is_choice else guest)


def _vmcore(bench: Bench) -> Case:
    """What kdump saves: the crashed kernel's memory without what it kept for the other one."""
    guest, dead = bench.dump(CRASH), bench.shared.kernels(CRASH)[1]
    spare = set_aside(open_memory(guest.raw), dead)
    assert spare is not None
    ranges = [(start, length) for start, length in guest.truth["ram"]]
    kept = cut(ranges, [(spare.start, spare.length)])
    return Case(write_lime(bench.folder / "memory.lime", guest.raw, 0, kept), guest.before)


def _alike(bench: Bench) -> Case:
    """The image of a crash without what tells the two kernels apart."""
    living, dead = bench.shared.kernels(CRASH)
    image = bench.overlay(CRASH)
    _write(image, dead, "crashk_res", bytes(16))
    _write(image, dead, "panic_cpu", b"\xff" * 4)
    for kernel in (living, dead):
        _write(image, kernel, "tk_core", bytes(200))
        _write(image, kernel, "max_pfn", bytes(8))
    return Case(bench.saved(image), bench.dump(CRASH))


def _without_btf(number: int, bench: Bench) -> Case:
    image, kernel = bench.overlay(CRASH), bench.shared.kernels(CRASH)[number]
    image.write(kernel.blob.offset, bytes(kernel.blob.size))
    return Case(bench.saved(image), bench.dump(CRASH))


def _switched_off(bench: Bench) -> Case:
    image = bench.overlay("amd64-6.1")
    off = struct.pack("<I", 5)  # SYSTEM_POWER_OFF in 6.1 (include/linux/kernel.h)
    _write(image, bench.kernel("amd64-6.1"), "system_state", off)
    return Case(bench.saved(image), bench.dump("amd64-6.1"))


def _remnants(new: str, old: str, bench: Bench) -> Case:
    """Where the running kernel's memory holds nothing, an earlier kernel's is still there."""
    image, before = bench.overlay(new), bench.overlay(old)
    for page in _empty(image):
        if page < before.pages:
            image.write(page * PAGE, before.read(page * PAGE, PAGE))
    return Case(bench.saved(image), bench.dump(new))


def _empty(image: Overlay) -> Iterator[int]:
    words = np.frombuffer(image.read(0, image.end), np.uint64)
    return (int(page) for page in np.flatnonzero(~words.reshape(-1, PAGE // 8).any(axis=1)))


def _write(image: Overlay, kernel: Kernel, name: str, data: bytes) -> None:
    at = kernel.find(name)
    assert at is not None
    image.write(at, data)


def _situations() -> Iterator[Situation]:
    for name, what in BEFORE.items():
        for whose, numbers in WHOSE.items():
            wiped = f", VMCOREINFO wiped: {whose}" if whose else ""
            yield Situation(
                GROUP, what + wiped, lambda bench, name=name, numbers=numbers: _wiped(name, numbers, bench)
            )
        yield Situation(GROUP, f"{what}, ELF core", lambda bench, name=name: _core(name, bench))
        for number, whose in enumerate(("the running", "the dead")):
            yield Situation(
                GROUP,
                f"{what}, the user has {whose} one's symbol file",
                lambda bench, name=name, number=number: _own_file(name, number, bench),
            )
        yield Situation(
            GROUP, f"{what}, --btf-kernel asks for the dead one", lambda bench, name=name: _asked(name, bench)
        )
    yield Situation(
        GROUP,
        "a crash, --btf-kernel asks for a release that both have",
        lambda bench: _asked_by_release(CRASH, bench),
    )
    yield Situation(GROUP, "a crash, --btf-kernel asks for one that is not there", _asked_for_none)
    yield Situation(GROUP, "a crash, the memory of the crashed kernel alone (/proc/vmcore)", _vmcore)
    yield Situation(GROUP, "a crash, all that tells which one runs is wiped", _alike)
    yield Situation(GROUP, "a crash, the running kernel's BTF is wiped", lambda bench: _without_btf(0, bench))
    yield Situation(GROUP, "a crash, the dead kernel's BTF is wiped", lambda bench: _without_btf(1, bench))
    yield Situation(GROUP, "one kernel, which had been switched off", _switched_off)
    for new, old in (("amd64-6.1", "amd64-7"), ("amd64-7", "amd64-6.1"), ("amd64-6.12", "amd64-5.10")):
        yield Situation(
            GROUP,
            f"remnants of {old[6:]} where {new[6:]} holds nothing",
            lambda bench, new=new, old=old: _remnants(new, old, bench),
        )


SITUATIONS = tuple(_situations())
