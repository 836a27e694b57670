# SPDX-License-Identifier: Apache-2.0
"""A few symbols looked up in compressed names: what the whole kallsyms has, without decoding it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf.kernel.identify.findings import read_findings
from volatility3_btf.kernel.kallsyms.kallsyms import Kallsyms
from volatility3_btf.kernel.kallsyms.lookup import encoded, lookup_at

GetDump = Callable[[str], Dump]
NAMES = ["amd64-5.10", "amd64-6.1", "amd64-7", "arm64-6.1", "arm64-6.12", "riscv64-6.12", "s390x-6.12"]


def found_in(image: Overlay) -> Kallsyms:
    (found,) = read_findings(image).kallsyms
    return found


def some_names(found: Kallsyms, count: int) -> list[str]:
    """Names that stand once."""
    names, chosen = found.names, list[str]()
    while len(chosen) < count:
        start = int(random.Random(f"{count} {len(chosen)}").choice(names.starts))
        end = names.text.index(b"\0", start)
        name = names.text[start:end].decode()
        while len(found.positions(name)) != 1:
            start = end + 1
            end = names.text.index(b"\0", start)
            name = names.text[start:end].decode()
        chosen.append(name)
    return chosen


@pytest.mark.parametrize("name", NAMES)
def test_names_are_found_by_their_codes(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    found = found_in(image)
    lookup = lookup_at(image, found.tables.tokens)
    assert lookup is not None
    assert (lookup.tables.count, lookup.tables.names) == (found.tables.count, found.tables.names)
    for one in some_names(found, 200):
        (position,) = found.positions(one)
        assert lookup.number(one) == found.names.numbers[position], one
    assert lookup.number("no_kernel_has_this_name") is None


@pytest.mark.parametrize("name", NAMES)
def test_addresses_are_those_of_the_whole_table(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    found = found_in(image)
    lookup, names = lookup_at(image, found.tables.tokens), some_names(found, 20)
    assert lookup is not None
    reading, values = next(lookup.addresses(names))
    best = found.readings[0]
    assert (reading.rule, reading.place, reading.start) == (best.rule, best.place, best.start)
    assert len(values) > 10
    assert values == {one: value for one in names if (value := found.value(best, one)) is not None}


def test_what_is_damaged_is_not_looked_up(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.12").raw)
    tokens = found_in(image).tables.tokens
    assert lookup_at(image, replace(tokens, lost=frozenset({200}))) is None
    assert lookup_at(image, replace(tokens, endian=None)) is None
    lookup = lookup_at(image, tokens)
    assert lookup is not None and lookup.tables.markers is not None
    image.write(lookup.tables.markers, bytes(4096))
    assert lookup_at(image, tokens) is None


def test_a_name_of_bytes_that_no_token_has_is_not_there(dump: GetDump) -> None:
    tokens = found_in(Overlay(dump("amd64-6.12").raw)).tables.tokens
    assert encoded(b"T\xff", tokens) is None
    assert encoded(b"", tokens) is None
    text = encoded(b"Tlinux_banner", tokens)
    assert text is not None and b"".join(tokens.texts[code] for code in text) == b"Tlinux_banner"
