# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The types of loaded modules as symbol tables in Volatility, on top of the kernel's table."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.symbols import intermed

from ...memory.memory import Memory
from ..layers import layer_memory, physical_layer_name

if TYPE_CHECKING:
    from ...kernel import Kernel
    from ...kernel.loaded.loaded_btf import Loaded

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface


class ModuleSymbols(intermed.IntermediateSymbolTable):
    """The types of one loaded module, from its BTF in the image; it has no symbols.

    Args:
        context: the context.
        config_path: where the table's configuration goes.
        name: the table's name.
        content: an ISF document whose references to the kernel's table are `vmlinux!…`.
        kernel_table: the name of the kernel's table in the context.
    """

    def __init__(
        self, context: Context, config_path: str, name: str, content: dict[str, Any], kernel_table: str
    ) -> None:
        from ...isf.module_types import KERNEL_TABLE

        mapping = {KERNEL_TABLE: kernel_table}
        self._delegate = intermed.Version8Format(context, config_path, name, content, None, mapping)
        interfaces.symbols.SymbolTableInterface.__init__(
            self, context, config_path, name, self._delegate.natives, table_mapping=mapping
        )


class ModuleTypes:
    """The loaded modules that have BTF, and their types on demand.

    Args:
        context: the context that a plugin runs in.
        kernel_module_name: the name of its kernel module: `self.config["kernel"]`.
        progress: Volatility's progress callback.

    Raises:
        VolatilityException: the image holds no BTF of this kernel.
    """

    def __init__(self, context: Context, kernel_module_name: str, progress: Any = None) -> None:
        from ...kernel.loaded.loaded_btf import loaded_btf

        module = context.modules[kernel_module_name]
        self._context = context
        self._kernel_table = str(module.symbol_table_name)
        memory = layer_memory(context, physical_layer_name(context, module.layer_name))
        self._kernel = _kernel_of(context, module, memory, progress)
        self._loaded: Loaded = loaded_btf(memory, self._kernel, progress)
        self._added: dict[str, str] = {}

    @property
    def names(self) -> list[str]:
        """The modules that have BTF, in the order in which they were loaded."""
        return [entry.name for entry in self._loaded.entries if entry.kind == "module"]

    def add(self, name: str) -> str:
        """Put a module's types into the context.

        Args:
            name: the module's name.

        Returns:
            The name of the table: the module's name, so that `nf_tables!nft_chain` is a type, with a number
            appended if another table has that name.

        Raises:
            VolatilityException: no such module is loaded, it has no BTF, or its BTF is damaged.
        """
        from ...btf import BtfError
        from ...isf.module_types import build_module_isf

        entry = self._loaded.module(name)
        if entry is None:
            raise exceptions.VolatilityException(f"the image holds no BTF of a loaded module {name}")
        table = self._added.get(entry.name)
        if table is None:
            try:
                content = dict(build_module_isf(self._kernel, entry).content)
            except BtfError as error:
                raise exceptions.VolatilityException(f"the BTF of module {name}: {error}") from error
            table = self._added[entry.name] = _free_name(self._context, entry.name)
            path = interfaces.configuration.path_join("btf_modules", table)
            symbols = ModuleSymbols(self._context, path, table, content, self._kernel_table)
            self._context.symbol_space.append(symbols)
        return table


def module_types(context: Context, kernel_module_name: str, name: str) -> str:
    """Put the types of one loaded module into a context; see `ModuleTypes` for several.

    Returns:
        The name of the table that was added.

    Raises:
        VolatilityException: see `ModuleTypes` and its `add`.
    """
    return ModuleTypes(context, kernel_module_name).add(name)


def _kernel_of(
    context: Context, module: interfaces.context.ModuleInterface, memory: Memory, progress: Any
) -> Kernel:
    """The kernel in an image that a kernel module in a context is."""
    from ...kernel import identify_kernels, identify_running

    root = context.layers[module.layer_name].config.get("page_map_offset", None)
    kernels: list[Kernel] = []
    for identify in (identify_running, identify_kernels):
        kernels = identify(memory, progress=progress)
        for kernel in kernels:
            if kernel.page_tables is not None and kernel.page_tables.root == root:
                return kernel
    if not kernels:
        raise exceptions.VolatilityException("the image holds no kernel BTF, so there are no modules' types")
    if len(kernels) > 1:
        log.warning("which of %d kernels this is was not found: the first is taken", len(kernels))
    return kernels[0]


def _free_name(context: Context, name: str) -> str:
    """A module's name if no table has it, else a numbered one."""
    return name if name not in context.symbol_space else str(context.symbol_space.free_table_name(name))
