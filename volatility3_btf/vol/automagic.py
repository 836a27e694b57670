# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The automagic that makes Linux plugins run on an image nobody has symbols for.

It runs before Volatility stacks its layers, because Volatility's own stackers give a kernel with 5-level page
tables a 4-level layer as soon as they know its banner. It acts only for a kernel module that nothing else has
configured, and steps back where the user has a symbol file.
"""

from __future__ import annotations

import logging
from typing import Any, TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.automagic import construct_layers
from volatility3.framework.configuration import requirements

from ..memory import UnreadableError
from .addressing import PlaceError
from .decision import OWN_CLASS, Answer, Source, decide, source_for
from .layers import FAULTS, layer_memory, physical_layer_name
from .lines import one_line
from .physical import LOCATION, stack_physical
from .running import OPTION, NoTableError, running_kernel

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface
Requirement: TypeAlias = interfaces.configuration.RequirementInterface
join = interfaces.configuration.path_join

MODULE_CLASS = "volatility3.framework.contexts.Module"
ERRORS = (exceptions.VolatilityException, UnreadableError, LookupError, TypeError, ArithmeticError, *FAULTS)
"""What damaged images, broken files and the framework's own constructors raise."""


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
                description="Make no symbol table from the BTF in a Linux image that has no symbol file",
                default=False,
                optional=True,
            ),
            requirements.StringRequirement(
                name=OPTION,
                description="Of several kernels in a Linux image, the one to take: its release, or where its "
                "BTF lies",
                default=None,
                optional=True,
            ),
        ]

    def __call__(
        self, context: Context, config_path: str, requirement: Requirement, progress_callback: Any = None
    ) -> None:
        """Configure and construct the kernel that a plugin wants and that nothing else has configured."""
        if self.config.get("no_btf", False):
            return
        found = self.find_requirements(context, config_path, requirement, requirements.ModuleRequirement)
        wanted = [_Wanted(path, module) for path, module in found if _suits(module)]
        changed = [self._try(context, config_path, module, progress_callback) for module in wanted]
        if any(changed):
            constructor = construct_layers.ConstructionMagic(
                context, join(self.config_path, "ConstructionMagic")
            )
            constructor(context, config_path, requirement)
            for module in wanted:
                module.check(context)

    def _try(self, context: Context, config_path: str, wanted: _Wanted, progress: Any) -> bool:
        """Configure one module if that is for us to do; tell in one line why it cannot be done."""
        try:
            if wanted.is_ours(context):
                return self._restore(context, wanted, progress)
            if wanted.is_free(context):
                return self._configure(context, config_path, wanted, progress)
        except (NoTableError, PlaceError) as error:
            _complain(str(error))
        except ERRORS as error:
            log.debug("while a symbol table was made", exc_info=True)
            _complain(f"{type(error).__name__}: {error}")
        return False

    def _configure(self, context: Context, config_path: str, wanted: _Wanted, progress: Any) -> bool:
        """Configure a module's layer, symbol table and offset."""
        location = context.config.get(LOCATION, None)
        if location is None:
            return False
        if location not in self._answers:
            self._answers[location] = None
            copy, physical = stack_physical(context, config_path, progress)
            self._answers[location] = decide(copy, physical, progress)
        answer = self._answers[location]
        if answer is None:
            return False
        context.config.merge(wanted.layer, answer.layer)
        context.config[join(wanted.path, "class")] = MODULE_CLASS
        context.config[join(wanted.path, "offset")] = answer.offset
        wanted.set_table(context, answer.source, answer.symbol_mask)
        return True

    def _restore(self, context: Context, wanted: _Wanted, progress: Any) -> bool:
        """Make the table again that a saved configuration names and that is gone."""
        name = context.config.get(wanted.layer, None)
        if name not in context.layers:
            return False
        layer = context.layers[name]
        memory, root = (
            layer_memory(context, physical_layer_name(context, name)),
            layer.config.get("page_map_offset", None),
        )
        kernel = running_kernel(memory, progress=progress, root=root).kernel
        source = source_for(kernel)
        self._answers[name] = Answer(layer.build_configuration(), 0, layer.address_mask, source)
        wanted.set_table(context, source, layer.address_mask)
        return True


class _Wanted:
    """A kernel module that a plugin wants and has not got.

    Attributes:
        path: where its configuration is.
        layer: where that of its layer is.
        table: where that of its symbol table is.
    """

    def __init__(self, path: str, module: requirements.ModuleRequirement) -> None:
        self.path = path
        self.layer = join(path, _part(module, requirements.TranslationLayerRequirement).name)
        self.table = join(path, _part(module, requirements.SymbolTableRequirement).name)

    def is_ours(self, context: Context) -> bool:
        """Whether a saved configuration asks for a table of ours that could not be read."""
        return (
            context.config.get(join(self.table, "class"), None) == OWN_CLASS
            and context.config.get(self.table, None) not in context.symbol_space
        )

    def is_free(self, context: Context) -> bool:
        """Whether nobody has configured its layer or its symbols."""
        paths = (self.layer, self.table)
        return not any(context.config.get(path, None) or len(context.config.branch(path)) for path in paths)

    def set_table(self, context: Context, source: Source, mask: int) -> None:
        """Configure the symbol table."""
        values = {"class": source.class_name, "isf_url": source.url, "symbol_mask": mask}
        for name, value in values.items():
            context.config[join(self.table, name)] = value

    def check(self, context: Context) -> None:
        """Say so if the framework, silently, could not construct the symbol table."""
        if context.config.get(self.table, None) not in context.symbol_space:
            _complain("Volatility could not use the table that was made")


def _suits(module: requirements.ModuleRequirement) -> bool:
    """Whether a module must be there and may have a 64-bit Intel layer."""
    architectures = _part(module, requirements.TranslationLayerRequirement).architectures
    return not module.optional and (not architectures or "Intel64" in architectures)


def _part(module: requirements.ModuleRequirement, kind: type[Requirement]) -> Any:
    """The part of a module requirement that is of this kind."""
    return next(part for part in module.requirements.values() if isinstance(part, kind))


def _complain(reason: str) -> None:
    """One line for the user; text from the image cannot break it."""
    log.warning("No symbol table could be made from this image: %s", one_line(reason))
