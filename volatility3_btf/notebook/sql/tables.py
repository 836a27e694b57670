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


def show(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Have a database read a table where it is: nothing is copied, and nothing can be written into it."""
    connection.register(table.name, table.data)


def create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make a table in a database, with its comments."""
    connection.register("coming_in", table.data)
    try:
        connection.execute(f"create table {quoted(table.name)} as select * from coming_in")
    finally:
        connection.unregister("coming_in")
    for statement in comments_on(table, "table"):
        connection.execute(statement)


def comments_on(table: Table, kind: str) -> list[str]:
    """The statements that give a table its comments.

    Args:
        table: what is there already, by `show` or `create`.
        kind: what it is to the database, `table` or `view`.
    """
    name = quoted(table.name)
    statements = [f"comment on {kind} {name} is {literal(table.about)}"] if table.about else []
    for column, comment in zip(table.data.column_names, table.comments, strict=False):
        statements.append(f"comment on column {name}.{quoted(column)} is {literal(comment)}")
    return statements


def quoted(name: str) -> str:
    """A name as an identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a string of SQL, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"
