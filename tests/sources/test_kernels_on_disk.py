# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Debian's kernels as their packages have them: the same table, row by row, as from a dump of the kernel."""

from __future__ import annotations

import gzip
import json
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker import cache, make
from dumpmaker.cache import Dump
from support import kernelfiles
from support.dumpkernels import kernel_file
from support.volrunner import Vol
from volatility3_btf import build_isf, identify_kernel, open_kernels, open_memory, open_modules
from volatility3_btf.__main__ import main
from volatility3_btf.btf import BtfError
from volatility3_btf.isf.document import Document
from volatility3_btf.kernel import Kernel
from volatility3_btf.sources.errors import SourceError
from volatility3_btf.sources.kernel_image import KernelImage
from volatility3_btf.sources.types_in_file import read_types

FLAVOURS = {
    "amd64-5.10": ("bzImage", "xz", "ELF"),
    "amd64-6.1": ("bzImage", "xz", "ELF"),
    "amd64-6.12": ("bzImage", "zstd", "ELF"),
    "amd64-7": ("bzImage", "zstd", "ELF"),
    "amd64-reset": ("bzImage", "zstd", "ELF"),
    "arm64-6.1": ("Image",),
    "arm64-6.12": ("Image",),
    "arm64-6.12-16k": ("Image",),
    "riscv64-6.12": ("Image",),
    "ppc64el-6.12": ("ELF",),
    "ppc64el-6.12-64k": ("ELF",),
    "s390x-6.12": ("s390x bzImage", "zstd", "Image"),
}
"""Each flavour's dump, and the layers of its kernel file."""

NOT_LISTED = "arm64-6.1"
"""Its kallsyms lists functions only; of variables VMCOREINFO tells, which only a running kernel has."""

CLOUD = "amd64-reset"
PARTS = ("base_types", "user_types", "enums", "symbols")

Dumps = Callable[[str], Dump]


def only(path: Path) -> KernelImage:
    (image,) = open_kernels(path)
    return image


def table_of_dump(dump: Dump) -> tuple[Kernel, Document]:
    with open_memory(dump.raw) as memory:
        kernel = identify_kernel(memory)
        return kernel, build_isf(kernel)


@pytest.mark.parametrize("name", FLAVOURS)
def test_the_table_is_that_of_a_dump(name: str, dump: Dumps) -> None:
    image = only(kernel_file(dump(name)))
    on_disk, (running, told) = build_isf(image.kernel).content, table_of_dump(dump(name))
    expected = {part: dict(told.content[part]) for part in PARTS}
    if name == NOT_LISTED:
        missing = expected["symbols"].keys() - on_disk["symbols"].keys()
        assert 0 < len(missing) < 16
        for symbol in missing:
            del expected["symbols"][symbol]
    for part in PARTS:
        assert on_disk[part] == expected[part], part
    kernel = image.kernel
    assert (kernel.banner, kernel.release) == (running.banner, running.release)
    assert kernel.architecture == running.architecture == image.machine
    assert kernel.blob.sha256 == running.blob.sha256
    assert kernel.state == running.state == ("partial" if name == NOT_LISTED else "exact")
    assert kernel.kaslr_shift == 0
    assert kernel.physical_shift == image.base
    assert image.layers == FLAVOURS[name]
    assert image.build_id and len(image.build_id) == 40


def test_a_kernel_without_btf_says_what_it_has(dump: Dumps) -> None:
    image = only(kernel_file(dump("s390x-6.1")))
    assert image.layers == ("s390x bzImage", "xz", "Image")
    with pytest.raises(SourceError, match=r"Linux 6\.1\.0-\d+-s390x has symbols \(\d+\) and no BTF"):
        _ = image.kernel


# --- the other wrappings, around Debian's kernels ---


def same_kernel(image: KernelImage, other: KernelImage) -> bool:
    """Whether two images have the same bytes at the same addresses."""
    ours, theirs = image.memory, other.memory
    return ours.runs == theirs.runs and all(
        ours.read(run.start, run.length) == theirs.read(run.start, run.length) for run in ours.runs
    )


def test_arm64_images_in_every_wrapping(dump: Dumps, tmp_path: Path) -> None:
    path = kernel_file(dump("arm64-6.12-16k"))
    plain, data = only(path), path.read_bytes()
    wrapped = tmp_path / "file"
    for layers, packed in {
        ("gzip",): gzip.compress(data, 1),
        ("EFI zboot", "gzip"): kernelfiles.zboot(gzip.compress(data, 1), b"gzip"),
        ("EFI zboot", "zstd"): kernelfiles.zboot(kernelfiles.PACKERS["zstd"](data)),
        ("Android boot", "lz4"): kernelfiles.android(kernelfiles.lz4_legacy(data)),
        ("uImage",): kernelfiles.uimage(data),
    }.items():
        wrapped.write_bytes(packed)
        image = only(wrapped)
        assert image.layers == (*layers, "Image")
        assert same_kernel(image, plain)


def test_a_vmlinux_of_arm64_is_relocated_too(dump: Dumps, tmp_path: Path) -> None:
    """Its pointers are in `.rela.dyn` alone, as in the Image."""
    path = kernel_file(dump(NOT_LISTED))
    plain = only(path)
    vmlinux = tmp_path / "vmlinux"
    vmlinux.write_bytes(kernelfiles.elf(path.read_bytes(), plain.base, plain.base, machine=183))
    image = only(vmlinux)
    assert (image.layers, image.base) == (("ELF",), plain.base)
    assert same_kernel(image, plain)
    assert image.memory.read(0, image.memory.size) != path.read_bytes()


def test_a_unified_kernel_image_of_systemds_stub(dump: Dumps, tmp_path: Path) -> None:
    path = kernel_file(dump(CLOUD))
    stub = make.fetch_stub("amd64", cache.root() / "packages")
    texts = {".osrel": 'ID=debian\nVERSION_ID="13"\n', ".cmdline": "quiet", ".uname": "6.12"}
    command, place = ["objcopy"], 0x20000000
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        command += [
            "--add-section",
            f"{name}={tmp_path / name}",
            "--change-section-vma",
            f"{name}={place:#x}",
        ]
        place += 0x10000
    command += ["--add-section", f".linux={path}", "--change-section-vma", f".linux={place:#x}"]
    uki = tmp_path / "linux.efi"
    subprocess.run([*command, str(stub), str(uki)], check=True, stderr=subprocess.DEVNULL)
    image, plain = only(uki), only(path)
    assert image.layers == ("UKI", *plain.layers)
    expected = {name[1:]: text.strip() for name, text in texts.items()} | {"signed": "no"}
    assert {name: image.facts[name] for name in expected} == expected
    assert image.facts["sbat"].startswith("sbat,1,")
    assert same_kernel(image, plain)


def test_debs_own_tool_makes_what_is_read(dump: Dumps, tmp_path: Path) -> None:
    path = kernel_file(dump(CLOUD))
    tree = tmp_path / "tree"
    (tree / "boot").mkdir(parents=True)
    (tree / "DEBIAN").mkdir()
    (tree / "boot" / path.name).write_bytes(path.read_bytes())
    (tree / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "-Zxz", "-z0", "-b", str(tree), str(tmp_path / "x.deb")], check=True)
    image, plain = only(tmp_path / "x.deb"), only(path)
    assert image.member == f"boot/{path.name}"
    assert image.layers == ("deb", "xz", *plain.layers)
    assert image.sha256 == plain.sha256
    assert same_kernel(image, plain)


# --- modules ---


def test_modules_have_the_types_that_the_kernel_loads(dump: Dumps, vol: Vol) -> None:
    """Of every module that the guest has loaded, the BTF in its file is the one in /sys/kernel/btf."""
    debian = dump("amd64-6.12")
    path = kernel_file(debian)
    kernel = only(path).kernel
    loaded = {name: about for name, about in debian.truth["btf"].items() if name != "vmlinux"}
    found = 0
    for file in sorted(path.parent.parent.rglob("*.ko.xz")):
        name = file.name.partition(".")[0].replace("-", "_")
        if name not in loaded:
            continue
        (module,) = open_modules(file)
        assert module.name == name
        assert module.read(kernel.blob.types).sha256 == loaded[name]["sha256"]
        found += 1
    assert found == len(loaded) > 10


def test_another_kernels_module_is_refused(dump: Dumps) -> None:
    path = kernel_file(dump("amd64-6.12"))
    file = next(path.parent.parent.rglob("nf_tables.ko.xz"))
    (module,) = open_modules(file)
    other = only(kernel_file(dump("amd64-6.1"))).kernel
    with pytest.raises(BtfError, match="not of this kernel's build"):
        module.read(other.blob.types)


def test_the_command_writes_modules_tables(dump: Dumps, tmp_path: Path) -> None:
    path = kernel_file(dump("amd64-6.12"))
    file = next(path.parent.parent.rglob("nf_tables.ko.xz"))
    assert main(["isf", str(path), "--modules", str(file), "-o", str(tmp_path)]) == 0
    (written,) = tmp_path.glob("nf_tables-*.json.xz")
    assert "nft_ctx" in json.loads(lzma.decompress(written.read_bytes()))["user_types"]


def test_types_are_read_from_kernel_files_and_modules(dump: Dumps) -> None:
    path = kernel_file(dump("amd64-6.12"))
    types = read_types(path)
    assert types["task_struct"].size > 1000
    file = next(path.parent.parent.rglob("nf_tables.ko.xz"))
    assert read_types(file, base=types)["nft_ctx"].size > 0
    with pytest.raises(SourceError, match="for which the kernel's types are needed"):
        read_types(file)
    with pytest.raises(SourceError, match="name the module's own file"):
        read_types(path, module="nf_tables")


# --- the commands ---


def test_the_plugins_read_a_kernel_file(dump: Dumps, vol: Vol) -> None:
    debian = dump(CLOUD)
    path = kernel_file(debian)
    kernel = only(path).kernel
    (row,) = vol("linux.btfscan", image=path).rows
    assert row["SHA256"] == kernel.blob.sha256
    assert row["Offset"] == kernel.blob.offset
    (row,) = vol("linux.btfisf", image=path).rows
    assert (row["Release"], row["State"], row["KASLR shift"]) == (kernel.release, "exact", 0)
    written = json.loads(lzma.decompress((vol.output / row["File output"]).read_bytes()))
    assert written == json.loads(build_isf(kernel).to_bytes("none"))


def test_plugins_that_list_say_that_nothing_has_run(dump: Dumps, vol: Vol) -> None:
    """Though there is a symbol file for the kernel, and its page tables lie in the file."""
    path = kernel_file(dump(CLOUD))
    build_isf(only(path).kernel).write(vol.symbols)
    done = vol("linux.pslist", image=path, check=False)
    assert done.returncode == 1
    assert "a kernel as it lies on disk" in done.stderr
    assert "PID" not in done.stdout
    assert vol("--no-btf", "linux.pslist", image=path, check=False).returncode == 1


def test_the_command_writes_the_same_table(dump: Dumps, tmp_path: Path) -> None:
    path = kernel_file(dump(CLOUD))
    bad = tmp_path / "bad"
    bad.write_bytes(b"no kernel")
    command = [sys.executable, "-m", "volatility3_btf", "isf", str(bad), str(path), "-o", str(tmp_path)]
    for _ in range(2):  # the second time there is nothing to write
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr == f"{bad}: no kernel image\n"
    (written,) = tmp_path.glob("*.json.xz")
    assert written.read_bytes() == build_isf(only(path).kernel).to_bytes()
    assert str(written) == done.stdout.splitlines()[0]
    assert "SHA-256 of the kernel file" in done.stdout
