# SPDX-License-Identifier: Apache-2.0
"""What differs between the guests of Debian's architectures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Arch:
    """How QEMU plays one Debian architecture.

    Attributes:
        emulator: suffix of the `qemu-system-` command.
        machine: QEMU's `-M`.
        cpu: QEMU's `-cpu`.
        console: the kernel's name of the first serial console.
        ram_base: guest-physical address where RAM starts.
        bus: suffix of QEMU's virtio devices.
        package: Debian packages of which one has the emulator (bookworm's name first, then trixie's).
    """

    emulator: str
    machine: str
    cpu: str
    console: str
    ram_base: int
    bus: str
    package: str


# arch-capabilities is off because nested KVM on some hosts refuses that MSR. cx16 is off because under QEMU
# 7's TCG kernels from 6.12 on can panic in kmem_cache_alloc, which uses the 16-byte compare-and-exchange
# where it is.
_X86_CPU = "max,arch-capabilities=off,cx16=off"

ARCHES: dict[str, Arch] = {
    "amd64": Arch("x86_64", "pc", _X86_CPU + ",la57=off", "ttyS0", 0, "pci", "qemu-system-x86"),
    "arm64": Arch("aarch64", "virt", "cortex-a72", "ttyAMA0", 0x4000_0000, "pci", "qemu-system-arm"),
    "s390x": Arch(
        "s390x", "s390-ccw-virtio", "max", "ttysclp0", 0, "ccw", "qemu-system-misc or qemu-system-s390x"
    ),
    "riscv64": Arch(
        "riscv64", "virt", "rv64", "ttyS0", 0x8000_0000, "pci", "qemu-system-misc or qemu-system-riscv"
    ),
    "ppc64el": Arch("ppc64", "pseries", "power9", "hvc0", 0, "pci", "qemu-system-ppc"),
    "i386": Arch("x86_64", "pc", _X86_CPU + ",la57=off", "ttyS0", 0, "pci", "qemu-system-x86"),
}

LA57_CPU = _X86_CPU + ",la57=on"
