# SPDX-License-Identifier: Apache-2.0
"""A guest that starts a second kernel by itself, without firmware in between (amd64).

As with the BTF loader, the program is a few instructions of machine code: a call kexec_file_load(2) with
what the shell has opened for it, and, unless the second kernel is for a crash, a call reboot(2) to start it.
After a panic it runs in the memory that `crashkernel=` had set aside, and all other memory stays as it was
(Documentation/admin-guide/kdump/kdump.rst). Otherwise it is put as high as there is room, and may use all.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Literal

from dumpmaker import initramfs, loader
from dumpmaker.arches import ARCHES

Start = Literal["reboot", "crash"]
"""When the second kernel starts: as soon as it is loaded, or when the first one panics."""

MODULES = "virtio_pci virtio_blk vsock"
"""What the second kernel loads; after a crash it has little memory."""

COMMAND_LINE = {"reboot": "nokaslr", "crash": "nr_cpus=1 reset_devices"}
"""Words on the second kernel's command line; without KASLR it stays where it was put."""

_ON_CRASH = 2  # KEXEC_FILE_ON_CRASH (include/uapi/linux/kexec.h)
_REBOOT = (0xFEE1DEAD, 0x28121969, 0x45584543)  # two magic numbers, LINUX_REBOOT_CMD_KEXEC (linux/reboot.h)
_CODE_ROOM = 128
_KERNEL, _INITRD = 3, 4

SWITCH_OFF = "poweroff -f\n"
"""The last line of the guest's init, and what the first kernel does instead."""

LAST_STEP = f"""kexec-loader {_KERNEL}</kexec/kernel {_INITRD}</kexec/initrd || echo kexec-loader says $?
echo c > /proc/sysrq-trigger
"""


def program(start: Start, command_line: str) -> bytes:
    """The program as a static ELF file; its exit code is 0 if the kernel took the second one."""
    text = command_line.encode() + b"\0"
    flags = _ON_CRASH if start == "crash" else 0
    code = b"\xb8" + struct.pack("<I", 320)  # mov eax, kexec_file_load
    code += b"\xbf" + struct.pack("<I", _KERNEL) + b"\xbe" + struct.pack("<I", _INITRD)  # edi, esi
    code += b"\xba" + struct.pack("<I", len(text))  # edx
    code += b"\x49\xc7\xc2" + struct.pack("<I", loader.BODY + _CODE_ROOM)  # r10
    code += b"\x49\xc7\xc0" + struct.pack("<I", flags)  # r8
    code += b"\x0f\x05"  # syscall
    if start == "reboot":
        restart = b"\xb8" + struct.pack("<I", 169)  # mov eax, reboot; edi, esi, edx
        for register, value in zip((b"\xbf", b"\xbe", b"\xba"), _REBOOT, strict=True):
            restart += register + struct.pack("<I", value)
        restart += b"\x0f\x05"
        code += b"\x85\xc0\x75" + bytes([len(restart)]) + restart  # test eax, eax; jnz over it
    code += b"\xf7\xd8\x89\xc7"  # neg eax; mov edi, eax
    code += b"\xb8" + struct.pack("<I", 60) + b"\x0f\x05"  # exit
    return loader.executable(loader.MACHINES["amd64"], code.ljust(_CODE_ROOM, b"\0") + text)


def extra_files(start: Start, kernel: Path, initrd: Path) -> dict[str, bytes]:
    """What the first kernel's initramfs holds besides the usual, by name.

    Args:
        start: when the second kernel starts.
        kernel: its image.
        initrd: its initramfs.
    """
    command_line = f"console={ARCHES['amd64'].console} panic=-1 {COMMAND_LINE[start]}"
    init = initramfs.INIT.read_text()
    return {
        "kexec/kernel": kernel.read_bytes(),
        "kexec/initrd": initrd.read_bytes(),
        "bin/kexec-loader": program(start, command_line),
        "init": init.removesuffix(SWITCH_OFF).encode() + LAST_STEP.encode(),
    }
