# SPDX-License-Identifier: Apache-2.0
"""Two sound kernels in one memory: the one that runs comes first; where that is not certain, it is said."""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf import open_memory
from volatility3_btf.blobs.blob import Blob
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.btf import Enum, Kind
from volatility3_btf.kernel import Kernel, NotThereError, identify_kernel, identify_kernels
from volatility3_btf.kernel.arch.started import LOW
from volatility3_btf.kernel.evidence.clock import Clock, clock_of
from volatility3_btf.kernel.evidence.life import with_life
from volatility3_btf.kernel.structures import member_at, struct_of
from volatility3_btf.memory.memory import Memory

GetDump = Callable[[str], Dump]

RESET, KEXEC, CRASH = "amd64-reset", "amd64-kexec", "amd64-crash"
TWO = [RESET, KEXEC, CRASH]
"""The dead kernel lies above the running one, below it, and has crashed."""


@pytest.fixture(params=TWO)
def both(request: pytest.FixtureRequest, dump: GetDump) -> Dump:
    return dump(request.param)


@pytest.fixture(scope="module")
def images(dump: GetDump) -> Iterator[Callable[[str], Overlay]]:
    made: dict[str, Overlay] = {}

    def image(name: str) -> Overlay:
        made.setdefault(name, Overlay(dump(name).raw)).restore()
        return made[name]

    yield image
    made.clear()


def is_of(kernel: Kernel, guest: Dump) -> bool:
    """Whether a kernel is the one that a guest was, by addresses and release."""
    assert kernel.symbols is not None
    same = [
        kernel.symbols.get(name) == int(guest.truth["symbols"][name], 16) for name in ("_text", "init_task")
    ]
    return all(same) and kernel.release == guest.truth["release"]


def ranked(memory: Memory, blobs: list[Blob] | None = None) -> list[Kernel]:
    """The kernels with symbols, best first."""
    return [kernel for kernel in identify_kernels(memory, blobs) if kernel.symbols is not None]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of which kernel runs; debris in a guest's free memory has lines of its own."""
    return [
        record.getMessage() for record in caplog.records if record.name.endswith("kernel.identify.identify")
    ]


def set_state(image: Overlay, kernel: Kernel, name: str) -> None:
    """Write a value of `system_state`."""
    states = kernel.blob.types.find("system_states", Kind.ENUM)
    assert isinstance(states, Enum)
    (value,) = (state.value for state in states.values if state.name == name)
    image.write(place(kernel, "system_state"), struct.pack("<I", value))


def place(kernel: Kernel, name: str) -> int:
    at = kernel.find(name)
    assert at is not None
    return at


def stop_clock(image: Overlay, kernel: Kernel, like: Kernel | None = None) -> None:
    """Zero a kernel's clock, or set it to another one's time."""
    keeper = struct_of(kernel.blob.types, "timekeeper")
    assert keeper is not None
    for name in ("xtime_sec", "offs_real", "offs_boot"):
        found, theirs = (
            member_at(keeper, name),
            None if like is None else struct_of(like.blob.types, "timekeeper"),
        )
        assert found is not None
        data = bytes(8)
        if like is not None and theirs is not None and (there := member_at(theirs, name)) is not None:
            data = image.read(place(like, "tk_core") + 8 + there[0], 8)
        image.write(place(kernel, "tk_core") + 8 + found[0], data)


def offset_of(kernel: Kernel, member: str) -> int:
    """Where a member of `task_struct` lies."""
    task = struct_of(kernel.blob.types, "task_struct")
    found = None if task is None else member_at(task, member)
    assert found is not None
    return found[0]


def break_ring(image: Overlay, kernel: Kernel) -> None:
    """Let the first task's neighbour be none."""
    image.write(place(kernel, "init_task") + offset_of(kernel, "tasks"), bytes(16))


def mend_ring(image: Overlay, kernel: Kernel) -> None:
    """Let the first task have one neighbour, without a stack, that points back."""
    assert kernel.symbols is not None
    first, other = kernel.symbols.get("init_task"), kernel.symbols.get("init_mm")
    tasks = offset_of(kernel, "tasks")
    assert first is not None and other is not None
    image.write(place(kernel, "init_task") + tasks, struct.pack("<QQ", other, other))
    image.write(place(kernel, "init_mm"), struct.pack("<QQ", first + tasks, first + tasks))
    image.write(place(kernel, "init_mm") - tasks + offset_of(kernel, "stack"), bytes(8))


def make_alike(image: Overlay, living: Kernel, dead: Kernel) -> None:
    """Take away all that tells the two apart, but for the clock."""
    set_state(image, dead, "SYSTEM_RUNNING")
    image.write(place(dead, "panic_cpu"), b"\xff" * 4)
    image.write(place(dead, "crashk_res"), bytes(16))
    image.write(0, bytes(LOW))
    for kernel in (living, dead):
        mend_ring(image, kernel)
        image.write(place(kernel, "max_pfn"), struct.pack("<Q", 1 << 20))


@pytest.mark.parametrize("form", ["raw", "elf"])
def test_the_running_kernel_comes_first(both: Dump, form: str) -> None:
    living, dead = ranked(open_memory(both.raw if form == "raw" else both.elf))
    assert (living.life, dead.life) == ("running", "ended")
    assert is_of(living, both)
    assert is_of(dead, both.before)
    assert "ranked behind" in dead.doubts[-1]
    assert any("processors were in this kernel" in text for text in living.evidence) == (form == "elf")


@pytest.mark.parametrize("whose", ["living", "dead", "all"])
def test_a_wiped_note_does_not_change_which_runs(
    both: Dump, whose: str, images: Callable[[str], Overlay]
) -> None:
    image = images(both.name)
    blobs = list(find_kernel_btf(image))
    living, dead = ranked(image, blobs)
    wiped = {"living": [living], "dead": [dead], "all": [living, dead]}[whose]
    for note in (kernel.vmcoreinfo for kernel in wiped):
        for offset in () if note is None else note.offsets:
            image.write(offset, bytes(3000))
    first, second = ranked(image, blobs)
    assert (first.life, second.life) == ("running", "ended")
    assert first.blob.offset == living.blob.offset


@pytest.mark.parametrize("sign", ["system_state", "panic_cpu", "ring", "stack", "crash kernel"])
def test_each_sign_tells_by_itself(sign: str, images: Callable[[str], Overlay]) -> None:
    image = images(CRASH)
    living, dead = ranked(image)
    reserved = image.read(place(dead, "crashk_res"), 16)
    make_alike(image, living, dead)
    stop_clock(image, living)
    stop_clock(image, dead)
    if sign == "system_state":
        set_state(image, dead, "SYSTEM_RESTART")
    elif sign == "panic_cpu":
        image.write(place(dead, "panic_cpu"), bytes(4))
    elif sign == "ring":
        break_ring(image, dead)
    elif sign == "stack":
        image.write(place(dead, "init_mm") - offset_of(dead, "tasks") + offset_of(dead, "stack"), b"\x55" * 8)
    else:
        image.write(place(dead, "crashk_res"), reserved)
        image.write(place(dead, "panic_cpu"), bytes(4))
        set_state(image, living, "SYSTEM_HALT")
    first, second = ranked(image)
    assert (first.life, second.life) == ("running", "ended")
    assert first.blob.offset == living.blob.offset


def test_what_waits_for_a_crash_does_not_run(images: Callable[[str], Overlay]) -> None:
    """Root can load what looks like a running kernel where a kernel for crashes goes."""
    image = images(CRASH)
    living, dead = ranked(image)
    reserved = image.read(place(dead, "crashk_res"), 16)
    make_alike(image, living, dead)
    image.write(place(dead, "crashk_res"), reserved)
    stop_clock(image, dead, like=living)
    assert [kernel.life for kernel in ranked(image)] == ["unknown", "unknown"]


def test_a_clock_alone_makes_it_likely(
    images: Callable[[str], Overlay], caplog: pytest.LogCaptureFixture
) -> None:
    image = images(CRASH)
    living, dead = ranked(image)
    make_alike(image, living, dead)
    with caplog.at_level(logging.WARNING):
        assert identify_kernel(image).blob.offset == living.blob.offset
    assert [kernel.life for kernel in ranked(image)] == ["likely", "unknown"]
    (line,) = said(caplog)
    assert f"{living.blob.offset:#x} is taken" in line
    assert f"wanted={dead.blob.offset:#x} takes" in line


def test_memory_that_a_kernel_does_not_know_counts_more_than_a_clock(
    images: Callable[[str], Overlay],
) -> None:
    image = images(CRASH)
    living, dead = ranked(image)
    make_alike(image, living, dead)
    image.write(place(living, "max_pfn"), struct.pack("<Q", place(dead, "_text") // 4096))
    first, second = ranked(image)
    assert [first.life, second.life] == ["likely", "unknown"]
    assert first.blob.offset == dead.blob.offset
    assert any("contradict" in doubt for doubt in first.doubts)


def test_where_nothing_tells_that_is_said(
    images: Callable[[str], Overlay], caplog: pytest.LogCaptureFixture
) -> None:
    image = images(CRASH)
    living, dead = ranked(image)
    make_alike(image, living, dead)
    stop_clock(image, dead, like=living)
    with caplog.at_level(logging.WARNING):
        chosen = identify_kernel(image)
    assert [kernel.life for kernel in ranked(image)] == ["unknown", "unknown"]
    (line,) = said(caplog)
    assert "nothing tells which one runs" in line
    caplog.clear()
    other = living if chosen.blob.offset == dead.blob.offset else dead
    assert identify_kernel(image, wanted=other.blob.offset).blob.offset == other.blob.offset
    assert said(caplog) == []


def test_signs_that_contradict_each_other_are_not_certain(images: Callable[[str], Overlay]) -> None:
    """Who owns the running kernel can write that it was shut down."""
    image = images(CRASH)
    living, dead = ranked(image)
    image.write(place(dead, "crashk_res"), bytes(16))
    set_state(image, living, "SYSTEM_POWER_OFF")
    first, second = ranked(image)
    assert {first.life, second.life} == {"unknown"}
    assert all(any("contradict" in doubt for doubt in kernel.doubts) for kernel in (first, second))


def test_registers_come_before_all_that_is_in_memory(dump: GetDump, images: Callable[[str], Overlay]) -> None:
    image = images(KEXEC)
    living, dead = ranked(image)
    image.processors = open_memory(dump(KEXEC).elf).processors
    set_state(image, living, "SYSTEM_POWER_OFF")
    set_state(image, dead, "SYSTEM_RUNNING")
    break_ring(image, living)
    stop_clock(image, living)
    first, second = ranked(image)
    image.processors = ()
    assert (first.life, second.life) == ("running", "ended")
    assert first.blob.offset == living.blob.offset


def test_an_image_laid_into_another_kernels_memory_is_behind(dump: GetDump) -> None:
    """The image of an earlier kernel, text to bss, where it was, and nothing else of it."""
    guests = [dump(name) for name in ("amd64-6.12", "amd64-7", "amd64-6.1", "amd64-5.10", "amd64-6.1-torn")]
    running, stale = next(
        (one, other) for one in guests for other in guests if apart(image_of(one), image_of(other))
    )
    image, spot = Overlay(running.raw), image_of(stale)
    image.write(spot.start, open_memory(stale.raw).read(spot.start, len(spot)))
    first, second = ranked(image)
    assert is_of(first, running)
    assert is_of(second, stale)
    assert first.life in ("running", "likely")
    assert any(
        "ran before" in text and "has processes that were overwritten" in text for text in first.evidence
    )


def image_of(guest: Dump) -> range:
    """Where a guest's kernel lay, from its first byte to its last."""
    lines = [line.split(" : ")[0] for line in guest.truth["iomem_kernel"] if "Kernel" in line]
    ends = [[int(number, 16) for number in line.split("-")] for line in lines]
    return range(min(start for start, _ in ends), max(end for _, end in ends) + 1)


def apart(one: range, other: range) -> bool:
    return one.stop <= other.start or other.stop <= one.start


def test_a_kernel_that_was_shut_down_has_ended_though_it_is_alone(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    (kernel,) = identify_kernels(image)
    assert (kernel.state, kernel.life, kernel.doubts) == ("exact", "unknown", [])
    set_state(image, kernel, "SYSTEM_POWER_OFF")
    (kernel,) = identify_kernels(image)
    assert (kernel.state, kernel.life) == ("exact", "ended")
    assert kernel.doubts == ["it had been shut down: system_state is SYSTEM_POWER_OFF"]


@pytest.mark.parametrize("name", ["amd64-6.1", "amd64-6.12-la57", "amd64-7", "arm64-6.12", "s390x-6.12"])
def test_processors_are_seen_in_the_kernel_that_ran(name: str, dump: GetDump) -> None:
    (kernel,) = identify_kernels(open_memory(dump(name).elf))
    assert kernel.life == "running"


@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7"])
def test_the_clock_is_the_guests(name: str, dump: GetDump) -> None:
    """It was dumped before the guest told its uptime, and said in its log what time it had set."""
    guest = dump(name)
    memory = open_memory(guest.raw)
    clock = clock_of(memory, identify_kernel(memory))
    log = (guest.folder / "proc/dmesg").read_text()
    uptime = float((guest.folder / "proc/uptime").read_text().split()[0])
    set_to = re.search(r"\[ *(\S+)\] rtc_cmos .*setting system clock to .* UTC \((\d+)\)", log)
    assert clock is not None and set_to is not None
    assert abs(clock.booted - (int(set_to[2]) - float(set_to[1]))) < 3
    assert 0 < clock.uptime < uptime + 3


@pytest.mark.parametrize(
    ("first", "second", "is_before"),
    [
        (Clock(100, 200), Clock(200, 210), True),
        (Clock(100, 200), Clock(199, 210), True),
        (Clock(100, 200), Clock(150, 210), False),
        (Clock(100, 200), Clock(100, 200), False),
        (Clock(100, 200), Clock(110, 190), False),
        (Clock(0, 200), Clock(0, 900), False),
        (Clock(200, 210), Clock(100, 200), False),
    ],
)
def test_times_that_were_lived_at_once_tell_nothing(first: Clock, second: Clock, is_before: bool) -> None:
    assert first.is_before(second) == is_before


def test_a_kernel_is_asked_for_by_release_or_place(dump: GetDump) -> None:
    guest = dump(RESET)
    memory = open_memory(guest.raw)
    blobs = list(find_kernel_btf(memory))
    living, dead = ranked(memory, blobs)
    release = guest.before.truth["release"]
    for wanted, kernel in ((release, dead), (str(dead.blob.offset), dead), (hex(living.blob.offset), living)):
        assert identify_kernel(memory, blobs, wanted=wanted).blob.offset == kernel.blob.offset
    with pytest.raises(NotThereError) as error:
        identify_kernel(memory, blobs, wanted="2.6.32")
    assert f"Linux {guest.truth['release']} with BTF at {living.blob.offset:#x}" in str(error.value)


def test_no_more_kernels_are_compared_than_an_image_has(dump: GetDump) -> None:
    memory = open_memory(dump(CRASH).raw)
    kernels = ranked(memory)
    told = with_life(memory, kernels * 50)
    assert [kernel.life for kernel in told[:2]] == ["running", "ended"]


def test_a_kernel_whose_btf_is_gone_may_be_the_one_that_runs(
    images: Callable[[str], Overlay], caplog: pytest.LogCaptureFixture
) -> None:
    image = images(CRASH)
    living, dead = ranked(image)
    image.write(living.blob.offset, bytes(living.blob.size))
    with caplog.at_level(logging.WARNING):
        kernel = identify_kernel(image)
    assert (kernel.blob.offset, kernel.life) == (dead.blob.offset, "unknown")
    assert kernel.untyped == [living.release]
    (line,) = said(caplog)
    assert f"Linux {living.release} is in this image too" in line
    assert f"with BTF at {dead.blob.offset:#x} is taken" in line


def test_a_dead_kernel_whose_btf_is_gone_is_not_spoken_of(
    images: Callable[[str], Overlay], caplog: pytest.LogCaptureFixture
) -> None:
    image = images(CRASH)
    living, dead = ranked(image)
    image.write(dead.blob.offset, bytes(dead.blob.size))
    with caplog.at_level(logging.WARNING):
        assert identify_kernel(image).blob.offset == living.blob.offset
    assert said(caplog) == []
