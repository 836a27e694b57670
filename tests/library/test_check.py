# SPDX-License-Identifier: Apache-2.0
"""What a library says of an image: which kernel it has, and what of its kernel is not as it was shipped."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.dumpkernels import kernel_file
from support.patching import Patch
from support.smallkernels import write_small_kernel
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.__main__ import main
from volatility3_btf.library import Catalogue, LibraryError, build
from volatility3_btf.library.compare.check import Verdict, check
from volatility3_btf.library.compare.code import CodeVerdict, NotComparableError, compare_code
from volatility3_btf.library.compare.difference import symbol_lines, type_lines
from volatility3_btf.library.compare.sides import side_of
from volatility3_btf.library.found import kernels_in

MAIN = "amd64-6.1"
VERSIONS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "arm64-6.12-16k")
TRACED = {"amd64-6.12", "amd64-7", "arm64-6.12"}
"""Guests that trace vfs_rmdir by ftrace, and have a probe at vfs_rename."""

ARM = "arm64-6.12-16k"
WITHOUT_TABLES = "arm64-6.1"
"""Its kallsyms lists functions only."""

Dumps = Callable[[str], Dump]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three small kernels, and their images beside it."""
    folder = tmp_path_factory.mktemp("small")
    for number in range(3):
        write_small_kernel(folder / f"{number}.raw", number)
    build([folder], folder / "library", workers=1)
    return folder


def verdict_of(image: Path, library: Path, shipped: Path | None = None) -> Verdict:
    with Catalogue(library) as catalogue:
        (verdict,) = check(image, catalogue, shipped)
    return verdict


def test_a_kernel_of_the_library_is_known_wherever_it_was_loaded(small: Path, tmp_path: Path) -> None:
    verdict = verdict_of(write_small_kernel(tmp_path / "moved.raw", 1, 0x2200000), small / "library")
    assert verdict.agrees and verdict.entry is not None and verdict.entry.release == "6.6.1-test"


def test_another_kernel_is_not(small: Path, tmp_path: Path) -> None:
    verdict = verdict_of(write_small_kernel(tmp_path / "other.raw", 9), small / "library")
    assert not verdict.agrees
    assert verdict.entry is None or verdict.entry.release != "6.6.9-test"


def test_a_renamed_symbol_is_told(small: Path, tmp_path: Path) -> None:
    """The kallsyms of an image are what a rootkit changes first."""
    image = write_small_kernel(tmp_path / "hidden.raw", 1)
    data = bytearray((small / "0.raw").read_bytes())
    banner = data.index(b"Linux version 6.6.0-test")
    data[banner : banner + 24] = b"Linux version 6.6.1-test"
    image.write_bytes(data)
    verdict = verdict_of(image, small / "library")
    assert not verdict.agrees
    assert any("another one" in line for line in verdict.lines)


def test_the_exit_code_says_whether_it_agrees(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = str(small / "library")
    assert main(["library", "check", str(small / "2.raw"), "--in", library]) == 0
    assert "is 6.6.2-test-" in capsys.readouterr().out
    other = write_small_kernel(tmp_path / "other.raw", 9)
    assert main(["library", "check", str(other), "--in", library]) == 1
    assert main(["library", "check", str(small / "2.raw"), "--in", str(tmp_path)]) == 1
    assert "is no library" in capsys.readouterr().err


def test_differences_of_structures_and_symbols(small: Path) -> None:
    with Catalogue(small / "library") as catalogue:
        old, new = side_of("6.6.0-test", catalogue), side_of(str(small / "2.raw"), catalogue)
    assert list(type_lines(old, new, "numbered")) == ["~ struct numbered { 8 bytes -> 24 }"]
    assert list(type_lines(old, new, "task_struct")) == []
    lines = list(symbol_lines(old, new, "function_*_7"))
    assert [line.split()[:2] for line in lines if line[0] in "+-"] == [
        ["-", "function_0_7"],
        ["+", "function_2_7"],
    ]


def test_a_kernel_that_could_be_several_is_asked_for_again(small: Path) -> None:
    with Catalogue(small / "library") as catalogue:
        with pytest.raises(LibraryError, match="is 3 kernels"):
            side_of("6.6", catalogue)
        with pytest.raises(LibraryError, match="no kernel in"):
            side_of("7.0", catalogue)


# --- code, on real dumps ---


def code_of(image: Path, shipped: Path) -> CodeVerdict:
    running, kernel = kernels_in(image), kernels_in(shipped)
    return compare_code(next(running), next(kernel))


def arm_word(number: int) -> bytes:
    return number.to_bytes(4, "little")


@pytest.mark.slow
@pytest.mark.parametrize("name", VERSIONS)
def test_no_function_of_an_honest_kernel_differs(name: str, dump: Dumps) -> None:
    code = code_of(dump(name).elf, kernel_file(dump(name)))
    assert code.changed == []
    assert code.unreadable == 0 and code.compared > 12 << 20
    assert code.relocated > 10_000 or name.startswith("arm64")  # whose code counts from itself
    assert code.rewritten > 100_000
    assert code.set_aside < code.compared // 16
    names = {function for _, function, _ in code.leading_out}
    assert names == ({"vfs_rename", "vfs_rmdir"} if name in TRACED else set())


@pytest.mark.slow
def test_a_changed_function_is_found_and_a_hook_is_told(dump: Dumps, tmp_path: Path) -> None:
    shipped = kernel_file(dump(MAIN))
    patch = Patch(dump(MAIN), tmp_path / "memory.raw")
    symbols = patch.kernel.symbols
    assert symbols is not None
    for name, offset, content in (
        ("tcp4_seq_show", 5, b"\xeb\xfe"),  # behind the place of ftrace: an endless loop
        ("proc_pident_readdir", 0, b"\xe8\x00\x00\x00\x40"),  # a call to where modules are
    ):
        address = symbols.get(name)
        place = None if address is None else patch.kernel.physical(address)
        assert place is not None
        patch.write(place + offset, content)
    code = code_of(patch.path, shipped)
    assert [changed.name for changed in code.changed] == ["tcp4_seq_show"]
    assert code.changed[0].differing == 2
    assert [(what, name) for what, name, _ in code.leading_out] == [
        ("traced functions", "proc_pident_readdir")
    ]


@pytest.mark.slow
def test_on_arm64_it_is_told_what_traces_a_function(dump: Dumps) -> None:
    """There the kernel's own trampoline is called, and a word before the function says for whom."""
    code = code_of(dump("arm64-6.12").elf, kernel_file(dump("arm64-6.12")))
    assert [(what, name) for what, name, _ in code.leading_out] == [
        ("ftrace_ops", "vfs_rmdir"),
        ("breakpoints", "vfs_rename"),
    ]


@pytest.mark.slow
def test_on_arm64_a_changed_function_is_found_and_a_hook_is_told(dump: Dumps, tmp_path: Path) -> None:
    image = tmp_path / "memory.raw"
    shutil.copyfile(dump(ARM).raw, image)
    with open_memory(dump(ARM).raw) as memory:
        kernel = identify_kernel(memory)
    patches = {
        ("tcp4_seq_show", 8): arm_word(0x14000000),  # behind the place of ftrace: an endless loop
        ("proc_pid_status", 0): arm_word(
            0xD65F03C0
        ),  # at that place what ftrace never writes there: a return
        ("proc_pident_readdir", 4): arm_word(0x95000000),  # a call to where modules are
        ("proc_pident_lookup", 4): arm_word(0x94000001),  # one within the kernel
        ("proc_pident_lookup", -8): (0xFFFF123456789AB0).to_bytes(8, "little"),
    }
    with image.open("r+b") as file:
        for (name, offset), content in patches.items():
            place = kernel.find(name)
            assert place is not None
            file.seek(place + offset)
            file.write(content)
    code = code_of(image, kernel_file(dump(ARM)))
    assert [changed.name for changed in code.changed] == ["proc_pid_status", "tcp4_seq_show"]
    assert sorted((name, what) for what, name, _ in code.leading_out) == [
        ("proc_pident_lookup", "ftrace_ops"),
        ("proc_pident_readdir", "ftrace_ops"),
        ("proc_pident_readdir", "traced functions"),
    ]
    assert 0xFFFF123456789AB0 in {address for _, _, address in code.leading_out}


@pytest.mark.slow
def test_a_kernel_that_does_not_list_its_tables_is_not_judged(dump: Dumps) -> None:
    with pytest.raises(NotComparableError, match="does not list where its tables"):
        code_of(dump(WITHOUT_TABLES).elf, kernel_file(dump(WITHOUT_TABLES)))


@pytest.mark.slow
def test_code_that_is_gone_is_told_function_by_function(dump: Dumps, tmp_path: Path) -> None:
    """Whatever is there instead: it costs no more than honest code."""
    patch = Patch(dump(MAIN), tmp_path / "memory.raw")
    symbols = patch.kernel.symbols
    assert symbols is not None
    start = symbols.get("_stext")
    place = None if start is None else patch.kernel.physical(start)
    assert place is not None
    patch.write(place, bytes(range(256)) * (12 << 12))
    code = code_of(patch.path, kernel_file(dump(MAIN)))
    assert len(code.changed) > 30_000
    assert sum(changed.differing for changed in code.changed) > 10 << 20


@pytest.mark.slow
def test_the_library_finds_the_shipped_kernel_by_itself(dump: Dumps, tmp_path: Path) -> None:
    shipped = kernel_file(dump(MAIN))
    build([shipped], tmp_path, workers=1)
    verdict = verdict_of(dump(MAIN).raw, tmp_path)
    assert verdict.agrees
    assert any("no function differs" in line for line in verdict.lines)
