# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Plugins by the names that analysts use: `pslist`, `linux.pslist`, `linux.pslist.PsList`.

Which modules there are is read from the plugin folders' listings; only those that a name could mean are
imported, since importing all of Volatility's takes longer than most of its plugins run.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import volatility3.plugins
from volatility3.framework import interfaces
from volatility3.framework.constants import architectures  # noqa: F401  plugins use it without importing it
from volatility3.framework.symbols.linux import network  # noqa: F401  so do symbol tables

from ..errors import UnknownPluginError

log = logging.getLogger(__name__)

PluginClass: TypeAlias = type[interfaces.plugins.PluginInterface]

PREFIX: Final = "volatility3.plugins."
SYSTEMS: Final = ("linux", "windows", "mac")
OUR_FOLDER: Final = Path(__file__).resolve().parents[3] / "plugins"
"""This project's own plugins in a checkout, where no installation has put them into Volatility's folder."""


@dataclass(frozen=True)
class Plugin:
    """A plugin and what it is called.

    Attributes:
        kind: its class.
        name: as `vol` lists it, `linux.pslist.PsList`.
        short: as a method and a table are called, `pslist`; with the class's name behind it where its module
            has several, `pagecache_files`.
    """

    kind: PluginClass
    name: str
    short: str

    @property
    def system(self) -> str:
        """The system it is for; empty if for any."""
        first = self.name.partition(".")[0]
        return first if first in SYSTEMS else ""

    @property
    def about(self) -> str:
        """What it does, in one line."""
        return " ".join((inspect.getdoc(self.kind) or "").partition("\n\n")[0].split())


def add_folders(folders: Sequence[str | os.PathLike[str]]) -> None:
    """Have plugins looked for in more folders, as `vol -p` does, for the whole process."""
    paths = [os.path.abspath(folder) for folder in folders]
    known = list(volatility3.plugins.__path__)
    added = [path for path in paths if path not in known]
    if not added:
        return
    volatility3.plugins.__path__ = added + known
    for system in SYSTEMS:
        package = importlib.import_module(PREFIX + system)
        package.__path__ = [os.path.join(path, system) for path in volatility3.plugins.__path__]


def find(name: str) -> Plugin:
    """The plugin that a name means: a method's, a table's, or the one that `vol` takes.

    Of several the one for Linux is taken, and of an old name and a new one the new one.

    Raises:
        UnknownPluginError: there is none, or there are several.
    """
    wanted = name.lower()
    for module, rest in _candidates(wanted):
        found = [plugin for plugin in _plugins_in(module) if _is_meant(plugin, rest)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(plugin.short for plugin in found)
            raise UnknownPluginError(f"{name} could be {names}")
    for plugin in every():
        if plugin.kind.__name__.lower() == wanted:
            return plugin
    last = wanted.rpartition(".")[2]
    close = difflib.get_close_matches(last, [plugin.short for plugin in every()], 3)
    hint = f"; did you mean {', '.join(close)}?" if close else ""
    raise UnknownPluginError(f"there is no plugin {name!r}{hint}")


def every(system: str = "linux") -> list[Plugin]:
    """The plugins for a system and for any, by short name, each once under its newest name."""
    found: dict[str, Plugin] = {}
    for module in _modules():
        if module.partition(".")[0] not in SYSTEMS or module.startswith(system + "."):
            for plugin in _plugins_in(module):
                found.setdefault(plugin.short, plugin)
    return [found[short] for short in sorted(found)]


def _candidates(wanted: str) -> Iterator[tuple[str, str]]:
    """Modules that a name could mean, the best first, with what is left of the name for the class."""
    for module in _modules():
        last = module.rpartition(".")[2]
        lower = module.lower()
        if wanted in (lower, last) or lower.endswith("." + wanted):
            yield module, ""
        elif wanted.startswith(lower + "."):
            yield module, wanted[len(lower) + 1 :]
        elif wanted.startswith((last + "_", last + ".")):
            yield module, wanted[len(last) + 1 :]


def _is_meant(plugin: Plugin, rest: str) -> bool:
    return not rest or plugin.kind.__name__.lower() == rest


def _modules() -> tuple[str, ...]:
    """Plugin modules by their names: Linux first, then those for any system, newest names first."""
    if not _has_ours(tuple(volatility3.plugins.__path__)) and (OUR_FOLDER / "linux" / "btfscan.py").is_file():
        add_folders([OUR_FOLDER])
    return _modules_under(tuple(volatility3.plugins.__path__))


@lru_cache(maxsize=8)
def _has_ours(paths: tuple[str, ...]) -> bool:
    return any(os.path.isfile(os.path.join(path, "linux", "btfscan.py")) for path in paths)


@lru_cache(maxsize=8)
def _modules_under(paths: tuple[str, ...]) -> tuple[str, ...]:
    found = set()
    for path in paths:
        for root, folders, files in os.walk(path):
            folders[:] = [folder for folder in folders if folder != "__pycache__"]
            inside = os.path.relpath(root, path).replace(os.path.sep, ".").lstrip(".")
            names = (file[:-3] for file in files if file.endswith(".py") and not file.startswith("__"))
            found |= {f"{inside}.{name}" if inside else name for name in names}
    return tuple(sorted(found, key=_rank))


def _rank(module: str) -> tuple[int, int, str]:
    first = module.partition(".")[0]
    system = 0 if first == "linux" else 2 if first in SYSTEMS else 1
    return system, -module.count("."), module


@lru_cache(maxsize=1024)
def _plugins_in(module: str) -> tuple[Plugin, ...]:
    """The plugins that a module defines; none where it cannot be imported here."""
    try:
        imported: Any = importlib.import_module(PREFIX + module)
    except Exception as error:  # a plugin file of anybody's can raise anything
        log.info("plugin module %s cannot be imported: %s", module, error)
        return ()
    kinds = [
        kind
        for kind in vars(imported).values()
        if inspect.isclass(kind)
        and issubclass(kind, interfaces.plugins.PluginInterface)
        and kind.__module__ == imported.__name__
        and not inspect.isabstract(kind)
    ]
    last = module.rpartition(".")[2].lower()
    shorts = [last if len(kinds) == 1 else f"{last}_{kind.__name__.lower()}" for kind in kinds]
    return tuple(
        Plugin(kind, f"{module}.{kind.__name__}", short) for kind, short in zip(kinds, shorts, strict=True)
    )
