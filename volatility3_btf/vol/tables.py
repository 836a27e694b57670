# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernel's symbol table in Volatility, answered from what the store keeps.

`BtfKernelSymbols` is Volatility's own Linux table; only where its content comes from differs. A saved
configuration names this class and the stored file.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakValueDictionary

# Volatility's Linux classes use extensions.network without importing it.
import volatility3.framework.symbols.linux.network  # noqa: F401
from volatility3 import framework
from volatility3.framework import exceptions, interfaces
from volatility3.framework.symbols import intermed, linux

from .store import StoreError, Table, path_of, read_table

_at_hand: WeakValueDictionary[str, Table] = WeakValueDictionary()


def hand_over(url: str, table: Table) -> None:
    """Give this process a table that is at hand, so that it is not read and parsed again.

    It is known as long as somebody holds on to it; every symbol table made of it does.
    """
    _at_hand[url] = table


class StoredTable(intermed.IntermediateSymbolTable):
    """A symbol table whose document comes from the store.

    It is not validated against the JSON schema again: the store keeps what this project made, under a hash.
    """

    def __init__(
        self,
        context: interfaces.context.ContextInterface,
        config_path: str,
        name: str,
        isf_url: str,
        native_types: interfaces.symbols.NativeTableInterface | None = None,
        table_mapping: dict[str, str] | None = None,
        class_types: Mapping[str, type[interfaces.objects.ObjectInterface]] | None = None,
        symbol_mask: int = 0,
    ) -> None:
        self._table = _table(isf_url)
        content = self._table.content
        self._versions = {form.version: form for form in framework.class_subclasses(intermed.ISFormatTable)}
        form = self._closest_version(content["metadata"]["format"], self._versions)
        self._delegate = form(context, config_path, name, content, native_types, table_mapping)
        interfaces.symbols.SymbolTableInterface.__init__(
            self,
            context,
            config_path,
            name,
            native_types or self._delegate.natives,
            table_mapping=table_mapping,
            class_types=class_types,
        )
        self.config["isf_url"] = isf_url
        self.config["symbol_mask"] = symbol_mask


class BtfKernelSymbols(linux.LinuxKernelIntermedSymbols, StoredTable):
    """The symbols and types of a Linux kernel whose table this project made."""


def _table(url: str) -> Table:
    """A table from this process or from the store.

    Raises:
        SymbolSpaceError: the file is missing or damaged.
    """
    known = _at_hand.get(url)
    if known is not None:
        return known
    try:
        return read_table(path_of(url))
    except (StoreError, FileNotFoundError) as error:
        raise exceptions.SymbolSpaceError(str(error)) from error
