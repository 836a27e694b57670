# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""All that was run on an image so far; what was asked once is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from volatility3.framework import exceptions
from volatility3.framework.objects import utility

from ..errors import PluginError
from . import names
from .result import Result
from .session import Session

if TYPE_CHECKING:
    from ...kernel import Kernel

_Key: TypeAlias = tuple[str, str]


class Runs:
    """An image's session, and its results by plugin and options.

    Attributes:
        session: the Volatility context and its kernel.
        path: the image's file.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.path: Path = session.path
        self._results: dict[_Key, Result] = {}

    def result(self, plugin: str, **options: Any) -> Result:
        """What a plugin gives; where it stopped on the way, `Result.error` says so.

        Raises:
            UnknownPluginError, OptionError, NoKernelError, PluginError: it cannot be run at all.
        """
        meant = names.find(plugin)
        key = (meant.name, repr(sorted(options.items())))
        if key not in self._results:
            self._results[key] = self.session.run(meant, options)
        return self._results[key]

    def whole_result(self, plugin: str, **options: Any) -> Result:
        """The same, and PluginError where it stopped on the way."""
        result = self.result(plugin, **options)
        if result.error:
            from ..frame import rows_of

            found = len(result.table)
            told = f"{result.plugin} stopped after {found} rows, so that they are not all: {result.error}"
            raise PluginError(told, rows_of(result))
        return result

    def without_rows(self, plugin: str, **options: Any) -> Result:
        """The columns that a plugin gives; its rows are not looked for."""
        return self.session.without_rows(names.find(plugin), options)

    @property
    def results(self) -> list[Result]:
        """All results, in the order in which they were asked for."""
        return list(self._results.values())

    def forget(self) -> None:
        """Forget all results."""
        self._results.clear()

    @property
    def kernels(self) -> list[Kernel]:
        """The kernels that can be used, the one that plugins get first; NoKernelError if there is none."""
        return self.session.kernels()

    @property
    def lines(self) -> tuple[str, ...]:
        """What was said of the kernel when it was looked for."""
        return self.session.lines

    @property
    def vmlinux(self) -> Any:
        """The kernel as Volatility's module; NoKernelError if there is none."""
        return self.session.context.modules[self.session.module()]

    @property
    def host(self) -> str:
        """The machine's name, as the kernel has it (`init_uts_ns`); empty if it cannot be read.

        Raises:
            NoKernelError: there is no kernel.
        """
        vmlinux = self.vmlinux
        try:
            return str(utility.array_to_string(vmlinux.object_from_symbol("init_uts_ns").name.nodename))
        except (exceptions.VolatilityException, AttributeError):
            return ""
