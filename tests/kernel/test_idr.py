# SPDX-License-Identifier: Apache-2.0
"""A kernel's `struct idr`: pointers in, pointers out, whatever the tree looks like."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import open_memory
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.btf import Composite, Kind, Types
from volatility3_btf.kernel.address_space import AddressSpace
from volatility3_btf.kernel.loaded import idr
from volatility3_btf.kernel.loaded.idr import IdrContent, idr_content
from volatility3_btf.memory.memory import BytesMemory

IDR, NODES = 0x1000, 0x4000
POINTERS = [0xFFFF888000001000 + 8 * number for number in range(200)]


@pytest.fixture(scope="module")
def types(dump: Callable[[str], Dump]) -> Types:
    return next(find_kernel_btf(open_memory(dump("amd64-6.1").raw))).types


class Tree:
    """A `struct idr` in a small memory that is mapped one to one."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.image = bytearray(1 << 20)
        self._next = NODES

    def head(self, entry: int) -> None:
        struct = self.types.find("idr", Kind.STRUCT)
        assert isinstance(struct, Composite)
        at = IDR + struct["idr_rt"].offset + self.types["xarray"]["xa_head"].offset
        self.image[at : at + 8] = entry.to_bytes(8, "little")

    def node(self, shift: int, slots: Sequence[int]) -> int:
        """Add a node; the entry that points to it."""
        struct = self.types["xa_node"]
        at = self._next
        self._next += struct.size + 63 & ~63
        self.image[at + struct["shift"].offset] = shift
        for number, slot in enumerate(slots):
            place = at + struct["slots"].offset + 8 * number
            self.image[place : place + 8] = slot.to_bytes(8, "little")
        return at | 2

    def content(self) -> IdrContent:
        memory = BytesMemory(bytes(self.image))
        space = AddressSpace(memory, lambda at: at if at < memory.end else None, "one to one")
        found = idr_content(space, self.types, IDR)
        assert found is not None
        return found


@pytest.fixture
def tree(types: Types) -> Tree:
    return Tree(types)


def test_an_empty_one(tree: Tree) -> None:
    assert tree.content() == IdrContent([], True)


def test_a_single_pointer_stands_in_the_head(tree: Tree) -> None:
    tree.head(POINTERS[0])
    assert tree.content() == IdrContent(POINTERS[:1], True)


def test_one_node(tree: Tree) -> None:
    tree.head(tree.node(0, [0, *POINTERS[:63]]))
    assert tree.content() == IdrContent(POINTERS[:63], True)


def test_two_levels_in_order(tree: Tree) -> None:
    leaves = [tree.node(0, POINTERS[at : at + 64]) for at in range(0, 200, 64)]
    tree.head(tree.node(6, leaves))
    assert tree.content() == IdrContent(POINTERS, True)


def test_marks_are_no_pointers(tree: Tree) -> None:
    """XA_ZERO_ENTRY, XA_RETRY_ENTRY and a sibling."""
    tree.head(tree.node(0, [257 << 2 | 2, 256 << 2 | 2, 1 << 2 | 2, POINTERS[0]]))
    assert tree.content() == IdrContent(POINTERS[:1], True)


def test_a_lost_node_is_told(tree: Tree) -> None:
    tree.head(tree.node(6, [tree.node(0, POINTERS[:2]), (1 << 40) | 2, tree.node(0, POINTERS[2:4])]))
    assert tree.content() == IdrContent(POINTERS[:4], False)


def test_a_tree_that_bites_its_tail_ends(tree: Tree) -> None:
    tree.head(tree.node(6, [NODES | 2] * 64))
    assert tree.content() == IdrContent([], False)


def test_no_more_nodes_than_a_bound(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idr, "MOST_NODES", 3)
    tree.head(tree.node(6, [tree.node(0, POINTERS[at : at + 2]) for at in range(0, 10, 2)]))
    assert tree.content() == IdrContent(POINTERS[:4], False)


@pytest.mark.parametrize("seed", range(20))
def test_noise(tree: Tree, seed: int) -> None:
    noise = random.Random(seed)
    tree.image[:] = noise.randbytes(len(tree.image))
    tree.head(NODES | 2)
    assert len(tree.content().pointers) <= 64 * idr.MOST_NODES


def test_without_its_layout_nothing_is_read(types: Types) -> None:
    space = AddressSpace(BytesMemory(bytes(64)), lambda _: None, "nothing")
    assert idr_content(space, types, IDR) is None
