# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Which tables a query names, by DuckDB's own parser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import duckdb

_BEFORE_TABLES: Final = {"from", "join", "pivot", "unpivot", "describe", "summarize", ","}
"""What stands before a table's name in statements that DuckDB gives no tree of."""


class Mentioned(NamedTuple):
    """A table as a query names it.

    Attributes:
        schema: what stands before the point; empty without one.
        name: the table.
    """

    schema: str
    name: str


def tables_in(connection: duckdb.DuckDBPyConnection, query: str) -> list[Mentioned]:
    """The tables that a query names, each once, those of subqueries too.

    A query that DuckDB cannot parse names none: it will say so itself when it is executed.
    """
    (text,) = connection.execute("select json_serialize_sql(?)", [query]).fetchall()[0]
    tree = json.loads(text)
    found = _in_tokens(query) if tree.get("error") else _in_tree(tree)
    return list(dict.fromkeys(found))


def _in_tree(tree: Any) -> Iterator[Mentioned]:
    """Iterative, as a query may be nested deeper than Python's stack."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE" and not node.get("catalog_name"):
                yield Mentioned(node.get("schema_name") or "", node["table_name"])
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _in_tokens(query: str) -> Iterator[Mentioned]:
    """Of `create table … as`, `copy`, `explain` and the like: names behind FROM, JOIN and commas."""
    starts = [start for start, _ in duckdb.tokenize(query)]
    texts = [query[low:high].strip() for low, high in zip(starts, [*starts[1:], len(query)], strict=True)]
    for number, text in enumerate(texts[1:], 1):
        before, after = texts[number - 1].lower(), texts[number + 1 : number + 3]
        if before not in _BEFORE_TABLES or not text.strip("\"'"):
            continue
        if after and after[0] == ".":
            yield Mentioned(_unquoted(text), _unquoted(after[-1]))
        else:
            yield Mentioned("", _unquoted(text))


def _unquoted(text: str) -> str:
    if text[:1] in ('"', "'") and text[-1:] == text[:1]:
        return text[1:-1].replace(text[0] * 2, text[0])
    return text
