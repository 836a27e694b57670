# SPDX-License-Identifier: Apache-2.0
"""U-Boot's FIT: which kernel is taken, wherever its bytes lie, and what is said where none can be."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from support import kernelfiles as files
from volatility3_btf.__main__ import main
from volatility3_btf.memory.memory import BytesMemory
from volatility3_btf.sources.errors import SourceError
from volatility3_btf.sources.images.fit.tree import MOST_DEPTH, MOST_TOKENS, extent_of, properties_of
from volatility3_btf.sources.kernel_image import KernelImage
from volatility3_btf.sources.kernels import kernels_in
from volatility3_btf.sources.unwrap import is_kernel_file

TEXT, LOADED = 0xFFFFFFFF80000000, 0x1000000
ONE = files.elf(b"Linux version one" * 20, TEXT + LOADED, LOADED)
TWO = files.elf(b"Linux version two" * 20, TEXT + LOADED, LOADED)
BOTH = {"kernel-1": ONE, "kernel-2": TWO}


def read(data: bytes) -> KernelImage:
    (image,) = kernels_in(BytesMemory(data), Path("file"))
    return image


def text_of(image: KernelImage) -> bytes:
    return image.memory.read(LOADED, 17)


@pytest.mark.parametrize("where", ["data", "data-offset", "data-position"])
@pytest.mark.parametrize("default", ["", "kernel-1", "kernel-2", "gone"])
def test_the_default_configurations_kernel_is_taken(where: str, default: str) -> None:
    data = files.fit(BOTH, default, where)
    image = read(data)
    assert image.layers == ("FIT", "ELF")
    assert text_of(image) == (b"Linux version two" if default == "kernel-2" else b"Linux version one")
    taken, other = ("kernel-2", "kernel-1") if default == "kernel-2" else ("kernel-1", "kernel-2")
    expected = {"FIT": "for a test", "subimage": taken, "other kernels, not read": other}
    assert image.facts == expected
    assert is_kernel_file(BytesMemory(data))


@pytest.mark.parametrize("packer", files.PACKERS)
def test_a_kernel_in_it_may_be_compressed(packer: str) -> None:
    image = read(files.fit({"kernel": files.PACKERS[packer](ONE)}, kind="kernel_noload"))
    assert image.layers == ("FIT", packer.partition(" ")[0], "ELF")
    assert text_of(image) == b"Linux version one"
    assert "other kernels, not read" not in image.facts


SOURCE = """/dts-v1/;
/ {
    description = "of U-Boot's own tool";
    #address-cells = <1>;
    images {
        kernel-1 {
            data = /incbin/("one.gz"); type = "kernel"; arch = "arm64"; os = "linux"; compression = "gzip";
            load = <0x80000>; entry = <0x80000>;
            hash-1 { algo = "sha256"; };
        };
        kernel-2 {
            data = /incbin/("two"); type = "kernel_noload"; arch = "arm64"; os = "linux";
            compression = "none"; load = <0>; entry = <0>;
        };
        ramdisk-1 { data = /incbin/("two"); type = "ramdisk"; arch = "arm64"; os = "linux";
            compression = "none"; };
    };
    configurations {
        default = "conf-2";
        conf-1 { kernel = "kernel-1"; };
        conf-2 { kernel = "kernel-2"; ramdisk = "ramdisk-1"; };
    };
};
"""


@pytest.mark.parametrize(
    "options", [[], ["-E"], ["-E", "-p", "2000"]], ids=["inside", "behind", "at a place"]
)
@pytest.mark.parametrize("default", [1, 2])
def test_u_boots_own_tool_makes_what_is_read(options: list[str], default: int, tmp_path: Path) -> None:
    (tmp_path / "one.gz").write_bytes(files.PACKERS["gzip"](ONE))
    (tmp_path / "two").write_bytes(TWO)
    (tmp_path / "x.its").write_text(SOURCE.replace('"conf-2"', f'"conf-{default}"'))
    subprocess.run(
        ["mkimage", *options, "-f", "x.its", "x.itb"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
    )
    image = read((tmp_path / "x.itb").read_bytes())
    assert image.layers == (("FIT", "gzip", "ELF") if default == 1 else ("FIT", "ELF"))
    assert text_of(image) == (b"Linux version one" if default == 1 else b"Linux version two")
    assert image.facts["FIT"] == "of U-Boot's own tool"


def test_the_command_says_which_of_its_kernels_it_took(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = files.elf(files.kernel_with_types(TEXT + LOADED, LOADED), TEXT + LOADED, LOADED)
    (tmp_path / "x.itb").write_bytes(files.fit({"a": kernel, "b": TWO}, "a"))
    assert main(["isf", str(tmp_path / "x.itb"), "-o", str(tmp_path / "new" / "folder")]) == 0
    assert len(list((tmp_path / "new" / "folder").glob("*.json.xz"))) == 1
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert {"FIT: for a test", "subimage: a", "other kernels, not read: b"} < set(lines)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["isf", str(tmp_path / "x.itb"), "-o", str(tmp_path / "file" / "below")]) == 1
    assert capsys.readouterr().err == f"{tmp_path}/file/below: Not a directory\n"


WHOLE = files.fit(BOTH)
NODE, END, NOP, LAST = (struct.pack(">I", number) for number in (1, 2, 4, 9))


def tree(body: bytes, names: bytes = b"") -> bytes:
    """A flattened tree of any tokens."""
    sizes = 40 + len(body) + len(names), 40, 40 + len(body), 40, 17, 16, 0, len(names), len(body)
    return b"\xd0\x0d\xfe\xed" + struct.pack(">9I", *sizes) + body + names


def at(place: int, number: int) -> bytes:
    """The whole one with another number in its header."""
    return WHOLE[:place] + struct.pack(">I", number) + WHOLE[place + 4 :]


UNREADABLE = {
    "a device tree": (files.tree({"model": b"x\0"}), "a device tree, and no FIT"),
    "no kernel": (files.fit({}), "a FIT without a kernel"),
    "encrypted": (
        files.tree({"images": {"k": {"type": b"kernel\0", "data": ONE, "cipher": {"algo": b"aes256\0"}}}}),
        "a FIT whose kernel is encrypted",
    ),
    "nowhere": (
        files.tree({"images": {"k": {"type": b"kernel\0"}}}),
        "a FIT that does not say where its kernel lies",
    ),
    "behind the end": (files.fit({"k": ONE}, where="data-offset")[:-9], "the kernel of a FIT reaches past"),
    "a cut header": (WHOLE[:39], "a device tree that ends inside its header"),
    "old": (at(20, 16), "a device tree of version 16"),
    "longer than the file": (at(4, len(WHOLE) + 1), "a device tree that reaches past the end"),
    "structure behind it": (at(8, len(WHOLE)), "a device tree that reaches past the end"),
    "many names": (at(32, 1 << 31), "a device tree that reaches past the end"),
    "no end": (tree(NODE + bytes(4) + END), "a device tree that ends too early"),
    "an end too many": (tree(NODE + bytes(4) + END + END), "a damaged device tree"),
    "an end inside": (tree(NODE + bytes(4) + LAST), "a damaged device tree"),
    "a name without end": (tree(NODE + b"xxxx"), "a device tree with a damaged name"),
    "a property without name": (
        tree(struct.pack(">III", 3, 0, 0) + LAST),
        "a device tree with a damaged name",
    ),
    "a long property": (
        tree(struct.pack(">III", 3, 1 << 31, 0) + LAST, b"x\0"),
        "a device tree with a property that reaches past its end",
    ),
    "deep": (tree((NODE + bytes(4)) * (MOST_DEPTH + 1)), f"a device tree of more than {MOST_DEPTH} levels"),
    "many tokens": (tree(NOP * MOST_TOKENS + LAST), f"a device tree of more than {MOST_TOKENS} parts"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_told_in_one_line(name: str) -> None:
    data, expected = UNREADABLE[name]
    with pytest.raises(SourceError) as caught:
        read(data)
    assert str(caught.value).startswith(expected)


def test_a_device_tree_is_no_kernel_file() -> None:
    """A board has hundreds; a memory image may begin with one."""
    assert not is_kernel_file(BytesMemory(files.tree({"model": b"x\0"}) + bytes(1 << 20)))
    assert not is_kernel_file(BytesMemory(WHOLE[:60]))


def test_a_tree_is_gone_over_in_its_order() -> None:
    data = files.tree({"a": b"1", "n": {"b": b"22", "m": {"c": b""}}, "d": b"4444"})
    found = list(properties_of(BytesMemory(data), extent_of(BytesMemory(data))))
    assert [(one.path, one.name, data[one.start : one.start + one.length]) for one in found] == [
        ((), "a", b"1"),
        (("n",), "b", b"22"),
        (("n", "m"), "c", b""),
        ((), "d", b"4444"),
    ]


@pytest.mark.parametrize("where", ["data", "data-offset", "data-position"])
def test_cut_anywhere_it_is_told_in_one_line(where: str) -> None:
    data = files.fit({"k": ONE}, "k", where)
    for end in range(0, len(data), 7):
        with pytest.raises(SourceError) as caught:
            read(data[:end])
        assert "\n" not in str(caught.value)
