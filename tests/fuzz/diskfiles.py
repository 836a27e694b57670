# SPDX-License-Identifier: Apache-2.0
"""Kernel files, modules and packages, as they are fuzzed: small ones of each format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from support import kernelfiles as files
from support.btfwriter import Writer, every_kind
from volatility3_btf.btf import BtfError, Types
from volatility3_btf.memory.memory import BytesMemory
from volatility3_btf.sources.errors import SourceError
from volatility3_btf.sources.kernels import kernels_in
from volatility3_btf.sources.modules import modules_in
from volatility3_btf.sources.packages.members import is_kernel
from volatility3_btf.sources.unwrap import is_kernel_file

MOST = 64 << 20
"""Bytes that may come of an input of a few kilobytes; one of a thousand to one makes less."""

KERNEL = files.elf(b"Linux version kernel" * 20, 0xFFFFFFFF80000000, 0, build_id=b"12345678901234567890")
NAME = "boot/vmlinuz-6"
TYPES = Types(every_kind("little").blob())
"""The kernel's types, onto which modules' are decoded."""


def kernel_file(data: bytes) -> None:
    """A kernel file or a package of kernels."""
    memory, path = BytesMemory(data), Path("file")
    is_kernel_file(memory)
    try:
        for image in kernels_in(memory, path):
            assert image.memory.size <= MOST
            assert "\n" not in image.provenance
            assert image.member is None or is_kernel(image.member)
    except SourceError as error:
        assert "\n" not in str(error)


def module_file(data: bytes) -> None:
    """A module, or a package of modules."""
    try:
        for module in modules_in(BytesMemory(data), Path("file.ko")):
            assert len(module.btf) <= MOST
            types = module.read(TYPES).types
            assert types.base is TYPES
    except (SourceError, BtfError) as error:
        assert "\n" not in str(error)


def kernel_files() -> Iterator[bytes]:
    """One of each format."""
    yield KERNEL
    yield files.elf(b"kernel" * 20, 0x100000, 0x100000, "big", machine=22)
    yield from (files.bzimage(pack(KERNEL)) for pack in files.PACKERS.values())
    yield files.zboot(files.PACKERS["gzip"](KERNEL))
    yield files.pe({".osrel": b"ID=x", ".uname": b"6", ".linux": KERNEL}, b"signature")
    yield files.uimage(KERNEL)
    yield files.android(KERNEL, 0)
    yield files.fit({"kernel-1": KERNEL}, "kernel-1")
    yield from (files.fit({"k": KERNEL}, "k", where) for where in ("data-offset", "data-position"))
    yield files.image("arm64", [0x10, 0x20, 0x30])


def packages() -> Iterator[bytes]:
    """A package of each kind, with a kernel."""
    content = {"boot/config": b"x", NAME: KERNEL}
    yield files.deb(content, "gzip")
    yield files.deb(content, "xz", is_listed=False)
    yield files.rpm(content, "gzip")
    yield files.rpm(content, "zstd", is_stripped=True)
    yield files.PACKERS["zstd"](files.tar(content))
    yield files.tar(content)


def module_files() -> Iterator[bytes]:
    """A module, and a package of it."""
    module = files.module({".BTF": b"\x9f\xeb\1\0" + bytes(40), ".modinfo": b"name=x"})
    yield module
    yield files.PACKERS["xz"](module)
    yield files.deb({"lib/modules/6/kernel/x.ko": module}, "gzip")
    yield files.module({".BTF": _split(every_kind("little"))})
    base = Writer("little")
    base.integer("int", 4, 1)
    base.struct("task_struct", 32, [])
    base.enum("wide", [], size=8)
    base.fwd("nothing")
    yield files.module({".BTF": _split(base), ".BTF.base": base.blob()})


def _split(base: Writer) -> bytes:
    """A module's types on a base that has an `int` and a `task_struct`."""
    module = Writer("little", base)
    types = Types(base.blob())
    number, task = types["int"].id, types["task_struct"].id
    module.struct("own", 72, [("int", number, 0), ("tasks", module.array(task, number, 2), 64)])
    return module.blob()


WORDS = (
    b"HdrS",
    b"MZ\0\0zimg",
    b"PE\0\0",
    b".linux\0\0",
    b"ANDROID!",
    b"\xd0\x0d\xfe\xed",
    b"\0\0\0\1images\0\0",
    b"data-position\0",
    b"\x27\x05\x19\x56",
    b"ARM\x64",
    b"S390EP",
)
PACKAGE_WORDS = (
    b"!<arch>\n",
    b"\xed\xab\xee\xdb",
    b"\x8e\xad\xe8\1",
    b"070701",
    b"07070X",
    b"ustar",
    b"md5sums",
)
