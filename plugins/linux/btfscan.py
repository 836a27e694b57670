# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfscan: the BTF in a memory image."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from volatility3.framework import interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.renderers import format_hints

from volatility3_btf.vol.commands.image import image_under, seen_instead
from volatility3_btf.vol.commands.output import save

if TYPE_CHECKING:
    from volatility3_btf.blobs.blob import Blob
    from volatility3_btf.blobs.candidates import Endian
    from volatility3_btf.kernel.loaded.origin import Sighting

vollog = logging.getLogger(__name__)

COUNTED = {
    "Structs": ("STRUCT",),
    "Unions": ("UNION",),
    "Enums": ("ENUM", "ENUM64"),
    "Functions": ("FUNC",),
    "Variables": ("VAR",),
}
"""Columns of counts, and the kinds of BTF records that each counts."""


class BtfScan(interfaces.plugins.PluginInterface):
    """Finds BTF type information: the kernel's own, and with --all that of modules and programs too."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            requirements.TranslationLayerRequirement(name="primary", description="Memory layer to scan"),
            requirements.BooleanRequirement(
                name="all",
                description="List every blob: modules' split BTF, programs' and damaged ones too",
                default=False,
                optional=True,
            ),
            requirements.BooleanRequirement(
                name="dump",
                description="Write each listed blob to the output folder, as it lies in memory",
                default=False,
                optional=True,
            ),
            requirements.ChoiceRequirement(
                choices=["auto", "little", "big"],
                name="endian",
                description="Byte order to look for (auto: both)",
                default="auto",
                optional=True,
            ),
        ]

    @classmethod
    def find_sightings(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        everything: bool = False,
        endian: Endian = "auto",
        progress_callback: Any = None,
    ) -> Iterator[Sighting]:
        """Find BTF in the physical layer under a layer, in order of offset.

        Args:
            context: the context that holds the layer.
            layer_name: the layer to start from; address translation is stepped down from.
            everything: yield modules', programs' and damaged blobs too, not only whole kernel BTF, and tell
                whose each is.
            endian: the byte order to look for.
            progress_callback: told the percentage done.

        Raises:
            LayerException: the image became shorter while it was searched.
        """
        from volatility3_btf.blobs.scan import find_kernel_btf
        from volatility3_btf.kernel.loaded.origin import Sighting, find_sightings

        with image_under(context, layer_name) as memory:
            if everything:
                yield from find_sightings(memory, endian=endian, progress=progress_callback)
                return
            for blob in find_kernel_btf(memory, endian=endian, progress=progress_callback):
                yield Sighting(blob, name="vmlinux")

    def run(self) -> renderers.TreeGrid:
        """One row a blob, in order of offset."""
        columns = [("Offset", format_hints.Hex), ("Size", int), ("Endian", str), ("Kind", str), ("Name", str)]
        columns += [("State", str), ("Origin", str), ("Listed", str), ("Types", int)]
        columns += [(name, int) for name in COUNTED] + [("SHA256", str), ("File output", str)]
        return renderers.TreeGrid(columns, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        kernels = 0
        sightings = self.find_sightings(
            self.context,
            self.config["primary"],
            self.config.get("all", False),
            self.config.get("endian", "auto"),
            self._progress_callback,
        )
        for sighting in sightings:
            blob = sighting.blob
            kernels += blob.kind == "kernel" and blob.decoded is not None
            if blob.problem:
                vollog.info("BTF at %#x is %s: %s", blob.offset, blob.state, blob.problem)
            yield 0, self._row(sighting)
        if not kernels:
            self._say_no_kernel()

    def _row(self, sighting: Sighting) -> tuple[Any, ...]:
        absent = renderers.NotAvailableValue()
        blob, listed = sighting.blob, sighting.listed
        counts = blob.counts
        numbers = [absent] * (1 + len(COUNTED))
        if counts is not None:
            numbers = [sum(counts.values())]
            named = {kind.name: count for kind, count in counts.items()}
            numbers += [sum(named.get(kind, 0) for kind in kinds) for kinds in COUNTED.values()]
        return (
            format_hints.Hex(blob.offset),
            blob.size,
            blob.endian,
            blob.kind,
            sighting.name or absent,
            blob.state,
            sighting.origin,
            absent if listed is None else "yes" if listed else "no",
            *numbers,
            blob.sha256,
            self._dump(blob) if self.config.get("dump", False) else "Disabled",
        )

    def _dump(self, blob: Blob) -> str:
        """Write a blob to the output folder; its name is not made of bytes from the image."""
        return save(self, f"{blob.kind}.{blob.offset:#x}.btf", bytes(blob.data))

    def _say_no_kernel(self) -> None:
        """One line that tells what was there instead: the kernels' banners."""
        order = self.config.get("endian", "auto")
        what = "kernel BTF" if order == "auto" else f"{order}-endian kernel BTF"
        instead = seen_instead(self.context, self.config["primary"])
        vollog.warning("No %s found in this image%s", what, instead)
