# SPDX-License-Identifier: Apache-2.0
"""The dump maker and its cache, and the images the tests write; no guest is booted here."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dumpmaker import cache, core, initramfs, kexec, make, truth
from dumpmaker.cache import FURTHER, RECIPES, Recipe
from dumpmaker.errors import DumpError, GuestError
from dumpmaker.kexec import Start
from dumpmaker.machine import Boot, Guest
from support.checkout import CHECKOUT
from support.images import LIME_HEADER, cut, write_lime


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A cache of its own in which "making" writes small files; returns the folders that were made in."""
    made: list[Path] = []

    def fetch(*_: object) -> make.Kernel:
        return make.Kernel([], tmp_path, {})

    def write(_: make.Kernel, __: object, out: Path, ___: object) -> None:
        time.sleep(0.05)
        made.append(out)
        out.mkdir(exist_ok=True)
        for name in cache.FILES:
            (out / name).write_text('{"ram": []}')

    monkeypatch.setenv("BTF_DUMPS", str(tmp_path / "dumps"))
    monkeypatch.setattr(make, "fetch_bash", lambda *_: Path("bash"))
    monkeypatch.setattr(make, "fetch", fetch)
    monkeypatch.setattr(make, "make_dump", write)
    return made


def test_a_dump_is_made_once(fake: list[Path], tmp_path: Path) -> None:
    first, second = cache.dump("amd64-6.1"), cache.dump("amd64-6.1")
    assert len(fake) == 1
    assert first == second
    assert first.raw == tmp_path / "dumps/amd64-6.1/memory.raw"
    assert first.truth == {"ram": []}


def test_two_at_once_make_one_dump(fake: list[Path]) -> None:
    threads = [threading.Thread(target=cache.dump, args=("amd64-6.1",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake) == 1


def test_an_incomplete_dump_is_made_again(fake: list[Path]) -> None:
    cache.dump("amd64-6.1").raw.write_text("cut")
    cache.dump("amd64-6.1").kallsyms.unlink()
    cache.dump("amd64-6.1").folder.joinpath(cache.MARKER).write_text("[]")
    assert cache.dump("amd64-6.1").kallsyms.exists()
    assert len(fake) == 4


def test_a_changed_recipe_makes_the_dump_again(fake: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    cache.dump("amd64-6.1")
    monkeypatch.setitem(RECIPES, "amd64-6.1", replace(RECIPES["amd64-6.1"], memory=256))
    cache.dump("amd64-6.1")
    assert len(fake) == 2


def test_a_failure_leaves_nothing_behind(
    fake: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_: object, __: object, out: Path, ___: object) -> None:
        (out / "memory.raw").write_text("half")
        raise DumpError("no luck")

    monkeypatch.setattr(make, "make_dump", fail)
    with pytest.raises(DumpError, match="no luck"):
        cache.dump("amd64-6.1")
    left = {path.name for path in (tmp_path / "dumps").iterdir()}
    assert left == {".amd64-6.1.lock", ".packages.lock"}


def test_another_suite_is_taken_where_a_mirror_lacks_the_first(
    fake: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def fetch(suite: str, *_: object) -> make.Kernel:
        asked.append(suite)
        if suite == "trixie" or len(asked) > 2:
            raise DumpError(f"cannot read the package list of {suite}")
        return make.Kernel([], Path(), {})

    def write(_: make.Kernel, __: object, out: Path, about: dict[str, str]) -> None:
        for name in cache.FILES:
            (out / name).write_text(json.dumps(about))

    monkeypatch.setattr(make, "fetch", fetch)
    monkeypatch.setattr(make, "make_dump", write)
    recipe = RECIPES["s390x-6.12"]
    assert cache.dump("s390x-6.12").truth["suite"] == recipe.otherwise != recipe.suite
    assert asked == [recipe.suite, recipe.otherwise]
    with pytest.raises(DumpError, match=f"list of {recipe.otherwise}"):
        cache.dump("amd64-6.12")
    with pytest.raises(DumpError, match="list of bookworm"):
        cache.dump("amd64-6.1")


def test_several_dumps_are_made_in_one_go(fake: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    fetching = threading.Lock()

    def fetch(*_: object) -> make.Kernel:
        assert fetching.acquire(blocking=False), "apt's folders serve one process only"
        time.sleep(0.02)
        fetching.release()
        return make.Kernel([], Path(), {})

    monkeypatch.setattr(make, "fetch", fetch)
    assert [dump.name for dump in cache.make_all(RECIPES)] == list(RECIPES)
    assert len(fake) == len(RECIPES) + sum(recipe.before is not None for recipe in RECIPES.values())


def test_memory_of_before_a_reset_is_what_the_next_kernel_starts_with(
    fake: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    boots: list[Boot] = []

    def write(_: make.Kernel, boot: Boot, out: Path, __: object) -> None:
        assert boot.ram_file is not None
        assert boot.ram_file.exists() == bool(boots)
        boot.ram_file.write_text("left")
        boots.append(boot)
        out.mkdir(exist_ok=True)
        for name in cache.FILES:
            (out / name).write_text(json.dumps({"boot": len(boots)}))

    monkeypatch.setattr(make, "make_dump", write)
    made = cache.dump("amd64-reset")
    assert [made.before.truth, made.truth] == [{"boot": 1}, {"boot": 2}]
    assert [boot.append for boot in boots] == ["memmap=96M$16M", "nokaslr"]
    assert not made.before.raw.exists()
    assert list(made.folder.parent.glob(".ram*")) == []
    assert not cache.is_complete(made.folder, RECIPES["amd64-crash"])


def test_a_second_kernel_on_the_first_is_noticed(tmp_path: Path) -> None:
    lines = "{:08x}-{:08x} : Kernel code\n{:08x}-{:08x} : Kernel bss\n"
    for name, start in (("one", 0x100), ("other", 0x3FF), ("apart", 0x400)):
        (tmp_path / name / "proc").mkdir(parents=True)
        iomem = "00000000-0000ffff : System RAM\n" + lines.format(
            start, start + 0xFF, start + 0x200, start + 0x2FF
        )
        (tmp_path / name / "proc/iomem").write_text(iomem)
    assert truth.kernel_range((tmp_path / "one/proc/iomem").read_text()) == range(0x100, 0x400)
    assert truth.lies_over(tmp_path / "one", tmp_path / "other")
    assert not truth.lies_over(tmp_path / "one", tmp_path / "apart")


@pytest.mark.parametrize("start", ["reboot", "crash"])
def test_the_kexec_loader_is_a_small_program(start: Start) -> None:
    """Which calls it makes, the dumps show; here, that its jumps and data lie inside it."""
    made = kexec.program(start, "console=ttyS0")
    assert made.endswith(b"\0console=ttyS0\0")
    assert (b"\x85\xc0\x75\x16" in made) == (start == "reboot")
    assert len(made) < 512


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(DumpError, match="no recipe for 'amd64-1'"):
        cache.dump("amd64-1")


def test_recipes_name_metapackages_only() -> None:
    """A fixed version would be gone from the mirror some day."""
    for recipe in RECIPES.values():
        for one in (recipe, recipe.before or recipe):
            assert not re.search(r"\d\.\d", one.package)
    every = RECIPES | FURTHER
    assert len({recipe.digest for recipe in every.values()}) == len(RECIPES) + len(FURTHER)
    assert Recipe("bookworm", "linux-image-amd64").digest == RECIPES["amd64-6.1"].digest


def test_a_failed_guest_gets_one_more_try() -> None:
    tries: list[int] = []

    def run(fail: int) -> dict[str, object]:
        tries.append(1)
        if len(tries) <= fail:
            raise GuestError("hung")
        return {"accel": "tcg"}

    assert make._twice(lambda: run(1)) == {"accel": "tcg"}
    tries.clear()
    with pytest.raises(GuestError):
        make._twice(lambda: run(2))
    assert len(tries) == 2


def test_a_missing_emulator_is_named(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="qemu-system-none is not installed"):
        Guest(["qemu-system-none"], tmp_path / "log", "qemu-system-misc")


def test_a_dead_guest_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with (
        Guest(["sh", "-c", "echo Kernel panic"], tmp_path / "log", "sh") as guest,
        pytest.raises(GuestError, match="Kernel panic"),
    ):
        guest.expect(b"READY", 10)


@pytest.mark.parametrize("tool", ["make-dump", "dumps"])
def test_the_tools_explain_themselves(tool: str) -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "tools" / tool, "--help"], capture_output=True, text=True, check=True
    )
    assert "usage:" in done.stdout


def test_modules_come_after_what_they_need(tmp_path: Path) -> None:
    folder = tmp_path / "lib/modules/1/kernel"
    folder.mkdir(parents=True)
    (folder / "top-most.ko").write_bytes(b"\0depends=middle,low\0")
    (folder / "middle.ko").write_bytes(b"\0depends=low\0")
    (folder / "low.ko").write_bytes(b"\0depends=\0")
    assert list(initramfs.pick_modules([tmp_path], ["top_most", "built_in"])) == [
        "low.ko",
        "middle.ko",
        "top_most.ko",
    ]


@pytest.mark.parametrize("order", ["<", ">"])
def test_flat_memory_is_laid_out_from_the_core(order: str, tmp_path: Path) -> None:
    elf, raw = tmp_path / "core", tmp_path / "raw"
    head = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    head += struct.pack(order + "HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    segments = [(4, 0, 0), (1, 0x4000_0000, 8), (1, 0x4000_1000, 4)]
    for (kind, address, size), offset in zip(segments, (0, 0x200, 0x208), strict=True):
        head += struct.pack(order + "IIQQQQQQ", kind, 0, offset, 0, address, size, size, 0)
    elf.write_bytes(head.ljust(0x200, b"\0") + b"firstone" + b"last")
    assert core.elf_to_raw(elf, raw, 0x4000_0000, 1 << 20) == [[0x4000_0000, 8], [0x4000_1000, 4]]
    assert raw.read_bytes() == b"firstone".ljust(0x1000, b"\0") + b"last"


def test_kallsyms_are_counted_and_the_first_of_a_name_kept() -> None:
    text = "ffff1000 T _text\nffff2000 T _text\nffff3000 t helper\t[loop]\n"
    assert truth.kallsyms(text) == ({"core": 2, "modules": 1}, {"_text": "0xffff1000"})


def test_gaps_are_cut_out_of_ranges() -> None:
    assert cut([(0, 100), (200, 100)], [(10, 5), (90, 120), (295, 50)]) == [(0, 10), (15, 75), (210, 85)]


def test_lime_ranges_have_their_headers(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(range(100)))
    written = write_lime(tmp_path / "lime", raw, 1000, [(1000, 10), (1050, 2)]).read_bytes()
    assert LIME_HEADER.size == 32
    assert written[:8] == b"EMiL\1\0\0\0"
    assert written == (
        LIME_HEADER.pack(0x4C694D45, 1, 1000, 1009)
        + bytes(range(10))
        + LIME_HEADER.pack(0x4C694D45, 1, 1050, 1051)
        + bytes([50, 51])
    )
