# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a plugin wants of a Linux kernel: a module, or, in the old form, a layer with or without a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.configuration import requirements

from ..layers.scans.layers import quick_class

Context: TypeAlias = interfaces.context.ContextInterface
Requirement: TypeAlias = interfaces.configuration.RequirementInterface
Finder: TypeAlias = Callable[..., list[tuple[str, Requirement]]]

MODULE_CLASS: Final = "volatility3.framework.contexts.Module"
join = interfaces.configuration.path_join


class Wanted:
    """A layer, perhaps with a symbol table, perhaps as parts of a module.

    Attributes:
        path: where the configuration of the module is, or the one that layer and table are parts of.
        is_module: whether it is a module.
        layer: where the layer's configuration is.
        table: where the symbol table's is; empty if none is wanted.
    """

    def __init__(self, path: str, is_module: bool, layer: Requirement, table: Requirement | None) -> None:
        self.path = path
        self.is_module = is_module
        self.layer = join(path, layer.name)
        self.table = "" if table is None else join(path, table.name)
        self._table = table

    def asks_for(self, context: Context, table_classes: Collection[str]) -> bool:
        """Whether a saved configuration asks for a table of one of some classes, and it could not be made."""
        return bool(
            self.table
            and context.config.get(join(self.table, "class"), None) in table_classes
            and context.config.get(self.table, None) not in context.symbol_space
        )

    def is_free(self, context: Context) -> bool:
        """Whether nobody has configured its layer or its symbols."""
        paths = [path for path in (self.layer, self.table) if path]
        return not any(context.config.get(path, None) or len(context.config.branch(path)) for path in paths)

    def set_layer(
        self, context: Context, layer: interfaces.configuration.HierarchicalDict, offset: int
    ) -> None:
        """Configure the layer, and the module if there is one; the image's own layer is one of ours."""
        context.config.merge(self.layer, layer)
        memory = join(self.layer, "memory_layer", "class")
        context.config[memory] = quick_class(context.config[memory])
        if self.is_module:
            context.config[join(self.path, "class")] = MODULE_CLASS
            context.config[join(self.path, "offset")] = offset

    def make_table(self, context: Context, class_name: str, url: str, mask: int) -> Any:
        """Configure the symbol table and construct it, as the framework would later, but with its errors.

        Returns:
            The table.

        Raises:
            Exception: whatever reading the file raises. Then nothing is left of it.
        """
        for name, value in {"class": class_name, "isf_url": url, "symbol_mask": mask}.items():
            context.config[join(self.table, name)] = value
        table: Any = self._table
        try:
            table.unsatisfied(context, self.path)  # makes it look for its class
            table.construct(context, self.path)
            return context.symbol_space[context.config[self.table]]
        except BaseException:
            self.drop_table(context)
            raise

    def drop_table(self, context: Context) -> None:
        """Take the symbol table and its configuration back."""
        name = context.config.get(self.table, None)
        if name in context.symbol_space:
            space: Any = context.symbol_space
            space.remove(name)
        context.config.splice(self.table, interfaces.configuration.HierarchicalDict())
        if name is not None:
            del context.config[self.table]


def wanted_by(find: Finder, context: Context, config_path: str, root: Requirement) -> Iterator[Wanted]:
    """What is wanted and must be there, of what may have a 64-bit Intel layer.

    A layer for which a plugin names no architecture is that of the image, and none of ours.

    Args:
        find: an automagic's `find_requirements`.
        context: the context.
        config_path: where the plugin's configuration is.
        root: the plugin's requirements.
    """
    layer_kind, table_kind = requirements.TranslationLayerRequirement, requirements.SymbolTableRequirement
    modules = find(context, config_path, root, requirements.ModuleRequirement)
    for path, module in modules:
        parts = list(module.requirements.values())
        layer = next(part for part in parts if isinstance(part, layer_kind))
        table = next(part for part in parts if isinstance(part, table_kind))
        if not module.optional and _suits(layer, bool(layer.architectures)):
            yield Wanted(path, True, layer, table)
    every = {
        path for path, _ in find(context, config_path, root, requirements.ModuleRequirement, shortcut=False)
    }
    loose = find(context, config_path, root, (layer_kind, table_kind), shortcut=False)
    parent = interfaces.configuration.parent_path
    tables = {parent(path): table for path, table in loose if isinstance(table, table_kind)}
    for path, layer in loose:
        above = parent(path)
        if not isinstance(layer, layer_kind) or above in every or layer.optional:
            continue
        table = tables.get(above)
        unmet = [part for part in (layer, table) if part is not None and part.unsatisfied(context, above)]
        if unmet and _suits(layer, True):
            yield Wanted(above, False, layer, table)


def _suits(layer: requirements.TranslationLayerRequirement, named: bool) -> bool:
    """Whether a layer may be that of a 64-bit Linux kernel; `named`: if it must say so."""
    return (not named or "Intel64" in layer.architectures) and (not layer.oses or "Linux" in layer.oses)
