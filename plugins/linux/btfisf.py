# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfisf: a symbol table for Volatility, from the memory image alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volatility3.framework import exceptions, interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.renderers import format_hints

from volatility3_btf.vol.automagic.running import asked
from volatility3_btf.vol.commands.image import image_under, seen_instead
from volatility3_btf.vol.commands.output import save, unwritable
from volatility3_btf.vol.files import searched_symbols

if TYPE_CHECKING:
    from volatility3_btf.isf import Document
    from volatility3_btf.kernel import Kernel
    from volatility3_btf.kernel.loaded.loaded_btf import LoadedBtf

vollog = logging.getLogger(__name__)

MASK = (1 << 64) - 1

MOST_TABLES = 4
"""Kernels up to which each gets a table; of more only those that page tables map, if any are: memory may be
full of copies, and each table takes a second."""


class BtfIsf(interfaces.plugins.PluginInterface):
    """Makes symbol tables (ISF) of the kernels in an image, from their BTF and kallsyms."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            requirements.TranslationLayerRequirement(name="primary", description="Memory layer to scan"),
            requirements.BooleanRequirement(
                name="install",
                description="Write into Volatility's own symbol folder, where every later run finds it",
                default=False,
                optional=True,
            ),
            requirements.BooleanRequirement(
                name="modules",
                description="Write the types of every loaded module too, a file each, on top of the kernel's",
                default=False,
                optional=True,
            ),
            requirements.BooleanRequirement(
                name="symbols",
                description="Write names and addresses as text and no symbol table; needs no BTF",
                default=False,
                optional=True,
            ),
            requirements.ChoiceRequirement(
                choices=["xz", "gz", "none"],
                name="compression",
                description="How to compress the file",
                default="xz",
                optional=True,
            ),
        ]

    @classmethod
    def find_kernels(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        progress_callback: Any = None,
    ) -> list[Kernel]:
        """The kernels in the physical layer under a layer, the one that runs first, if that can be told.

        With --btf-kernel only those that it asks for.

        Args:
            context: the context that holds the layer.
            layer_name: the layer to start from; address translation is stepped down from.
            progress_callback: told the percentage done.

        Raises:
            LayerException: the image is damaged, or became shorter while it was searched.
            VolatilityException: no kernel in it is the one that is asked for.
        """
        from volatility3_btf.kernel import NotThereError, asked_for, identify_kernels

        with image_under(context, layer_name) as memory:
            kernels = identify_kernels(memory, progress=progress_callback)
        try:
            return asked_for(kernels, asked(context)) if kernels else []
        except NotThereError as error:
            line = f"No symbol table is made: {error}"
            vollog.error(line)
            raise exceptions.VolatilityException(line) from error

    def run(self) -> renderers.TreeGrid:
        """One row a kernel; raises if the image holds no kernel BTF, since then there is nothing to make."""
        columns = [
            ("Release", str),
            ("Architecture", str),
            ("BTF offset", format_hints.Hex),
            ("Types", int),
            ("Symbols", int),
            ("Typed symbols", int),
            ("KASLR shift", format_hints.Hex),
            ("Physical shift", format_hints.Hex),
            ("State", str),
            ("File output", str),
        ]
        if self.config.get("symbols", False):
            return renderers.TreeGrid(columns, self._symbols())
        kernels = self.find_kernels(self.context, self.config["primary"], self._progress_callback)
        if not kernels:
            vollog.error(self._nothing_found())
            raise exceptions.SymbolSpaceError("the image holds no kernel BTF")
        return renderers.TreeGrid(columns, self._generator(kernels))

    def _generator(self, kernels: list[Kernel]) -> Iterator[tuple[int, tuple[Any, ...]]]:
        from volatility3_btf.isf import build_isf

        passed_over = _passed_over(kernels)
        if passed_over:
            vollog.warning(
                "%d kernels get no table, since page tables map others to where they lie; "
                "--btf-kernel and a BTF offset make one",
                sum(kernel.blob.offset in passed_over for kernel in kernels),
            )
        while kernels:
            kernel = kernels.pop(0)  # with a million symbols it takes 150 MB, its table more
            if kernel.blob.offset in passed_over:
                yield 0, self._row(kernel, None)
                continue
            where = f"{kernel.release or 'kernel'} at {kernel.blob.offset:#x}"
            for sentence in kernel.evidence:
                vollog.info("%s: %s", where, sentence)
            for sentence in kernel.doubts:
                vollog.warning("%s: %s", where, sentence)
            yield 0, self._row(kernel, build_isf(kernel))
            if self.config.get("modules", False):
                yield from self._modules(kernel)

    def _symbols(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """A row for each kernel by its symbols, which are written as text."""
        from volatility3_btf.isf.document import safe_name
        from volatility3_btf.kernel.untyped_table import as_text, bare_kernels

        absent = renderers.NotAvailableValue()
        with image_under(self.context, self.config["primary"]) as memory:
            kernels = bare_kernels(memory, self._progress_callback)
        if not kernels:
            vollog.error("No kernel's symbols (kallsyms) were found in this image")
            raise exceptions.SymbolSpaceError("the image holds no kernel's symbols")
        for kernel in kernels:
            for sentence in kernel.doubts:
                vollog.warning("The symbols of %s: %s", kernel.release or "a kernel", sentence)
            name = f"{safe_name(kernel.release)}-symbols.txt"
            written = save(self, name, as_text(kernel.symbols))
            shift = _hex(kernel.physical_shift)
            about = (kernel.release or absent, kernel.architecture or absent, absent, absent)
            yield 0, (*about, len(kernel.symbols), absent, absent, shift, "symbols only", written)

    def _modules(self, kernel: Kernel) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """A row for each of a kernel's loaded modules that has BTF, under the kernel's own."""
        from volatility3_btf.btf import BtfError
        from volatility3_btf.isf import TypeEntries
        from volatility3_btf.isf.module_types import build_module_isf
        from volatility3_btf.kernel.loaded.loaded_btf import loaded_btf

        with image_under(self.context, self.config["primary"]) as memory:
            loaded = loaded_btf(memory, kernel, self._progress_callback)
        if loaded.space is None:
            vollog.warning("Which modules %s has loaded cannot be told", kernel.release or "the kernel")
        entries = TypeEntries(kernel.blob.types)
        for module in loaded.entries:
            if module.kind != "module":
                continue
            try:
                document = build_module_isf(kernel, module, entries)
            except BtfError as error:
                vollog.warning("No table of the types of module %s: %s", module.name, error)
                continue
            yield 1, self._module_row(kernel, module, document)

    def _module_row(self, kernel: Kernel, module: LoadedBtf, document: Document) -> tuple[Any, ...]:
        absent = renderers.NotAvailableValue()
        return (
            f"{kernel.release or 'unknown'} {module.name}",
            kernel.architecture or absent,
            format_hints.Hex(module.offset),
            len(module.read().types),
            0,
            0,
            absent,
            absent,
            "types only",
            self._write(document, True),
        )

    def _row(self, kernel: Kernel, document: Document | None) -> tuple[Any, ...]:
        absent = renderers.NotAvailableValue()
        return (
            kernel.release or absent,
            kernel.architecture or absent,
            format_hints.Hex(kernel.blob.offset),
            sum((kernel.blob.counts or kernel.blob.types.counts).values()),
            absent if document is None else document.symbols,
            absent if document is None else document.typed,
            _hex(kernel.kaslr_shift),
            _hex(kernel.physical_shift),
            kernel.state,
            absent if document is None else self._write(document, kernel.state == "exact"),
        )

    def _write(self, document: Document, is_exact: bool) -> Any:
        """Write the document into the output folder, or the folder of symbols; return where."""
        compression = self.config.get("compression", "xz")
        if not self.config.get("install", False):
            return save(self, document.file_name(compression), document.to_bytes(compression))
        folder = searched_symbols() / "linux"
        target = folder / document.installed_name(compression)
        same_build = sorted(folder.glob(f"{document.stem}*.json*"))
        others = [path for path in same_build if document.digest[:12] not in path.name]
        if others and not is_exact:
            vollog.warning(
                "%s is installed already, and is not replaced by a table that is not exact", others[0]
            )
            return renderers.NotAvailableValue()
        if others:
            vollog.warning("%s, made from another image of this kernel, stays installed beside", others[0])
        try:
            return str(self._install(document.to_bytes(compression), target))
        except OSError as error:
            raise unwritable(self, target, error) from error

    @staticmethod
    def _install(data: bytes, target: Path) -> Path:
        """Write into the folder of symbols; a file with other content is never replaced. Raises OSError."""
        from volatility3_btf.isf.document import free_name, write_aside

        target.parent.mkdir(parents=True, exist_ok=True)
        name, is_there = free_name(target.parent, target.name, data)
        path = target.with_name(name)
        if not is_there:
            write_aside(path, data)
        return path

    def _nothing_found(self) -> str:
        """That there is no kernel BTF, in one line, with what is there of kernels."""
        instead = seen_instead(self.context, self.config["primary"])
        return f"No kernel BTF found, so there is no symbol table to make{instead}"


def _passed_over(kernels: list[Kernel]) -> set[int]:
    """Where the BTF of the kernels lies that get no table."""
    mapped = {
        kernel.blob.offset
        for kernel in kernels
        if kernel.page_tables is not None and kernel.page_tables.checked
    }
    every = {kernel.blob.offset for kernel in kernels}
    return every - mapped if mapped and len(every) > MOST_TABLES else set()


def _hex(shift: int | None) -> Any:
    return renderers.NotAvailableValue() if shift is None else format_hints.Hex(shift & MASK)
