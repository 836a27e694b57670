# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""One Volatility context for an image: the kernel is found once, and every plugin runs on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from volatility3.framework import automagic, contexts, exceptions, interfaces
from volatility3.framework.automagic import stacker
from volatility3.framework.configuration import requirements

from ...files.descriptors import no_file
from ...vol import BtfSymbols
from ...vol.automagic.running import OPTION
from ...vol.layers.image_layers import LOCATION, STACKERS
from ...vol.lines import one_line
from ...vol.walks.told import say_again
from ..errors import NoImageError, NoKernelError, NotebookError, OptionError, PluginError
from . import files, names
from .lines import listening
from .options import configuration, needed
from .progress import bar
from .result import Collector, Result

if TYPE_CHECKING:
    from ...kernel import Kernel

join: Final = interfaces.configuration.path_join
Requirement: TypeAlias = interfaces.configuration.RequirementInterface
_LAYER, _TABLE = requirements.TranslationLayerRequirement, requirements.SymbolTableRequirement


class Session:
    """A context, and what was found in it so far.

    Args:
        path: the image.
        kernel: of several kernels the one to take: its release, or where its BTF lies; empty for the one that
            runs.
        output: the folder for files that plugins write.
        progress: whether bars are shown.

    Raises:
        NoImageError: there is no such file, or it is none that can be searched.
    """

    def __init__(self, path: Path, kernel: str = "", output: Path = Path("."), progress: bool = True) -> None:
        self.path = path
        self.output = output
        self.progress = progress
        self.lines: tuple[str, ...] = ()
        self._stamp = _stamp(path)
        self.context = contexts.Context()
        self.context.config[LOCATION] = _location(path)
        if kernel:
            self.context.config[join("automagic", BtfSymbols.__name__, OPTION)] = kernel
        self._automagics = automagic.available(self.context)
        self._module = ""
        self._failure = ""
        self._runs = 0
        self._lock = threading.RLock()

    @property
    def is_looked_at(self) -> bool:
        """Whether a kernel was looked for already."""
        return bool(self._module or self._failure)

    @property
    def _magic(self) -> BtfSymbols:
        return next(each for each in self._automagics if isinstance(each, BtfSymbols))

    @property
    def address_bits(self) -> int:
        """How many bits of a virtual address the kernel's layer keeps; 64 while there is none."""
        if not self._module:
            return 64
        layer = self.context.layers[self.context.modules[self._module].layer_name]
        return int(layer.address_mask).bit_length()

    def module(self) -> str:
        """The name of the kernel in the context; looked for when it is first asked for.

        Raises:
            NoKernelError: there is none.
        """
        with self._lock:
            if not self.is_looked_at:
                self._find_kernel()
            if not self._module:
                raise NoKernelError(self._failure)
            return self._module

    def kernel(self) -> Kernel:
        """What this project found of the kernel that plugins get: types, symbols, evidence.

        Raises:
            NoKernelError: there is none, or nothing but a symbol file of the user's tells of it.
        """
        return self.kernels()[0]

    def kernels(self) -> list[Kernel]:
        """The same, and after it the kernels that could be taken in its place.

        Raises:
            NoKernelError: as of `kernel`.
        """
        self.module()
        found = self._magic.kernels_in(self.context)
        if not found:
            raise NoKernelError("The image holds no BTF: the kernel is known by the user's symbol file only")
        return found

    def run(self, plugin: names.Plugin, options: Mapping[str, Any]) -> Result:
        """Run a plugin to its end.

        Raises:
            NoKernelError, OptionError, PluginError: it cannot be run. Where it stops on the way, the result
                has what it had found, and says so.
        """
        values = configuration(plugin, options)
        with self._lock, bar(plugin.short, self.progress) as drawn, listening() as listener:
            wants_kernel = _wants_kernel(plugin)
            if wants_kernel:
                self.module()
            say_again(self.context)
            written: list[Path] = []
            failed = ""
            grid, collector = None, None
            try:
                grid = self._construct(plugin, values, drawn, written).run()
                collector = Collector(grid)
                grid.populate(collector, None)
            except NotebookError:
                raise
            except Exception as error:  # plugins stumble over damaged memory in every way
                failed = one_line(f"{type(error).__name__}: {error}")
            if collector is None:
                raise PluginError(f"{plugin.name} cannot run: {failed}")
            lines = dict.fromkeys((self.lines if wants_kernel else ()) + listener.told())
            result = _result(plugin, options, collector)
            return replace(result, lines=tuple(lines), files=tuple(written), error=failed)

    def without_rows(self, plugin: names.Plugin, options: Mapping[str, Any]) -> Result:
        """The columns that a plugin has; its rows are not looked for.

        Raises:
            NoKernelError, OptionError, PluginError: as of `run`.
        """
        values = configuration(plugin, options)
        with self._lock, listening():
            try:
                collector = Collector(self._construct(plugin, values, None, []).run())
            except NotebookError:
                raise
            except Exception as error:
                raise PluginError(f"{plugin.name} cannot run: {one_line(str(error))}") from error
            return _result(plugin, options, collector)

    def _find_kernel(self) -> None:
        """Have the automagic make what `linux.pslist` wants, and keep it for all plugins.

        Raises:
            NoKernelError: there is none. That is kept only if the image was searched to the end.
        """
        plugin = names.find("linux.pslist.PsList")
        path = join("session", plugin.kind.__name__)
        with bar("looking for the kernel", self.progress) as drawn, listening() as listener:
            errors = self._automagic(plugin, "session", drawn)
        found = str(self.context.config.get(join(path, "kernel"), None) or "")
        if found in self.context.modules:
            self._module, self.lines = found, listener.told()
            return
        said = [line for line in listener.lines if line.startswith("No symbol table could be made")]
        reasons = said or listener.lines or errors or ["There is no Linux kernel in this image"]
        reason = f"{self.path.name}: {reasons[0]}"
        if self._magic.gives_nothing(self.context) and not errors:
            self._failure = reason
        raise NoKernelError(reason)

    def _automagic(self, plugin: names.Plugin, base: str, drawn: Any) -> list[str]:
        """Have Volatility's automagic make what a plugin wants; what went wrong, a line each."""
        chosen = automagic.choose_automagic(self._automagics, plugin.kind)
        self.context.config[STACKERS] = stacker.choose_os_stackers(plugin.kind)
        errors = automagic.run(chosen, self.context, plugin.kind, base, progress_callback=drawn)
        return [one_line("".join(error.format_exception_only())) for error in errors]

    def _construct(
        self, plugin: names.Plugin, values: Mapping[str, Any], drawn: Any, written: list[Path]
    ) -> interfaces.plugins.PluginInterface:
        """The plugin, configured with the session's kernel and with its options."""
        self._runs += 1
        base = f"run{self._runs}"
        path = join(base, plugin.kind.__name__)
        for name, value in values.items():
            self.context.config[join(path, name)] = value
        self._give(plugin, path)
        if plugin.kind.unsatisfied(self.context, path):
            self._automagic(plugin, base, drawn)
        if unsatisfied := plugin.kind.unsatisfied(self.context, path):
            if options := needed(plugin, unsatisfied):
                raise OptionError(f"{plugin.name} needs {options}")
            missing = ", ".join(sorted(each.rpartition(".")[2] for each in unsatisfied))
            raise PluginError(f"{plugin.name} cannot run on this image: it needs {missing}")
        made = plugin.kind(self.context, path, progress_callback=drawn)
        made.set_open_method(files.handler(self.output, written))
        return made

    def _give(self, plugin: names.Plugin, path: str) -> None:
        """Give a plugin the kernel, or its layer and table, where it wants them or can do with them."""
        wanted = plugin.kind.get_requirements()
        if plugin.system not in ("", "linux"):
            return
        if _wants_kernel(plugin):
            self.module()
        if not self._module:
            return
        module = self.context.modules[self._module]
        for each in wanted:
            if isinstance(each, requirements.ModuleRequirement):
                self.context.config[join(path, each.name)] = self._module
            elif isinstance(each, _LAYER):
                self.context.config[join(path, each.name)] = module.layer_name
            elif isinstance(each, _TABLE):
                self.context.config[join(path, each.name)] = module.symbol_table_name

    @property
    def was_changed(self) -> bool:
        """Whether somebody has written to the image since it was opened."""
        return _stamp(self.path) != self._stamp

    def close(self) -> None:
        """Let go of the image's file."""
        for layer in list(self.context.layers.values()):
            with suppress(exceptions.VolatilityException, OSError):
                layer.destroy()


def _result(plugin: names.Plugin, options: Mapping[str, Any], collector: Collector) -> Result:
    addresses = frozenset(column.name for column in collector.columns if column.is_address)
    return Result(plugin.name, dict(options), collector.table(), addresses)


def _wants_kernel(plugin: names.Plugin) -> bool:
    """Whether a plugin cannot do without a Linux kernel: a module, or a layer of named architectures."""
    wanted = plugin.kind.get_requirements()
    return plugin.system == "linux" and any(
        (isinstance(each, requirements.ModuleRequirement) and not each.optional)
        or (isinstance(each, _LAYER) and bool(each.architectures) and not each.optional)
        for each in wanted
    )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError as error:
        raise NoImageError(f"{path} cannot be opened: {error.strerror}") from error
    return state.st_size, state.st_mtime_ns


def _location(path: Path) -> str:
    """The image's URL.

    Raises:
        NoImageError: there is no such file, or it is none that can be searched.
    """
    try:
        reason = no_file(os.stat(path).st_mode)
        if not reason:
            with path.open("rb"):
                pass
    except OSError as error:
        raise NoImageError(f"{path} cannot be opened: {error.strerror}") from error
    if reason:
        raise NoImageError(f"{path} cannot be opened: {reason}")
    return path.absolute().as_uri()
