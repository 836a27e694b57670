# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""An image in a notebook: every plugin a method, every result a DataFrame, all of them tables for SQL."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import NoKernelError, NoTaskError, UnknownPluginError
from .kernel import KernelInNotebook, as_table
from .running import names
from .running.options import options_of
from .running.result import Result
from .running.runs import Runs
from .running.session import Session

if TYPE_CHECKING:
    from ..kernel import Kernel
    from .frame import Rows
    from .sql.database import Database


class Image:
    """A memory image, opened; nothing of it is read before it is needed.

    Every plugin is a method: `image.pslist()`, `image.lsof(pid=[1, 437])`, `image.pagecache_files()`. Results
    are kept and not computed again. `run` takes the names that `vol` has.

    Attributes:
        path: the image's file.
    """

    def __init__(self, session: Session) -> None:
        self.path = session.path
        self._runs = Runs(session)
        self._session = session

    def run(self, plugin: str, **options: Any) -> Rows:
        """Run a plugin, or return what it gave before with the same options.

        Args:
            plugin: its name: `linux.lsof`, `lsof`, `linux.lsof.Lsof`.
            options: those of the command line, with underscores for hyphens: `pid=[1, 437]`, `dump=True`.

        Returns:
            A DataFrame with the plugin's columns under the plugin's names.

        Raises:
            UnknownPluginError, OptionError, NoKernelError: it cannot be run.
            PluginError: it stopped before its end; the error's `rows` have what it had found.
        """
        from .frame import rows_of

        return rows_of(self._runs.whole_result(plugin, **options))

    def result(self, plugin: str, **options: Any) -> Result:
        """The same as Arrow columns; if the plugin stops before its end, `Result.error` says so."""
        return self._runs.result(plugin, **options)

    @property
    def results(self) -> list[Result]:
        """Everything that was run so far, in that order."""
        return self._runs.results

    def forget(self) -> None:
        """Discard all results: plugins run again when they are asked for."""
        self._runs.forget()
        if "database" in self.__dict__:
            self.database.forget()

    def plugins(self) -> Rows:
        """The plugins that can be run: method, name, what it does, options."""
        from .frame import About, Rows

        listed = [(each.short, each.name, each.about, ", ".join(options_of(each))) for each in names.every()]
        return Rows(listed, columns=["method", "name", "about", "options"], about=About("plugins"))

    def sql(self, query: str) -> Rows:
        """Query with SQL; the plugins that the query names are run.

        Args:
            query: in DuckDB's dialect. Tables are named like the methods, columns like the plugin's, in lower
                case with underscores. A table's name in quotes may contain options:
                `from "linux.lsof --pid 1 437"`.

        Raises:
            QueryError: DuckDB refuses it.
            PluginError, NoKernelError, OptionError: a plugin in it cannot be run, or stopped before its end.
        """
        return self.database.sql(query)

    @cached_property
    def database(self) -> Database:
        """The tables of this image, in DuckDB."""
        from .sql.database import Database

        return Database(self._runs)

    def save(self, target: str | os.PathLike[str]) -> Path:
        """Write all results to a file or folder, with their provenance: `case.duckdb`, or Parquet files.

        Args:
            target: a database if the name ends in `.duckdb` or `.db`; otherwise a folder of Parquet files.

        Raises:
            SaveError: there is something else under this name, or it cannot be written.
        """
        from .save import save

        return save(self._runs, Path(target))

    @property
    def kernel(self) -> KernelInNotebook:
        """The kernel that plugins get.

        Raises:
            NoKernelError: there is none.
        """
        return KernelInNotebook(self._session.kernel())

    @property
    def kernels(self) -> list[Kernel]:
        """All kernels in the image that can be used, the one that plugins get first.

        Raises:
            NoKernelError: there is none.
        """
        return self._session.kernels()

    @property
    def lines(self) -> tuple[str, ...]:
        """The warnings about the kernel."""
        return self._session.lines

    def task(self, pid: int) -> Any:
        """A process as Volatility's object, `struct task_struct`: `image.task(1).mm.pgd`.

        Raises:
            NoTaskError: the kernel's list has no process of this PID.
            NoKernelError: there is no kernel.
        """
        from volatility3.plugins.linux import pslist

        module = self._session.module()
        listed = pslist.PsList.list_tasks(self.context, module, lambda task: task.pid != pid)
        for task in listed:
            return task
        raise NoTaskError(f"the kernel's list of processes has no PID {pid}")

    @property
    def vmlinux(self) -> Any:
        """The kernel as Volatility's module: `image.vmlinux.object_from_symbol("init_task")`.

        Raises:
            NoKernelError: there is none.
        """
        return self._runs.vmlinux

    @property
    def host(self) -> str:
        """The machine's name, as the kernel has it (`init_uts_ns`); empty if it cannot be read.

        Raises:
            NoKernelError: there is no kernel.
        """
        return self._runs.host

    @property
    def context(self) -> Any:
        """Volatility's context."""
        return self._session.context

    def close(self) -> None:
        """Close the file."""
        self._session.close()

    def __enter__(self) -> Image:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Callable[..., Rows]:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return _method(self, names.find(name))
        except UnknownPluginError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(plugin.short for plugin in names.every())})

    def __repr__(self) -> str:
        size = self.path.stat().st_size
        about = "nothing of it is read yet"
        if self._session.is_looked_at:
            try:
                found = self._session.kernel()
                about = f"Linux {found.release}, {found.architecture}, {found.state}"
            except NoKernelError as error:
                about = str(error)
        return f"<{self.path}, {size / (1 << 20):.1f} MiB: {about}>"

    def _repr_html_(self) -> str:
        """What it is, which kernels are in it, and by what evidence."""
        rows = [("image", str(self.path)), ("size", f"{self.path.stat().st_size} bytes")]
        try:
            kernels = self._session.kernels()
            rows += list(KernelInNotebook(kernels[0]).facts().items())
            rows += [("evidence", each) for each in kernels[0].evidence]
            rows += [("doubt", each) for each in kernels[0].doubts]
            rows += [
                (
                    "another kernel",
                    f"Linux {each.release}, {each.life}, {each.state}, BTF at {each.blob.offset:#x}",
                )
                for each in kernels[1:]
            ]
        except NoKernelError as error:
            rows.append(("no kernel", str(error)))
        rows += [("note", line) for line in self.lines]
        return as_table(rows)


def _method(image: Image, plugin: names.Plugin) -> Callable[..., Rows]:
    """A plugin as a method whose help and completion tell its options."""

    def method(**options: Any) -> Rows:
        return image.run(plugin.name, **options)

    known: Mapping[str, Any] = options_of(plugin)
    told = "\n".join(f"    {key}: {each.description}" for key, each in known.items())
    method.__name__ = plugin.short
    method.__doc__ = f"{plugin.about}\n\nOptions:\n{told}" if told else plugin.about
    keywords = [inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None) for key in known]
    method.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
    return method
