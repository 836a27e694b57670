# SPDX-License-Identifier: Apache-2.0
"""Kernel files of every format, and packages, made here around a small kernel."""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from support import kernelfiles as files
from support.btfwriter import Writer, every_kind
from support.kernelwriter import RELEASE, RODATA
from volatility3_btf import build_isf, open_kernels, open_modules
from volatility3_btf.btf import BtfError, Types
from volatility3_btf.sources.errors import MissingReaderError, SourceError, TooLargeError
from volatility3_btf.sources.images import inside
from volatility3_btf.sources.kernel_image import KernelImage
from volatility3_btf.sources.packages.members import is_kernel, is_module
from volatility3_btf.sources.packed import stream

TEXT, LOADED = 0xFFFFFFFF80000000, 0x1000000
KERNEL = files.kernel_with_types(TEXT + LOADED, LOADED)
VMLINUX = files.elf(KERNEL, TEXT + LOADED, LOADED, build_id=bytes(range(20)))
SMALL = files.elf(b"kernel" * 1000, TEXT, 0)
NAME = "boot/vmlinuz-6.12.0-fuzz-amd64"


def write(folder: Path, data: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def read(folder: Path, data: bytes) -> KernelImage:
    """The only kernel in a file of these bytes."""
    (image,) = open_kernels(write(folder, data))
    return image


def test_a_vmlinux_is_memory_at_link_time_addresses(tmp_path: Path) -> None:
    image = read(tmp_path, VMLINUX)
    assert image.memory.read(LOADED, len(KERNEL)) == KERNEL
    assert (image.base, image.machine, image.endian) == (TEXT, "x86-64", "little")
    assert image.build_id == bytes(range(20)).hex()
    assert image.layers == ("ELF",)
    assert image.sha256 == hashlib.sha256(VMLINUX).hexdigest()
    assert image.member is None


def test_its_kernel_has_types_and_symbols(tmp_path: Path) -> None:
    kernel = read(tmp_path, VMLINUX).kernel
    assert kernel.release == RELEASE
    assert kernel.kaslr_shift == 0
    assert kernel.physical_shift == TEXT
    assert kernel.symbols is not None and kernel.symbols.get("linux_banner") == TEXT + LOADED + RODATA
    symbols = build_isf(kernel).content["symbols"]
    assert symbols["linux_banner"]["address"] == TEXT + LOADED + RODATA
    assert symbols["per_cpu_1"]["address"] == 0x40


def test_addresses_that_contradict_the_headers_are_told(tmp_path: Path) -> None:
    kernel = read(tmp_path, files.elf(KERNEL, TEXT, LOADED)).kernel
    assert kernel.state != "exact"
    assert kernel.doubts[0] == f"by its symbols it starts at {TEXT:#x}, by its headers at {TEXT - LOADED:#x}"


@pytest.mark.parametrize("packer", files.PACKERS)
def test_every_compression_is_taken_off(packer: str, tmp_path: Path) -> None:
    image = read(tmp_path, files.bzimage(files.PACKERS[packer](VMLINUX) + b"\x12\x34\x56\0"))
    assert image.layers == ("bzImage", packer.partition(" ")[0], "ELF")
    assert image.memory.read(LOADED, len(KERNEL)) == KERNEL


@pytest.mark.parametrize("size", [0, 1, files.LZ4_BLOCK - 1, files.LZ4_BLOCK, files.LZ4_BLOCK + 1])
def test_lz4_ends_behind_its_last_block(size: int, tmp_path: Path) -> None:
    data = VMLINUX + bytes(size)
    for end in (b"", len(data).to_bytes(4, "little")):
        image = read(tmp_path, files.bzimage(files.lz4_legacy(data) + end))
        assert image.memory.read(LOADED, len(KERNEL)) == KERNEL


def wrapped_uki(kernel: bytes) -> bytes:
    about = {".osrel": b'ID=debian\nVERSION_ID="13"\n', ".uname": b"6.12.0-fuzz\0", ".cmdline": b"quiet"}
    return files.pe({**about, ".linux": kernel, ".initrd": b"x" * 5000}, b"signature")


WRAPPINGS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "zboot": (lambda kernel: files.zboot(files.PACKERS["zstd"](kernel)), "EFI zboot"),
    "uki": (wrapped_uki, "UKI"),
    "zImage": (lambda kernel: files.module({".kernel:vmlinux.strip": gzip.compress(kernel)}, 2), "zImage"),
    "uimage": (files.uimage, "uImage"),
    "android 0": (lambda kernel: files.android(kernel, 0), "Android boot"),
    "android 4": (lambda kernel: files.android(kernel, 4), "Android boot"),
}


@pytest.mark.parametrize("name", WRAPPINGS)
def test_every_wrapping_is_taken_off(name: str, tmp_path: Path) -> None:
    wrap, layer = WRAPPINGS[name]
    image = read(tmp_path, wrap(VMLINUX))
    assert image.layers[0] == layer
    assert image.layers[-1] == "ELF"
    assert image.memory.read(LOADED, len(KERNEL)) == KERNEL


def test_layers_are_taken_off_one_by_one(tmp_path: Path) -> None:
    bzimage = files.bzimage(files.PACKERS["zstd"](VMLINUX))
    uki = wrapped_uki(bzimage)
    image = read(tmp_path, files.PACKERS["gzip"](uki))
    assert image.layers == ("gzip", "UKI", "bzImage", "zstd", "ELF")


def test_what_a_unified_kernel_image_says_is_shown(tmp_path: Path) -> None:
    facts = read(tmp_path, wrapped_uki(VMLINUX)).facts
    assert facts["osrel"] == 'ID=debian\nVERSION_ID="13"'
    assert facts["uname"] == "6.12.0-fuzz"
    assert facts["cmdline"] == "quiet"
    assert facts["signed"] == "yes"
    unsigned = read(tmp_path, files.pe({".linux": VMLINUX}))
    assert unsigned.facts == {"signed": "no"}


@pytest.mark.parametrize("packer", ["gzip", "xz", "bzip2", "lzma", "zstd"])
def test_debian_packages_are_read(packer: str, tmp_path: Path) -> None:
    content = {"boot/config": b"CONFIG_X=y\n", NAME: files.bzimage(files.PACKERS["lz4"](VMLINUX))}
    image = read(tmp_path, files.deb(content, packer))
    assert image.member == NAME
    assert image.layers == ("deb", packer, "bzImage", "lz4", "ELF")
    assert image.sha256 == hashlib.sha256(content[NAME]).hexdigest()
    assert image.provenance == f"{tmp_path / 'file'}: {NAME} (deb, {packer}, bzImage, lz4, ELF)"


@pytest.mark.parametrize("is_stripped", [False, True])
@pytest.mark.parametrize("packer", ["gzip", "xz", "zstd"])
def test_rpm_packages_are_read(packer: str, is_stripped: bool, tmp_path: Path) -> None:
    name = "lib/modules/6.12/vmlinuz"
    content = {"lib/modules/6.12/config": b"xyz", name: VMLINUX, "usr/share/x": b"x" * 5000}
    image = read(tmp_path, files.rpm(content, packer, is_stripped, ghosts=["boot/vmlinuz-6.12"]))
    assert (image.member, image.layers) == (name, ("rpm", packer, "ELF"))


def test_arch_packages_are_read(tmp_path: Path) -> None:
    content = {".PKGINFO": b"pkgname = linux\n", "usr/lib/modules/6.12/vmlinuz": VMLINUX}
    image = read(tmp_path, files.PACKERS["zstd"](files.tar(content)))
    assert (image.member, image.layers) == ("usr/lib/modules/6.12/vmlinuz", ("zstd", "tar", "ELF"))


def test_a_package_can_hold_several_kernels(tmp_path: Path) -> None:
    content = {"boot/vmlinuz-1": VMLINUX, "boot/vmlinuz-2": b"damaged", "boot/vmlinuz-3": VMLINUX}
    found = [image.member for image in open_kernels(write(tmp_path, files.deb(content)))]
    assert found == ["boot/vmlinuz-1", "boot/vmlinuz-3"]


def test_a_package_is_read_no_further_than_to_its_last_kernel(tmp_path: Path) -> None:
    content = {NAME: VMLINUX, "lib/modules/x.ko": bytes(range(256)) * 40000}
    package = files.deb(content, "gzip")
    cut = write(tmp_path, package)
    (image,) = open_kernels(cut)
    assert image.member == NAME


def test_a_package_is_not_searched_for_what_it_only_lists(tmp_path: Path) -> None:
    package = files.rpm(
        {NAME: VMLINUX, "usr/x": Random(1).randbytes(5000)}, "gzip", ghosts=["boot/vmlinuz-ghost"]
    )
    (image,) = open_kernels(write(tmp_path, package[:-2000]))
    assert image.member == NAME


def test_relocations_of_arm64_are_applied(tmp_path: Path) -> None:
    base = 0xFFFF800080000000
    image = read(tmp_path, files.image("arm64", [0x10, 0x33], base))
    assert (image.base, image.machine, image.layers) == (base, "arm64", ("Image",))
    for place in (files.IMAGE_CODE + 0x10, files.IMAGE_CODE + 0x33):
        assert image.memory.read(place, 8) == base.to_bytes(8, "little")
    assert image.memory.read(files.IMAGE_CODE + 8, 8) == bytes(8)


def test_relocations_may_lead_to_nothing_and_behind_the_image(tmp_path: Path) -> None:
    """Weak symbols that nothing defines are 0: Debian's 6.12 of bookworm-backports has some."""
    base, others = 0xFFFF800080000000, (0, 0xFFFF8000FFFFFFF0, 0)
    image = read(tmp_path, files.image("arm64", [0x10], base, others=others))
    assert image.base == base
    assert image.memory.read(files.IMAGE_CODE + 0x10, 8) == base.to_bytes(8, "little")
    last = files.IMAGE_CODE + 0x100 + 8 * 1028
    assert [int.from_bytes(image.memory.read(at, 8), "little") for at in range(last - 16, last + 1, 8)] == [
        *others
    ]


def test_relocations_that_lead_outside_are_not_applied(tmp_path: Path) -> None:
    place = 0xFFFF800080000000 + files.IMAGE_CODE + 0x10
    places = (place.to_bytes(8, "little"), (place + (256 << 20)).to_bytes(8, "little"))
    data = files.image("arm64", [0x10]).replace(*places)
    image = read(tmp_path, data)
    assert image.memory.read(0, len(data)) == data


KERNELS = """boot/vmlinuz-6.1.0 boot/vmlinux-6.12 boot/efi/EFI/Linux/a.efi boot/Image-6.1 boot/kernel8.img
usr/lib/modules/6.1/vmlinuz lib/modules/6.1/vmlinuz-virt.efi usr/lib/debug/lib/modules/6.1/vmlinux
usr/lib/debug/boot/vmlinux-6.1 boot/vmlinux-6.1.gz boot/fitImage-6.1 boot/board.itb"""
OTHERS = """boot/System.map-6.1 boot/config-6.1 boot/initrd.img boot/.vmlinuz-6.1.hmac boot/vmlinuz-6.1.sig
usr/share/vmlinuz lib/modules/6.1/kernel/x.ko usr/lib/modules/6.1/build/vmlinux boot/grub/kernel.img
bin/x.efi"""


def test_kernels_and_modules_are_known_by_their_paths() -> None:
    assert [name for name in KERNELS.split() if not is_kernel(name)] == []
    assert [name for name in OTHERS.split() if is_kernel(name)] == []
    assert all(is_module(f"lib/modules/6/x.ko{suffix}") for suffix in ("", ".gz", ".xz", ".zst"))
    assert not is_module("lib/modules/6/x.kox")


# --- modules ---


def test_a_modules_btf_is_read(tmp_path: Path) -> None:
    kernel = every_kind("little")
    split = Writer("little", base=kernel)
    split.struct("own", 8, [("task", 1, 0)])
    module = files.module({".text": b"x", ".BTF": split.blob()})
    path = tmp_path / "virtio-net.ko.xz"
    path.write_bytes(files.PACKERS["xz"](module))
    (found,) = open_modules(path)
    assert (found.name, found.layers, found.btf) == ("virtio_net", ("xz", "ELF"), split.blob())
    types = Types(kernel.blob())
    assert found.read(types).types["own"].size == 8
    with pytest.raises(BtfError, match="not of this kernel's build"):
        found.read(Types(Writer("little").blob()))


def test_a_module_that_was_built_apart_is_tied_to_the_kernel(tmp_path: Path) -> None:
    kernel, base = every_kind("little"), Writer("little")
    base.struct("task_struct", 32, [])
    split = Writer("little", base)
    split.struct("own", 40, [("task", 1, 0)])
    path = tmp_path / "own.ko"
    path.write_bytes(files.module({".BTF": split.blob(), ".BTF.base": base.blob()}))
    (found,) = open_modules(path)
    blob = found.read(Types(kernel.blob()))
    assert blob.types["own"]["task"].type["comm"].offset == 0
    with pytest.raises(BtfError, match="cannot be tied to this kernel: the kernel has no struct task_struct"):
        found.read(Types(Writer("little").blob()))
    path.write_bytes(files.module({".BTF": split.blob(), ".BTF.base": Writer("little").blob()}))
    (other,) = open_modules(path)
    with pytest.raises(BtfError, match=r"does not stand on its \.BTF\.base"):
        other.read(Types(kernel.blob()))


NOT_MODULES = {
    "text": (b"x" * 100, "no kernel module"),
    "a kernel": (SMALL, "no kernel module"),
    "no BTF": (files.module({".text": b"x"}), "a module without BTF"),
    "no modules": (files.deb({NAME: SMALL}), "no module with BTF in it"),
    "cut": (files.module({".BTF": b"x"})[:-1], "an ELF file that ends inside its section headers"),
}


@pytest.mark.parametrize("name", NOT_MODULES)
def test_what_is_no_module_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    data, expected = NOT_MODULES[name]
    path = write(tmp_path, data)
    with pytest.raises(SourceError) as caught:
        list(open_modules(path))
    assert str(caught.value).startswith(f"{path}: {expected}")


# --- what cannot be read ---


def reason(folder: Path, data: bytes) -> str:
    """Why no kernel is read from these bytes."""
    path = write(folder, data)
    with pytest.raises(SourceError) as caught:
        list(open_kernels(path))
    text = str(caught.value)
    assert text.startswith(f"{path}: ") and "\n" not in text
    return text.removeprefix(f"{path}: ")


NOT_KERNELS = {
    "empty": (b"", "no kernel image"),
    "text": (b"hello\n" * 100, "no kernel image"),
    "a program": (files.elf(b"x", 0, 0)[:16] + b"\1\0" + files.elf(b"x", 0, 0)[18:], "an object file"),
    "a package without a kernel": (files.deb({"usr/bin/x": b"x"}), "no kernel image in it"),
    "an unlisted package without one": (files.deb({"usr/bin/x": b"x"}, is_listed=False), "no kernel image"),
    "old protocol": (files.bzimage(b"x", 0x207), "a bzImage of boot protocol 2.07: older than 2.08"),
    "no payload": (files.bzimage(b""), "a bzImage without a payload"),
    "an initrd": (files.uimage(b"x", kind=3), "a uImage of something else than a kernel"),
    "an empty UKI": (files.pe({".linux": b""}), "a unified kernel image whose .linux is empty"),
    "EFI": (files.pe({".text": b"x"}), "no kernel image"),
    "layers": (b"".join([files.uimage(files.uimage(b"x"))]), "no kernel image"),
}


@pytest.mark.parametrize("name", NOT_KERNELS)
def test_what_is_no_kernel_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    data, expected = NOT_KERNELS[name]
    assert reason(tmp_path, data).startswith(expected)


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "gone", tmp_path):
        with pytest.raises(SourceError, match=str(path)):
            list(open_kernels(path))


def test_endless_wrapping_ends(tmp_path: Path) -> None:
    data = VMLINUX
    for _ in range(9):
        data = files.uimage(data)
    assert reason(tmp_path, data) == "more than 8 layers of wrapping"


@pytest.mark.parametrize("packer", ["gzip", "xz", "lzma", "bzip2", "zstd", "lz4", "lz4 frame", "lzo"])
def test_a_bomb_ends_with_a_line(packer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream.UnpackedStream.__init__, "__defaults__", (20 << 20,))
    monkeypatch.setattr(stream.unpacked, "__defaults__", (20 << 20,))
    bomb = files.PACKERS[packer](bytes(21 << 20))
    text = reason(tmp_path, files.bzimage(bomb))
    assert text == f"more than 20 MiB come out of the {packer.partition(' ')[0]} data"
    with pytest.raises(TooLargeError):
        list(open_kernels(tmp_path / "file"))


@pytest.mark.parametrize(
    ("packer", "module"), {"lz4": "lz4", "lzo": "lzallright", "zstd": "backports"}.items()
)
def test_a_missing_package_is_named(
    packer: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = files.bzimage(files.PACKERS[packer](VMLINUX))
    for name in [name for name in sys.modules if name.split(".")[0] in (module, "compression")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "compression", None)
    path = write(tmp_path, data)
    with pytest.raises(MissingReaderError, match="needs the Python package"):
        list(open_kernels(path))


@pytest.mark.parametrize(
    "data",
    [
        files.bzimage(files.PACKERS["gzip"](SMALL)),
        files.zboot(files.PACKERS["xz"](SMALL)),
        files.pe({".osrel": b"ID=x", ".linux": SMALL}),
        files.deb({NAME: SMALL}, "gzip"),
        files.rpm({NAME: SMALL}, "gzip"),
        files.PACKERS["zstd"](files.tar({NAME: SMALL})),
        files.android(SMALL),
        SMALL,
    ],
    ids=["bzImage", "zboot", "UKI", "deb", "rpm", "tar", "android", "vmlinux"],
)
def test_a_file_that_is_cut_is_told_in_one_line(data: bytes, tmp_path: Path) -> None:
    """Cut in its headers at every eleventh byte, and at some places behind them."""
    whole = read(tmp_path, data).memory.size
    for end in [*range(0, min(1400, len(data)), 11), *range(1400, len(data) - 64, max(1, len(data) // 40))]:
        path = write(tmp_path, data[:end])
        try:
            assert all(image.memory.size <= whole for image in open_kernels(path))
        except SourceError as error:
            assert str(error).startswith(f"{path}: ") and "\n" not in str(error)


def test_many_small_streams_end_with_a_line(tmp_path: Path) -> None:
    """Each would be cheap by itself: what lies behind it is looked at again for each."""
    data = files.PACKERS["gzip"](b"") * (stream.MOST_STREAMS + 2)
    assert reason(tmp_path, files.bzimage(data)) == "the gzip data is in more than 16384 pieces"


def test_lzo_blocks_are_as_long_as_they_say(tmp_path: Path) -> None:
    """What unpacks them heeds no bound."""
    text, length = files.lzop(bytes(files.LZO_BLOCK)), files.LZO_BLOCK.to_bytes(4, "big")
    short = text.replace(length, (files.LZO_BLOCK // 2).to_bytes(4, "big"))
    assert reason(tmp_path, files.bzimage(short)) == "an LZO block of another length than its header says"
    large = text.replace(length, (5 << 20).to_bytes(4, "big"))
    assert reason(tmp_path, files.bzimage(large)) == "an LZO block with impossible lengths"


def test_what_is_compressed_in_a_loader_costs_no_more_than_one_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inside, "MOST_UNPACKED", 20 << 20)
    bomb = files.PACKERS["gzip"](bytes(9 << 20))
    damaged = bomb[:-8] + bytes(8)  # a wrong checksum behind 9 MiB
    loader = (bytes(0x10008) + b"S390EP").ljust(0x11000, b"\0") + damaged * 3 + bomb
    assert re.fullmatch(r"more than \d MiB come out of the gzip data", reason(tmp_path, loader))


def test_an_rpm_package_whose_folders_are_missing_is_damaged(tmp_path: Path) -> None:
    package = files.rpm({NAME: VMLINUX}).replace((1118).to_bytes(4, "big"), (1119).to_bytes(4, "big"))
    assert reason(tmp_path, package) == "an RPM package with a damaged list of files"


def test_kernels_without_btf_say_what_they_have(tmp_path: Path) -> None:
    bare = KERNEL.replace(b"\x9f\xeb\x01\0", bytes(4))
    image = read(tmp_path, files.elf(bare, TEXT + LOADED, LOADED))
    with pytest.raises(SourceError, match=rf"Linux {RELEASE} has symbols \(\d+\) and no BTF"):
        _ = image.kernel
    empty = read(tmp_path, files.elf(bytes(4096), TEXT, 0))
    with pytest.raises(SourceError, match="no kernel BTF in it, so there is no symbol table to make"):
        _ = empty.kernel
