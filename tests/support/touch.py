# SPDX-License-Identifier: Apache-2.0
"""Asks a blob everything the reader can tell, for tests that feed it damage."""

from collections.abc import Callable

from volatility3_btf.btf import BtfError, Type, Types
from volatility3_btf.btf.c.header import c_header
from volatility3_btf.btf.views.difference import diff
from volatility3_btf.btf.views.search import find_members, find_types
from volatility3_btf.btf.views.table_rows import rows_of
from volatility3_btf.btf.views.text import render


def touch_everything(types: Types) -> int:
    """Read every property of every type and member; BtfError is the one answer allowed beside a value.

    Returns:
        How many questions were answered.
    """
    answered = sum(_touch(found) for found in types)
    for name in {found.name for found in types}:
        assert name in types or not name
    assert len(types.member_columns) >= 0
    assert len(types.enumerator_columns.value) >= 0
    assert len(types.parameter_columns.owner) >= 0
    assert all(render(found) and list(rows_of(found)) for found in types)
    assert not list(diff(types, types))
    header = c_header(types)
    answered += len(header.text) + len(header.assertion_text())
    answered += sum(1 for _ in find_types(types, "*")) + sum(1 for _ in find_members(types, "c*"))
    return answered + sum(types.counts.values()) + types.pointer_size


def _touch(found: Type) -> int:
    answered = 0
    for attribute in (name for name in dir(found) if not name.startswith("_")):
        value = _ask(lambda attribute=attribute: getattr(found, attribute))
        if attribute in ("strip", "anonymous"):
            value = _ask(lambda call=value: repr(call()))
        elif attribute == "members":
            for member in value or ():
                answered += sum(_ask(ask) is not None for ask in _questions(member))
                assert not member.name or member.name in found
        answered += value is not None
    return answered


def _questions(member: object) -> list[Callable[[], object]]:
    names = ("type", "offset", "bit_offset", "bit_size", "bit_position", "name")
    return [lambda name=name: getattr(member, name) for name in names]


def _ask(question: Callable[[], object]) -> object:
    try:
        return question()
    except BtfError:
        return None
