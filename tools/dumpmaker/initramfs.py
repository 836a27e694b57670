# SPDX-License-Identifier: Apache-2.0
"""The guest's initramfs: busybox, kernel modules in load order, and what to start."""

from __future__ import annotations

import gzip
import lzma
import re
import stat
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

# Loaded before the dump, with what they depend on, where the kernel has them as modules. Small and large,
# so that their BTF covers slab, page and large allocations. (crc32c_generic is the soft dependency that
# libcrc32c, and so nf_tables, needs.)
MODULES = (
    "crc32c_generic virtio_pci virtio_net virtio_blk e1000 fuse overlay nf_tables nf_conntrack nft_ct bridge "
    "veth tun loop dm_mod ext4 xfs btrfs vsock"
)
PROCESSES = (
    "sleep 31337",
    "sleep 41414",
    "nc -ll -p 4444 -e /bin/cat",
    "httpd -f -p 8080 -h /www",
)
INIT = Path(__file__).with_name("guest-init")
TOLD = Path(__file__).with_name("guest-told")
"""What the guest says of its processes before the dump, where the recipe asks for it."""

RICH = Path(__file__).with_name("guest-rich")
"""What it does that an analyst looks for, where the recipe asks for it; needs bash."""

HOOKED = Path(__file__).with_name("guest-hooked")
"""How it comes to have BPF programs and netfilter hooks, where the recipe asks for it."""

LARGE = Path(__file__).with_name("guest-large")
"""How it comes to have files in folios of many pages, where the recipe asks for it."""

BUSY = Path(__file__).with_name("guest-busy")
"""How it comes to have many processes and a log, where the recipe asks for it."""

Entry = tuple[str, int, bytes]  # name, mode, content


def read_module(path: Path) -> bytes:
    """A kernel module's ELF file, whatever it is compressed with."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", str(path)], capture_output=True, check=True).stdout
    return path.read_bytes()


def pick_modules(trees: Iterable[Path], wanted: Iterable[str]) -> dict[str, bytes]:
    """The wanted modules' files in load order, dependencies first; built-in ones are left out."""
    files = {}
    for tree in trees:
        for pattern in ("lib/modules/**/*.ko*", "usr/lib/modules/**/*.ko*"):
            files.update({p.name.split(".ko")[0].replace("-", "_"): p for p in tree.glob(pattern)})
    order: dict[str, bytes] = {}
    seen: set[str] = set()

    def add(name: str) -> None:
        name = name.replace("-", "_")
        if name in seen or name not in files:
            return
        seen.add(name)
        data = read_module(files[name])
        depends = re.search(rb"\0depends=([^\0]+)\0", data)
        for dependency in depends[1].decode().split(",") if depends else ():
            add(dependency)
        order[f"{name}.ko"] = data

    for name in wanted:
        add(name)
    return order


def cpio(entries: list[Entry]) -> bytes:
    """A newc archive (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    out = bytearray()
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        device = (5, 1) if name == "dev/console" else (0, 0)
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def processes(
    told: bool = False, large: bool = False, rich: bool = False, busy: bool = False, hooked: bool = False
) -> bytes:
    """What the guest's init starts, as lines for its shell, and what else the recipe asks for."""
    lines = "".join(f"{command} </dev/null &\n" for command in PROCESSES)
    more = [LARGE] * large + [RICH] * rich + [BUSY] * busy + [HOOKED] * hooked + [TOLD] * told
    return lines.encode() + b"".join(path.read_bytes() for path in more)


def make_initramfs(
    path: Path,
    busybox: Path,
    modules: dict[str, bytes],
    loader: bytes | None = None,
    more: dict[str, bytes] | None = None,
) -> None:
    """Write the initramfs.

    Compressed, as distributions do: an uncompressed one would leave a second, physically contiguous copy of
    every module in freed memory.

    Args:
        path: the file to write.
        busybox: a static busybox for the guest.
        modules: file name → content, in load order.
        loader: a program that loads BTF and keeps it loaded; None where there is none for the architecture.
        more: further files, or others in place of these, path → content; all of them may be run.
    """
    folder, program, plain = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755, stat.S_IFREG | 0o644
    entries: list[Entry] = [(name, folder, b"") for name in ("bin", "dev", "modules")]
    entries += [
        ("dev/console", stat.S_IFCHR | 0o600, b""),
        ("bin/busybox", program, busybox.read_bytes()),
        ("init", program, INIT.read_bytes()),
        ("processes", plain, processes()),
        ("modules.list", plain, "".join(f"{name}\n" for name in modules).encode()),
    ]
    entries += [(f"modules/{name}", plain, data) for name, data in modules.items()]
    entries += [("bin/btf-loader", program, loader)] if loader else []
    folders = sorted({name.rpartition("/")[0] for name in more or {}} - {"", "bin"})
    entries += [(name, folder, b"") for name in folders]
    entries = [entry for entry in entries if entry[0] not in (more or {})]
    entries += [(name, program, data) for name, data in (more or {}).items()]
    path.write_bytes(gzip.compress(cpio(entries), 1))


def bootable(vmlinuz: Path, work: Path) -> Path:
    """Unwrap an EFI zboot image (drivers/firmware/efi/libstub/zboot-header.S), which QEMU 7 cannot boot."""
    data = vmlinuz.read_bytes()
    if data[4:8] != b"zimg":
        return vmlinuz
    offset, size = struct.unpack_from("<II", data, 8)
    compression, payload = data[24:56].split(b"\0")[0], data[offset : offset + size]
    image = work / "Image"
    if compression == b"gzip":
        image.write_bytes(gzip.decompress(payload))
    else:
        command = ["zstd", "-dcq"]
        image.write_bytes(subprocess.run(command, input=payload, capture_output=True, check=True).stdout)
    return image
