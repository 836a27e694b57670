# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernel's virtual address space as a Volatility layer: placed by evidence, tried before it is used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.layers import intel

from ..layers.intel import LinuxIntel32e, LinuxIntelLA57, NarrowIntel32e
from ..layers.paged import CLASSES, LinuxPagedLayer

if TYPE_CHECKING:
    from ...kernel import Kernel, Vmcoreinfo

Context: TypeAlias = interfaces.context.ContextInterface
Layer: TypeAlias = interfaces.layers.DataLayerInterface

KERNEL_MAP = 0xFFFFFFFF80000000
"""Where x86-64 maps the kernel image (Documentation/arch/x86/x86_64/mm.rst)."""


PROCESSORS: Final = ("x86-64", "arm64", "riscv64", "s390x", "ppc64le", "ppc64")
"""Those whose page tables are read."""


class SpaceError(Exception):
    """A kernel whose address space cannot be set up; the message says why, for the user."""


class OnDiskError(SpaceError):
    """A kernel as it lies on disk: nothing has run in it."""


class ProcessorError(SpaceError):
    """A kernel for a processor whose page tables Volatility does not read, and we not for this kernel."""


@dataclass(frozen=True)
class KernelSpace:
    """Where a kernel's address space is.

    Attributes:
        root: address of the top page table in the physical layer.
        levels: how many tables an address goes through; 4 or 5 on x86-64.
        kaslr_shift: run-time minus link-time addresses.
        banner: the bytes of `linux_banner`; empty if it was not found.
        witnesses: run-time address → bytes that must be read there.
        places: run-time address → where it must lie in the physical layer, if nothing tells bytes.
        form: the name of the format of page tables; empty where nothing was measured.
        has_note: whether VMCOREINFO has what Volatility's own VMCOREINFO stacker wants.
    """

    root: int
    levels: int
    kaslr_shift: int
    banner: bytes
    witnesses: dict[int, bytes]
    has_note: bool
    places: dict[int, int] = field(default_factory=dict)
    form: str = ""

    @property
    def layer_class(self) -> type[intel.Intel]:
        """Ours for 5-level tables and other processors; else Volatility's own choice, with narrow addresses.

        With VMCOREINFO it takes its plain Intel layer, without it the Linux one; they differ in pages that
        are present but not accessible, and a plugin shall print the same however the table came about. They
        differ in the width of physical addresses too; there the narrow one is right.
        """
        if self.form in CLASSES:
            return CLASSES[self.form]
        stock: type[intel.Intel] = NarrowIntel32e if self.has_note else LinuxIntel32e
        return LinuxIntelLA57 if self.levels == 5 else stock


def space_of(kernel: Kernel) -> KernelSpace:
    """Where a kernel that was identified lies.

    Raises:
        SpaceError: its architecture, page tables or symbols do not allow an address space.
    """
    name = f"Linux {kernel.release or 'of unknown release'}"
    processor = kernel.architecture
    kind = SpaceError if processor in (None, "x86", "x86-64") else ProcessorError
    if processor not in PROCESSORS:
        known = ", ".join(PROCESSORS)
        told = processor or "an unknown processor"
        raise kind(f"{name} is a kernel for {told}, and page tables are read for {known} only")
    if kernel.symbols is None:
        raise kind(f"{name} has types in the image, but its symbols (kallsyms) are not usable")
    if kernel.symbols.get("init_task") is None:
        raise kind(f"the symbols of {name} do not list init_task (CONFIG_KALLSYMS_ALL is off)")
    tables = kernel.page_tables
    if kernel.kaslr_shift is None or tables is None:
        raise kind(f"the page tables of {name} were not found")
    if processor in ("ppc64", "ppc64le") and not tables.form:
        raise kind(f"{name} has hash page tables, which are not read, or damaged ones: none map the kernel")
    if tables.levels is None or (processor != "x86-64" and not tables.form):
        raise kind(f"the page tables of {name} are damaged: they do not map the kernel")
    note = kernel.vmcoreinfo
    return KernelSpace(
        tables.root,
        tables.levels,
        kernel.kaslr_shift,
        kernel.banner or b"",
        _witnesses(kernel),
        note is not None and _is_complete(note),
        form=tables.form,
    )


def space_of_note(note: Vmcoreinfo, banner: bytes, levels: int) -> KernelSpace:
    """Where a kernel lies by VMCOREINFO alone, for users with a symbol file of their own.

    Args:
        note: the note.
        banner: the bytes of `linux_banner`.
        levels: 4 or 5, to be tried: the layer tells which is right.

    Raises:
        SpaceError: the note does not say it.
    """
    base, shift, top = note.number("phys_base"), note.kernel_offset, note.symbol("swapper_pg_dir")
    if base is None or shift is None or top is None:
        raise SpaceError("VMCOREINFO does not say where the page tables are")
    told = (note.symbol(name) for name in ("_stext", "init_uts_ns"))
    places = {int(address): address - KERNEL_MAP + base for address in told if address is not None}
    return KernelSpace(top - KERNEL_MAP + base, levels, shift, banner, {}, True, places)


def build_layer(context: Context, physical: str, space: KernelSpace) -> Layer:
    """Make the layer in a context and try it: what is known of the kernel must be readable through it.

    Raises:
        SpaceError: it is not.
    """
    join = interfaces.configuration.path_join
    name = context.layers.free_layer_name("BtfIntelLayer")
    path = join("BtfSymbols", name)
    context.config[join(path, "memory_layer")] = physical
    context.config[join(path, "page_map_offset")] = space.root
    context.config[join(path, "kernel_virtual_offset")] = space.kaslr_shift
    context.config[join(path, "kernel_banner")] = space.banner.decode("latin-1")
    if issubclass(space.layer_class, LinuxPagedLayer):
        context.config[join(path, "page_table_format")] = space.form
        context.config[join(path, "kernel_map_offset")] = space.root
    layer = space.layer_class(context, path, name, metadata={"os": "Linux"})
    context.add_layer(layer)
    agreeing = [_agrees(layer, *item) for item in space.witnesses.items()]
    agreeing += [_lies_at(layer, *item) for item in space.places.items()]
    if agreeing and not any(agreeing):
        raise SpaceError(f"the page tables at {space.root:#x} do not map the kernel to where it lies")
    return layer


def _agrees(layer: Layer, address: int, expected: bytes) -> bool:
    """Whether the layer has these bytes at a run-time address."""
    try:
        return bool(layer.read(address & layer.address_mask, len(expected)) == expected)
    except exceptions.InvalidAddressException:
        return False


def _lies_at(layer: Layer, address: int, place: int) -> bool:
    """Whether the layer has a run-time address at a place in the layer below."""
    try:
        return bool(next(iter(layer.mapping(address & layer.address_mask, 1)))[2] == place)
    except (exceptions.InvalidAddressException, StopIteration):
        return False


def _witnesses(kernel: Kernel) -> dict[int, bytes]:
    """What must be readable in the kernel's address space: the banner, and the start of the BTF."""
    found: dict[int, bytes] = {}
    start = b"" if kernel.blob.lent else kernel.blob.data[:64]
    known = {"linux_banner": kernel.banner, "__start_BTF": start}
    for name, expected in known.items():
        address = None if kernel.symbols is None else kernel.symbols.get(name)
        if address is not None and expected:
            found[address] = expected
    return found


def _is_complete(note: Vmcoreinfo) -> bool:
    """Whether Volatility's VMCOREINFO stacker can work with a note."""
    values = (note.number("phys_base"), note.kernel_offset, note.symbol("swapper_pg_dir"))
    return None not in values
