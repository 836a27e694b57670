# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Address spaces of Linux kernels for processors for which Volatility has no layer, one class a processor.

Volatility's Linux plugins ask for a layer of architecture Intel64, whatever the processor, and their objects
for an Intel layer's properties. So these layers call themselves that, and derive from it; how page tables are
read is none of Intel's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.configuration import requirements
from volatility3.framework.layers import intel

from ...kernel.arch import arm64, ppc64, riscv64, s390x
from ...kernel.paging.format import Format
from ...kernel.paging.walk import Walker
from .pages import PagesKept

Mapping: TypeAlias = tuple[int, int, int, int, str]


class LinuxPagedLayer(PagesKept, intel.LinuxIntel32e):
    """An address space through page tables of a format that its configuration names.

    `page_map_offset` is the place of the process's top table, or the kernel's, and `kernel_map_offset` of the
    kernel's; Volatility copies the configuration for each process and changes the first.
    """

    formats: tuple[Format, ...] = ()
    _page_bits = 12

    def __init__(
        self,
        context: interfaces.context.ContextInterface,
        config_path: str,
        name: str,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(context, config_path, name, metadata)
        self._form = self._form_at(self.config["page_map_offset"])
        self._page_bits = self._form.page_bits

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What an Intel layer wants, and how page tables are read."""
        return [
            *super().get_requirements(),
            requirements.ChoiceRequirement(
                [form.name for form in cls.formats], name="page_table_format", optional=False
            ),
            requirements.IntRequirement(name="kernel_map_offset", optional=False),
        ]

    def _form_at(self, root: int) -> Format:
        """The format of the tables at a place."""
        return next(form for form in self.formats if form.name == self.config["page_table_format"])

    @cached_property
    def _walker(self) -> Walker:
        config = self.config
        return Walker(self._read_table, self._form, config["page_map_offset"], config["kernel_map_offset"])

    def _read_table(self, place: int, length: int) -> bytes | None:
        try:
            return bytes(self._context.layers.read(self._base_layer, place, length))
        except exceptions.InvalidAddressException:
            return None

    def __getstate__(self) -> dict[str, Any]:
        """Without the tables that were read: they are read again in another process."""
        return {name: value for name, value in super().__getstate__().items() if name != "_walker"}

    @property
    def page_shift(self) -> int:
        """Bits of an address inside of a page."""
        return self._page_bits

    @property
    def page_size(self) -> int:
        """Bytes of a page."""
        return 1 << self._page_bits

    @property
    def page_mask(self) -> int:
        """The bits of an address that say which page it is in."""
        return -(1 << self._page_bits) & (1 << 64) - 1

    @property
    def maximum_address(self) -> int:
        """The last address that page tables can map."""
        return self._form.end - 1

    @cached_property
    def address_mask(self) -> int:
        """The bits of a pointer that count."""
        return self._form.mask

    def canonicalize(self, addr: int) -> int:
        """The pointer, as it stands in memory, that leads to an address."""
        return self._form.canonical(addr)

    def decanonicalize(self, addr: int) -> int:
        """The address that a pointer leads to."""
        return addr & self._form.mask

    def is_dirty(self, offset: int) -> bool:
        """Whether the page at an address has been written to."""
        entry = self._walker.entry_of(offset)
        if entry is None:
            raise self._missing(offset, self._page_bits)
        return self._form.is_dirty(entry)

    def _missing(self, offset: int, bits: int) -> exceptions.PagedInvalidAddressException:
        return exceptions.PagedInvalidAddressException(
            self.name, offset, bits, 0, f"{offset:#x} is not mapped"
        )

    def _fault_at(
        self, offset: int, fault: exceptions.PagedInvalidAddressException
    ) -> exceptions.PagedInvalidAddressException:
        return self._missing(offset, fault.invalid_bits)

    def _translate(self, offset: int) -> tuple[int, int, str]:
        place, bits = self._walker.lookup(offset)
        if place is None:
            raise self._missing(offset, bits)
        return place, 1 << bits, self._base_layer

    def _mapping(self, offset: int, length: int, ignore_errors: bool = False) -> Iterator[Mapping]:
        """The pages of a range; what is not mapped is stepped over as a whole."""
        end = offset + max(length, 1)
        while offset < end:
            place, bits = self._walker.lookup(offset)
            following = min(end, (offset >> bits) + 1 << bits)
            size = following - offset
            if place is None or not self._holds(place, size):
                if not ignore_errors:
                    raise self._missing(offset, bits)
            else:
                size = size if length else 0
                yield offset, size, place, size, self._base_layer
            offset = following

    def _holds(self, place: int, length: int) -> bool:
        return bool(self._context.layers[self._base_layer].is_valid(place, length))


class LinuxArm64(LinuxPagedLayer):
    """arm64, with pages of 4, 16 and 64 KiB; tags and authentication codes are no part of an address."""

    formats = arm64.FORMATS


class LinuxRiscv64(LinuxPagedLayer):
    """riscv64: Sv39, Sv48 and Sv57."""

    formats = riscv64.FORMATS


class LinuxPpc64(LinuxPagedLayer):
    """ppc64 with radix page tables, of either byte order."""

    formats = ppc64.FORMATS


class LinuxS390x(LinuxPagedLayer):
    """s390x; each process has as many levels as it needs."""

    formats = s390x.FORMATS

    def _form_at(self, root: int) -> Format:
        return s390x.format_at(self._read_table, root)


CLASSES: Final[dict[str, type[LinuxPagedLayer]]] = {
    form.name: layer for layer in (LinuxArm64, LinuxRiscv64, LinuxPpc64, LinuxS390x) for form in layer.formats
}
"""The layer for each format of page tables, by the format's name."""
