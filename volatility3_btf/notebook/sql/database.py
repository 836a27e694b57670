# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""An image's tables in DuckDB; a plugin is run when the first query names it."""

from __future__ import annotations

import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from ...vol.lines import one_line
from ..errors import QueryError, UnknownPluginError
from ..running import names
from ..running.options import from_words
from . import own_tables, views
from .mentioned import Mentioned, tables_in
from .tables import comments_on, create, literal, quoted, show, table_of

if TYPE_CHECKING:
    from ..frame import Rows
    from ..running.runs import Runs

MANY: Final = 50_000
"""Rows from which on several processors are faster than one."""

SETTINGS: Final = (
    "set TimeZone = 'UTC'",
    "set python_enable_replacements = false",  # a table is never a variable of this program
    "set enable_progress_bar = false",  # which goes to stdout, among the answer, where no file is __main__
)

_CATALOGUES: Final = ("duckdb_", "information_schema")
"""What is in the name of a table of DuckDB's that shows comments."""


class Answer:
    """What a query gives.

    Attributes:
        data: its rows; None of a statement that gives none.
        addresses: its columns that hold addresses.
        lines: what was said when the rows of the tables in it were found.
    """

    def __init__(self, data: pa.Table | None, addresses: frozenset[str], lines: tuple[str, ...]) -> None:
        self.data = data
        self.addresses = addresses
        self.lines = lines


class Database:
    """The tables of one image: DuckDB reads the plugins' results where they are, and nobody can change them.

    Attributes:
        connection: DuckDB's own, for what this class has no method for.
    """

    def __init__(self, image: Runs) -> None:
        self._image = image
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        for setting in SETTINGS:
            self.connection.execute(setting)
        self._addresses: set[str] = set()
        self._lines: dict[str, tuple[str, ...]] = {}
        self._bits = 0
        self._comments: list[str] = []

    def sql(self, query: str) -> Rows:
        """The rows that a query gives, as a DataFrame; see `Image.sql`."""
        from ..frame import About, Rows, from_arrow

        answer = self.ask(query)
        about = About(one_line(query), lines=answer.lines, addresses=answer.addresses)
        return Rows(about=about) if answer.data is None else from_arrow(answer.data, about)

    def ask(self, query: str) -> Answer:
        """The same as Arrow columns.

        Raises:
            QueryError: DuckDB refuses it.
            NotebookError: a plugin that it names cannot be run.
        """
        try:
            lines = self._make_all(query)
            if any(word in query.lower() for word in _CATALOGUES):
                self._comment()
            relation = self.connection.sql(query)
            data = None if relation is None else relation.to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(one_line(str(error).partition("\n\n")[0])) from error
        columns = () if data is None else data.schema
        unsigned = {field.name for field in columns if field.type == pa.uint64()}
        addresses = {name for name in unsigned if name in self._addresses or name.endswith("address")}
        return Answer(data, frozenset(addresses), lines)

    def columns(self, name: str) -> list[tuple[str, str, str]]:
        """A table's columns: name, type, comment; of a plugin that was not run yet without running it.

        Raises:
            UnknownPluginError: there is no such table.
            NotebookError: the plugin cannot be run.
        """
        if not self._is_there(name) and name.lower() not in (*views.VIEWS, *own_tables.MAKERS):
            plugin, options = plugin_named(name)
            empty = table_of(self._image.without_rows(plugin.name, **options), name, plugin.about)
            with duckdb.connect(":memory:") as aside:
                create(aside, empty)
                return _described(aside, name)
        self._make(Mentioned("", name))
        self._comment()
        return _described(self.connection, name)

    def tables(self) -> list[tuple[str, str]]:
        """Every table's name and comment, those of plugins that were not run yet too."""
        listed = {plugin.short: plugin.about for plugin in names.every()}
        listed |= {name: view.about for name, view in views.VIEWS.items()}
        listed |= own_tables.ABOUT
        return sorted(listed.items())

    def _make_all(self, query: str) -> tuple[str, ...]:
        """Make the tables that a query names; what was said of them."""
        lines: dict[str, None] = {}
        for mentioned in tables_in(self.connection, query):
            lines.update(dict.fromkeys(self._make(mentioned)))
        if "kernel_address" in query.lower():
            self._give_macro()  # now, as a plugin may have found the kernel just before
        return tuple(lines)

    def forget(self) -> None:
        """Forget the tables, which a query makes again when it names them; what the user made stays."""
        for name in self._lines:
            if name in views.VIEWS:
                self.connection.execute(f"drop view if exists {quoted(name)}")
            else:
                self.connection.unregister(name)
        self._lines.clear()
        self._comments.clear()

    def _comment(self) -> None:
        """Give the tables their comments, for those who look at them."""
        for statement in self._comments:
            with suppress(duckdb.CatalogException):  # the user has dropped it
                self.connection.execute(statement)
        self._comments.clear()

    def _give_macro(self) -> None:
        """`kernel_address(x)`: an address of which Volatility keeps the lower bits, as Linux shows it."""
        bits = self._image.session.address_bits
        if bits == self._bits:
            return
        self._bits = bits
        signed = f"(x >> {bits - 1}) & 1 = 1 and (x >> {bits}) = 0" if bits < 64 else "false"
        upper = (1 << 64) - (1 << bits)
        self.connection.execute(
            f"create or replace macro kernel_address(x) as case when {signed} "
            f"then (x::ubigint | {upper}::ubigint) else x::ubigint end"
        )

    def _make(self, mentioned: Mentioned) -> tuple[str, ...]:
        """Make a table or view if it is one of ours; what was said of it."""
        name = mentioned.name.lower()
        if mentioned.schema.lower() in names.SYSTEMS:
            return self._make_in_schema(mentioned.schema.lower(), mentioned.name)
        if mentioned.schema not in ("", "main"):
            return ()
        if name in own_tables.CHANGING:
            self.connection.unregister(name)
            self._lines.pop(name, None)
        if name in self._lines or self._is_there(name):
            return self._lines.get(name, ())
        if name in own_tables.MAKERS:
            table = own_tables.MAKERS[name](self._image)
        elif name in views.VIEWS:
            return self._make_view(name)
        else:
            try:
                plugin, options = plugin_named(mentioned.name)
            except UnknownPluginError:
                return ()  # a file, or DuckDB's to refuse
            table = table_of(self._image.whole_result(plugin.name, **options), name, plugin.about)
        show(self.connection, table)
        self._comments += comments_on(table, "view")
        if len(table.data) > MANY:
            self.connection.execute("reset threads")
        self._addresses |= table.addresses
        self._lines[name] = table.lines
        return table.lines

    def _make_view(self, name: str) -> tuple[str, ...]:
        view = views.VIEWS[name]
        lines = self._make_all(view.query)
        self.connection.execute(f"create view {quoted(name)} as {view.query}")
        self._comments.append(f"comment on view {quoted(name)} is {literal(view.about)}")
        self._addresses |= view.addresses
        self._lines[name] = lines
        return lines

    def _make_in_schema(self, schema: str, name: str) -> tuple[str, ...]:
        """`linux.pslist` without quotes is a table in a schema: it leads to the one of that name."""
        lines = self._make(Mentioned("", f"{schema}.{name}"))
        self.connection.execute(f"create schema if not exists {quoted(schema)}")
        target = quoted(f"{schema}.{name}".lower())
        view = f"{quoted(schema)}.{quoted(name.lower())}"
        self.connection.execute(f"create or replace view {view} as from {target}")
        return lines

    def _is_there(self, name: str) -> bool:
        """Whether the database has a table or view of this name."""
        try:
            self.connection.execute(f"select 1 from {quoted(name)} limit 0")
        except duckdb.Error:
            return False
        return True


def plugin_named(name: str) -> tuple[names.Plugin, dict[str, object]]:
    """The plugin and the options that a table's name stands for, `linux.lsof --pid 1 437`."""
    try:
        first, *words = shlex.split(name)
    except ValueError as error:
        raise UnknownPluginError(f"{name!r} is no plugin with options: {error}") from error
    plugin = names.find(first)
    return plugin, from_words(plugin, words)


def _described(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[str, str, str]]:
    query = "select column_name, data_type, coalesce(comment, '') from duckdb_columns() "
    query += "where lower(table_name) = ? order by column_index"
    return [(str(a), str(b), str(c)) for a, b, c in connection.execute(query, [name.lower()]).fetchall()]
