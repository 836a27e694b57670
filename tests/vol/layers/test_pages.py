# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Layers that keep pages read what the framework's layers read, and fail as they do."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from volatility3.framework import contexts, exceptions
from volatility3.framework.layers import intel, physical

from dumpmaker.cache import Dump
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.vol.layers import pages
from volatility3_btf.vol.layers.intel import LinuxIntel32e

pytestmark = pytest.mark.slow

Layers = tuple[intel.LinuxIntel32e, LinuxIntel32e]


@pytest.fixture(scope="module")
def layers(dump: Callable[[str], Dump]) -> Layers:
    """A kernel's address space as the framework's layer, and as ours."""
    guest = dump("amd64-6.1-stream")
    tables = identify_kernel(open_memory(guest.raw)).page_tables
    assert tables is not None
    context = contexts.Context()
    context.config["file.location"] = guest.raw.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "file"))
    made: list[Any] = []
    for kind in (intel.LinuxIntel32e, LinuxIntel32e):
        name = kind.__module__
        context.config[f"{name}.memory_layer"] = "file"
        context.config[f"{name}.page_map_offset"] = tables.root
        layer = kind(context, name, name)
        context.add_layer(layer)
        made.append(layer)
    return made[0], made[1]


def places(layer: intel.Intel) -> list[tuple[int, int]]:
    """Ranges in and around what is mapped, inside of pages and across their borders."""
    mapped = []
    for number, (offset, size, *_) in enumerate(layer.mapping(0, layer.maximum_address, ignore_errors=True)):
        mapped.append((offset, size))
        if number == 2000:
            break
    chance = random.Random(16)
    ranges = []
    for offset, size in chance.sample(mapped, 150):
        for start in (offset - 4, offset, offset + chance.randrange(size), offset + size - 4, offset + size):
            ranges += [(max(0, start), length) for length in (1, 4, 8, 4096, 5000, 70000)]
    return [*ranges, (0, 8), (layer.maximum_address - 3, 4), (layer.maximum_address - 3, 8)]


def answer(ask: Callable[[], Any]) -> Any:
    """What is answered, or all that an exception tells."""
    try:
        return ask()
    except exceptions.InvalidAddressException as error:
        told = [getattr(error, name, None) for name in ("invalid_address", "invalid_bits", "entry")]
        return [type(error), *told, *error.args[1:]]


def test_every_read_and_every_failure_is_the_same(layers: Layers) -> None:
    theirs, ours = layers
    ranges = places(theirs)
    answers = set()
    for offset, length in ranges * 2:
        for pad in (False, True):
            read = [answer(partial(layer.read, offset, length, pad)) for layer in layers]
            assert read[0] == read[1], (hex(offset), length, pad)
            answers.add(type(read[0]))
        assert theirs.is_valid(offset, length) == ours.is_valid(offset, length), (hex(offset), length)
    assert answers == {bytes, list}


def test_what_is_kept_has_a_bound(layers: Layers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_AT_HAND", 8)
    _, ours = layers
    for offset, _ in places(ours):
        answer(partial(ours.read, offset, 1))
    assert len(ours._pages) <= 8 + len(ours._physical) <= 8 + pages.MOST_PAGES


def test_another_process_gets_no_pages(layers: Layers) -> None:
    _, ours = layers
    answer(lambda: ours.read(places(ours)[3][0], 1))
    state = ours.__getstate__()
    assert not {"_pages", "_places", "_faults", "_physical"} & set(state)
    assert pickle.dumps(sorted(state))
