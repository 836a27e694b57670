# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A Linux symbol table that answers from BTF and kallsyms, without an ISF document in between.

Volatility's own table reads, hashes and walks tens of MB of JSON, and resolves every type that the first one
can reach. Here an entry is made when somebody asks for it, by the very code that writes the ISF, and a type
is built when it is used. So the answers are the same, only sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from volatility3.framework import exceptions, interfaces, objects
from volatility3.framework.symbols import intermed, linux
from volatility3.framework.symbols.linux import network as _network  # noqa: F401 (the framework forgets to)

from ...bits import ALL_BITS
from ..extensions.changes import class_of
from ..objects.composites import lean
from ..objects.natives import LeanNatives
from ..objects.templates import LeanTemplate, PutOffTemplate, Template
from . import losses
from .store import StoreError, path_of, read_kernel

if TYPE_CHECKING:
    from ...isf.types import Entry
    from ...kernel import Kernel


OFFSETS: Final = "kallsyms_offsets"
"""Not offered where its numbers are not of the kind that Volatility takes all for: negative ones count from a
base, others are per-CPU (x86-64 from 4.6 to 6.14). It would show wrong names, and no error."""

BANNER: Final = "linux_banner"
"""The one symbol with its bytes in the table."""

_at_hand: WeakValueDictionary[str, Kernel] = WeakValueDictionary()


def hand_over(url: str, kernel: Kernel) -> None:
    """Give this process a kernel that is at hand, so that it is not read and decoded again.

    It is known as long as somebody holds on to it; every symbol table made of it does.
    """
    _at_hand[url] = kernel


class Entries(Mapping[str, Any]):
    """A part of an ISF document whose entries are made when they are asked for, and then kept."""

    def __init__(self, names: Mapping[str, Any], make: Callable[[str], Entry]) -> None:
        self._names = names
        self._make = make
        self._made: dict[str, Entry] = {}

    def __getitem__(self, name: str) -> Entry:
        entry = self._made.get(name)
        if entry is None:
            entry = self._made[name] = self._make(name)
        return entry

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Without(Mapping[str, Any]):
    """A mapping but for one of its keys."""

    def __init__(self, all_of_it: Mapping[str, Any], key: str) -> None:
        self._all, self._key = all_of_it, key

    def __getitem__(self, name: str) -> Any:
        if name == self._key:
            raise KeyError(name)
        return self._all[name]

    def __contains__(self, name: object) -> bool:
        return name != self._key and name in self._all

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._all if name != self._key)

    def __len__(self) -> int:
        return len(self._all) - (self._key in self._all)


def _offered(kernel: Kernel, symbols: Mapping[str, Any]) -> Mapping[str, Any]:
    """The symbols that plugins are told of."""
    is_right = kernel.symbols is None or bool(kernel.symbols.fixed.any())
    return symbols if is_right else Without(symbols, OFFSETS)


class BtfFormat(intermed.Version8Format):
    """Format 6.2.0 on entries instead of a JSON object."""

    version = (255, 0, 0)
    """Not a version of the format: a number that no file has, since the framework lists its readers by it."""

    def __init__(self, context: interfaces.context.ContextInterface, *arguments: Any) -> None:
        self._space = context.symbol_space
        super().__init__(context, *arguments)

    @property
    def types(self) -> Iterable[str]:
        """The names of all types."""
        return self._all_types

    @cached_property
    def _symbol_mask(self) -> int:
        return self.config.get("symbol_mask", 0) or ALL_BITS

    @cached_property
    def _all_types(self) -> frozenset[str]:
        return frozenset(self._json_object["user_types"]) | frozenset(self.natives.types)

    def get_type_class(self, name: str) -> type[interfaces.objects.ObjectInterface]:
        """The class for a type's objects: ours where the kernel has what the framework does not know."""
        known = super().get_type_class(name)
        chosen: type[interfaces.objects.ObjectInterface] = class_of(name, known, self._json_object.types)
        return chosen

    def get_type(self, type_name: str) -> Template:
        """A type's template, which makes its objects of our classes."""
        template = super().get_type(type_name)
        if isinstance(template, LeanTemplate):
            return template
        values = dict(template.vol)
        return LeanTemplate(lean(values.pop("object_class")), **values)

    def get_symbol(self, name: str) -> interfaces.symbols.SymbolInterface:
        """A symbol; its type is made when somebody uses it."""
        known = self._symbol_cache.get(name)
        if known is not None:
            return known
        symbols = self._json_object["symbols"]
        if name == BANNER or name not in symbols:
            return super().get_symbol(name)
        made = self._symbol_cache[name] = interfaces.symbols.SymbolInterface(
            name=name,
            address=self._json_object.symbols.address_of(name) & self._symbol_mask,
            type=PutOffTemplate(partial(self._type_of, name)),
        )
        return made

    def _type_of(self, symbol: str) -> Template:
        return self._interdict_to_template(self._json_object["symbols"][symbol]["type"])

    def _get_natives(self) -> interfaces.symbols.NativeTableInterface:
        return LeanNatives("native", dict(self._native_types()))

    def _native_types(self) -> Iterator[tuple[str, tuple[type[Any], tuple[Any, ...]]]]:
        for name, said in self._json_object["base_types"].items():
            if name != "void":
                known = objects.Pointer if name == "pointer" else self.format_mapping[said["kind"]]
                yield name, (known, (said["size"], said["endian"], said["signed"]))

    def _interdict_to_template(self, dictionary: dict[str, Any]) -> Template:
        template = super()._interdict_to_template(dictionary)
        if isinstance(template, objects.templates.ReferenceTemplate):
            name = template.vol.type_name
            return PutOffTemplate(partial(self._space.get_type, name))
        return template


class Content(Mapping[str, Any]):
    """A kept kernel as an ISF document whose parts are made when they are asked for.

    A copy of it is the same object, and pickled it is a name: a context that is copied, or sent to the
    processes that a scan is split over, does not take a kernel along.

    Args:
        url: the file that the kernel was read from.
        kernel: the kernel.

    Attributes:
        types: the kernel's.
    """

    def __init__(self, url: str, kernel: Kernel) -> None:
        from ...isf.document import FORMAT, PRODUCER
        from ...isf.symbols import SymbolEntries
        from ...isf.types import TypeEntries

        types = TypeEntries(kernel.blob.types)
        self.url = url
        self.kernel = kernel
        self.types = kernel.blob.types
        self.symbols = SymbolEntries(kernel, types)
        offered = _offered(kernel, self.symbols)
        self._parts: Mapping[str, Any] = {
            "metadata": {"format": FORMAT, "producer": PRODUCER, "linux": {}},
            "base_types": types.base_types,
            "user_types": Entries(types.user_types, types.user_type),
            "enums": Entries(types.enums, types.enum),
            "symbols": Entries(offered, offered.__getitem__),
        }

    def __getitem__(self, part: str) -> Any:
        return self._parts[part]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __copy__(self) -> Content:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Content:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.url, _packed_unless_stored(self.url, self.kernel))


def _packed_unless_stored(url: str, kernel: Kernel) -> bytes | None:
    """The kernel itself, where another process would not find its file."""
    from ...kernel.stored import pack_kernel

    return None if path_of(url).is_file() else pack_kernel(kernel)


@lru_cache(maxsize=1)
def _unpickled(url: str, packed: bytes | None) -> Content:
    """The content that was pickled; kept, since a process that scans gets it anew with each piece of work."""
    from ...kernel.stored import unpack_kernel

    return Content(url, _kernel(url) if packed is None else unpack_kernel(packed))


class _Direct(intermed.IntermediateSymbolTable):
    """An intermediate symbol table whose delegate reads a kept kernel instead of JSON."""

    def __init__(
        self,
        context: interfaces.context.ContextInterface,
        config_path: str,
        name: str,
        isf_url: str,
        native_types: interfaces.symbols.NativeTableInterface | None = None,
        table_mapping: dict[str, str] | None = None,
        validate: bool = True,
        class_types: Mapping[str, type[interfaces.objects.ObjectInterface]] | None = None,
        symbol_mask: int = 0,
    ) -> None:
        kernel = _kernel(isf_url)
        if kernel.state == "partial":
            losses.given(kernel.release)
        self._content = Content(isf_url, kernel)
        self._delegate = BtfFormat(context, config_path, name, self._content, native_types, table_mapping)
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

    def get_symbols_by_location(self, offset: int, size: int = 0) -> Iterable[str]:
        """The names of the symbols at an address, or within `size` bytes behind it, in order."""
        if size < 0:
            raise ValueError("Size must be strictly non-negative")
        return self._content.symbols.at(offset, size, self.config["symbol_mask"] or ALL_BITS)


class BtfKernelSymbols(linux.LinuxKernelIntermedSymbols, _Direct):
    """Volatility's Linux table on a kept kernel; `isf_url` names a file that `pack_kernel` wrote."""


def _kernel(url: str) -> Kernel:
    """A kernel from this process or from the store.

    Raises:
        SymbolSpaceError: the file is missing or damaged.
    """
    known = _at_hand.get(url)
    if known is not None:
        return known
    try:
        return read_kernel(path_of(url))
    except StoreError as error:
        raise exceptions.SymbolSpaceError(str(error)) from error
