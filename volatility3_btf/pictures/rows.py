# SPDX-License-Identifier: Apache-2.0
"""Rows of a DataFrame of any library, by names that do not depend on who made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

import narwhals as nw

Row = dict[str, Any]


def rows_of(frame: Any) -> list[Row]:
    """The rows of a DataFrame, or of mappings; names in small letters with underscores, `creation_time`.

    Args:
        frame: pandas, polars, Arrow or any other that narwhals knows; or a list of mappings.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(frame, Iterable) and isinstance(next(iter(frame), None), Mapping):
        rows: Iterable[Mapping[str, Any]] = frame
    elif isinstance(frame, list) and not frame:
        rows = []
    else:
        rows = nw.from_native(frame, eager_only=True).rows(named=True)
    return [{_name(key): value for key, value in row.items()} for row in rows]


def _name(key: str) -> str:
    return "_".join(str(key).lower().replace("(", " ").replace(")", " ").split())


def number(row: Row, *names: str) -> int | None:
    """The whole number in the first of some columns that has one."""
    for name in names:
        value = row.get(name)
        if value is not None and not _is_missing(value):
            try:
                return int(value)
            except (TypeError, ValueError):
                continue
    return None


def text(row: Row, *names: str) -> str:
    """The text in the first of some columns that has one; empty where none has."""
    for name in names:
        value = row.get(name)
        if value is not None and not _is_missing(value):
            return str(value)
    return ""


def moment(row: Row, *names: str) -> datetime | None:
    """The time in the first of some columns that has one; without a zone it is UTC, Volatility's own."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, datetime) and not _is_missing(value):
            return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return None


def _parsed(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value.removesuffix(" UTC"))
    except ValueError:
        return None


def _is_missing(value: object) -> bool:
    """Whether a value is a library's own way to say that there is none: NaN, NaT, pandas' NA."""
    try:
        return bool(value != value)
    except TypeError:
        return True
