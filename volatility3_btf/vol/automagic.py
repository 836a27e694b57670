# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The automagic that makes Linux plugins run on an image nobody has symbols for.

It runs before Volatility stacks its layers, because Volatility's own stackers would give a kernel with 5-level
page tables a 4-level layer as soon as they know its banner. It acts only for a kernel module that nothing else
has configured, and steps back where the user has a symbol file.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from volatility3.framework import exceptions, interfaces
from volatility3.framework.automagic import construct_layers
from volatility3.framework.configuration import requirements

from ..memory import Memory
from .addressing import Place, PlaceError, build_layer, place_of, place_of_note
from .glance import Glance, glance_at
from .layers import layer_memory, physical_layer_name
from .physical import LOCATION, stack_physical
from .store import Table, find_table, key_of, path_for, write_table
from .tables import BtfKernelSymbols, hand_over
from .usersymbols import UserSymbols

if TYPE_CHECKING:
    from ..kernel import Kernel
    from ..kernel.vmcoreinfo import Vmcoreinfo

log = logging.getLogger(__name__)

Context = interfaces.context.ContextInterface
Requirement = interfaces.configuration.RequirementInterface
join = interfaces.configuration.path_join

OWN_CLASS = f"{BtfKernelSymbols.__module__}.{BtfKernelSymbols.__name__}"
STOCK_CLASS = "volatility3.framework.symbols.linux.LinuxKernelIntermedSymbols"
MODULE_CLASS = "volatility3.framework.contexts.Module"


class NoTableError(Exception):
    """Why no symbol table could be made, for the user."""


@dataclass(frozen=True)
class Source:
    """A symbol table for a kernel.

    Attributes:
        class_name: the class that reads it.
        url: where it is.
        table: its content, if this project made it; held so that it need not be read again.
    """

    class_name: str
    url: str
    table: Table | None = None


@dataclass(frozen=True)
class Answer:
    """What a plugin's kernel module needs.

    Attributes:
        layer: the configuration of the layer, down to the file.
        offset: by how much KASLR moved the kernel.
        symbol_mask: the layer's address mask.
        source: the symbol table.
    """

    layer: interfaces.configuration.HierarchicalDict
    offset: int
    symbol_mask: int
    source: Source


class BtfSymbols(interfaces.automagic.AutomagicInterface):
    """Makes a symbol table from the BTF and kallsyms in a Linux image when there is no symbol file for it."""

    priority = 5
    exclusion_list = ["windows", "mac"]

    def __init__(self, context: Context, config_path: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(context, config_path, *args, **kwargs)
        self._answers: dict[str, Answer | None] = {}

    @classmethod
    def get_requirements(cls) -> list[Requirement]:
        """What the user may say."""
        return [
            requirements.BooleanRequirement(
                name="no_btf",
                description="Do not make a symbol table from the BTF in a Linux image that has no symbol file",
                default=False,
                optional=True,
            )
        ]

    def __call__(
        self, context: Context, config_path: str, requirement: Requirement, progress_callback: Any = None
    ) -> None:
        """Fulfil the requirements for a Linux kernel that nothing else has configured."""
        if self.config.get("no_btf", False):
            return
        for module_path, module in self._modules(context, config_path, requirement):
            try:
                self._satisfy(context, config_path, module_path, module, progress_callback)
            except (NoTableError, PlaceError) as error:
                log.warning("No symbol table could be made from this image: %s", error)
            except (exceptions.VolatilityException, OSError, ValueError, LookupError) as error:
                log.warning("No symbol table could be made from this image: %s", _one_line(error))
                log.debug("while making a symbol table", exc_info=True)
            else:
                self._construct(context, config_path, requirement)

    def _modules(
        self, context: Context, config_path: str, requirement: Requirement
    ) -> list[tuple[str, requirements.ModuleRequirement]]:
        """The kernel modules that a plugin wants, that are missing, and that a 64-bit Intel layer suits."""
        found = self.find_requirements(context, config_path, requirement, requirements.ModuleRequirement)
        return [
            (path, module)
            for path, module in found
            if not module.optional and not _part(module, requirements.TranslationLayerRequirement).architectures
            or "Intel64" in _part(module, requirements.TranslationLayerRequirement).architectures
        ]

    def _satisfy(
        self,
        context: Context,
        config_path: str,
        path: str,
        module: requirements.ModuleRequirement,
        progress: Any,
    ) -> None:
        """Configure one module, unless something is configured already."""
        layer_path = join(path, _part(module, requirements.TranslationLayerRequirement).name)
        table_path = join(path, _part(module, requirements.SymbolTableRequirement).name)
        if context.config.get(join(table_path, "class"), None) == OWN_CLASS:
            self._restore(context, layer_path, table_path, progress)
            return
        if _is_configured(context, layer_path) or _is_configured(context, table_path):
            return
        location = context.config.get(LOCATION, None)
        if location is None:
            return
        if location not in self._answers:
            self._answers[location] = None
            self._answers[location] = self._answer(context, config_path, progress)
        answer = self._answers[location]
        if answer is not None:
            context.config.merge(layer_path, answer.layer)
            context.config[join(path, "class")] = MODULE_CLASS
            context.config[join(path, "offset")] = answer.offset
            _set_table(context, table_path, answer.source, answer.symbol_mask)
