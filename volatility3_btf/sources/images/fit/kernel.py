# SPDX-License-Identifier: Apache-2.0
"""The kernel in a FIT, inside the tree or behind it.

Source: the "Flattened Image Tree (FIT) Specification" of the Open Source Firmware Foundation. Its hashes and
signatures are not checked.
"""

from __future__ import annotations

from typing import Final

from ....memory.memory import Memory
from ...errors import SourceError
from ..content import Content
from ..slices import part_of
from .tree import MAGIC, Property, extent_of, properties_of

_KERNELS: Final = ("kernel", "kernel_noload")
"""Types of a subimage that is a kernel: one that is loaded somewhere, and one that runs where it lies."""

_IMAGES, _CONFIGURATIONS, _CIPHER = "images", "configurations", "cipher"
_LONGEST: Final = 256
_SHOWN: Final = 8

Node = dict[str, Property]


class _Fit:
    """What a FIT says of its subimages and configurations. Raises SourceError where it is damaged."""

    def __init__(self, data: Memory) -> None:
        self._data, self.extent = data, extent_of(data)
        self.root: Node = {}
        self.images: dict[str, Node] = {}
        self.configurations: dict[str, Node] = {}
        self.choice: Node = {}
        self.encrypted: set[str] = set()
        for found in properties_of(data, self.extent):
            self._take(found)

    def _take(self, found: Property) -> None:
        if not found.path:
            self.root[found.name] = found
        elif found.path == (_CONFIGURATIONS,):
            self.choice[found.name] = found
        elif len(found.path) == 2 and found.path[0] == _CONFIGURATIONS:
            self.configurations.setdefault(found.path[1], {})[found.name] = found
        elif len(found.path) == 2 and found.path[0] == _IMAGES:
            self.images.setdefault(found.path[1], {})[found.name] = found
        elif len(found.path) == 3 and found.path[0] == _IMAGES and found.path[2] == _CIPHER:
            self.encrypted.add(found.path[1])

    @property
    def kernels(self) -> list[str]:
        """The names of the subimages that are kernels."""
        return [name for name, node in self.images.items() if self.text(node, "type") in _KERNELS]

    @property
    def default(self) -> str:
        """The kernel of the configuration that is booted if none is asked for; empty if it names none."""
        return self.text(self.configurations.get(self.text(self.choice, "default"), {}), "kernel")

    def text(self, node: Node, name: str) -> str:
        """A property that is a text; empty without it."""
        found = node.get(name)
        raw = b"" if found is None else self._data.read_available(found.start, min(found.length, _LONGEST))
        return raw.partition(b"\0")[0].decode(errors="replace")

    def number(self, node: Node, name: str) -> int | None:
        """A property that is a number of 32 bits; None without it."""
        found = node.get(name)
        if found is None or found.length != 4:
            return None
        return int.from_bytes(self._data.read_available(found.start, 4), "big")

    def content(self, name: str) -> Memory:
        """The bytes of a subimage: in the tree, at a place of the file, or so far behind the tree."""
        node, what = self.images[name], "the kernel of a FIT"
        if (inline := node.get("data")) is not None:
            return part_of(self._data, inline.start, inline.length, what)
        size, place = self.number(node, "data-size"), self.number(node, "data-position")
        offset = self.number(node, "data-offset")
        if place is None and offset is not None:
            place = (self.extent.total + 3 & -4) + offset
        if size is None or place is None:
            raise SourceError("a FIT that does not say where its kernel lies")
        return part_of(self._data, place, size, what)


def is_tree(head: bytes) -> bool:
    """Whether a file's first bytes are those of a flattened device tree, which a FIT is one of."""
    return head.startswith(MAGIC)


def has_kernel(data: Memory) -> bool:
    """Whether a file is a FIT with a kernel."""
    try:
        return bool(_Fit(data).kernels)
    except SourceError:
        return False


def take_kernel(data: Memory) -> Content:
    """The kernel of a FIT's default configuration, the first kernel if none is the default.

    The facts name it, and the others if there are any.

    Raises:
        SourceError: there is none, it is encrypted or not all in the file, or the tree is damaged.
    """
    fit = _Fit(data)
    kernels = fit.kernels
    if not kernels:
        raise SourceError("a FIT without a kernel" if fit.images else "a device tree, and no FIT")
    chosen = fit.default if fit.default in kernels else kernels[0]
    if chosen in fit.encrypted:
        raise SourceError("a FIT whose kernel is encrypted")
    facts = {"FIT": fit.text(fit.root, "description"), "subimage": chosen}
    if others := [name for name in kernels if name != chosen]:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        facts["other kernels, not read"] = ", ".join(others[:_SHOWN]) + more
    return Content(fit.content(chosen), ("FIT",), {name: text for name, text in facts.items() if text})
