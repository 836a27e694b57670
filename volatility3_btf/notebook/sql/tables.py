# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A result as a table of DuckDB's: its columns' names, types and comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from ..running.result import ABSENT, DEPTH, PARENT, ROW, Result

_COMMENTS = {
    ROW: "the row's number, in the plugin's order",
    PARENT: "the number of the row that it stands under",
    DEPTH: "how many rows it stands under",
    ABSENT: "which cells of the row are missing: column, and of what kind",
}


@dataclass(frozen=True)
class Table:
    """What a table is to be called and how it is described.

    Attributes:
        name: its name.
        data: its columns.
        about: its comment.
        comments: its columns' comments, in order.
        addresses: names of the columns that hold addresses.
        lines: what was said when its rows were found.
    """

    name: str
    data: pa.Table
    about: str = ""
    comments: Sequence[str] = ()
    addresses: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()


def table_of(result: Result, name: str, about: str) -> Table:
    """A plugin's result as a table."""
    own = result.own_columns
    names = result.sql_names
    comments = [f"{column}{': an address' if column in result.addresses else ''}" for column in own]
    comments += [_COMMENTS[column] for column in (ROW, PARENT, DEPTH, ABSENT)]
    addresses = {new for old, new in zip(own, names, strict=False) if old in result.addresses}
    data = result.table.rename_columns(names)
    return Table(name, data, about, comments, frozenset(addresses), result.lines)


def create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make a table in a database; its comments, which take longer, are for `comment_on`."""
    name = quoted(table.name)
    connection.register("coming_in", table.data)
    try:
        connection.execute(f"create table {name} as select * from coming_in")
    finally:
        connection.unregister("coming_in")


def comment_on(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Give a table that was made its comments."""
    name = quoted(table.name)
    if table.about:
        connection.execute(f"comment on table {name} is {literal(table.about)}")
    for column, comment in zip(table.data.column_names, table.comments, strict=False):
        connection.execute(f"comment on column {name}.{quoted(column)} is {literal(comment)}")


def quoted(name: str) -> str:
    """A name as an identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a string of SQL, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
