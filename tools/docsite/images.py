# SPDX-License-Identifier: Apache-2.0
"""The images that the documentation's programs and the notebooks open, made of the tests' dumps."""

from __future__ import annotations

import shutil
from pathlib import Path

from dumpmaker import cache
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.kernel import Kernel, address_space_of
from volatility3_btf.kernel.address_space import AddressSpace
from volatility3_btf.kernel.structures import member_at, struct_of
from volatility3_btf.memory.addresses import Place, Virtual

RICH = "amd64-6.12"
"""The dump of a guest that does what an analyst looks for."""

FLEET = ("amd64-6.1", RICH, "amd64-7")
HIDDEN = "tun"
"""The module that plays a hidden one's part."""


def lay_out(folder: Path, names: set[str]) -> None:
    """Put images into a folder, under the names that programs know them by.

    Args:
        folder: where they are put.
        names: `memory.raw`, `memory.elf`, `hidden.raw`, `before.raw`, `after.raw` or `fleet`.
    """
    for name in sorted(names):
        if name in ("memory.raw", "memory.elf"):
            rich = cache.dump(RICH)
            (folder / name).symlink_to(rich.raw if name == "memory.raw" else rich.elf)
        elif name == "hidden.raw":
            hide_module(cache.dump(RICH).raw, HIDDEN, folder / name)
        elif name in ("before.raw", "after.raw"):
            one = cache.dump("amd64-6.1-torn")
            (folder / name).symlink_to(one.earlier if name == "before.raw" else one.raw)
        elif name == "fleet":
            (folder / name).mkdir()
            for number, each in enumerate(FLEET, 1):
                (folder / name / f"web{number}.raw").symlink_to(cache.dump(each).raw)
            hide_module(cache.dump(RICH).raw, HIDDEN, folder / name / "web4.raw")


def hide_module(image: Path, name: str, target: Path) -> None:
    """Copy an image in which a module is taken off the kernel's list of modules, as a rootkit does it.

    Args:
        image: a raw image that starts at physical address 0.
        name: the module's.
        target: the copy.

    Raises:
        LookupError: the list has no such module, or cannot be followed to it.
    """
    with open_memory(image) as memory:
        kernel = identify_kernel(memory)
        space = address_space_of(memory, kernel)
        if space is None:
            raise LookupError("the page tables cannot be read")
        links = _links(kernel, space, name)
    shutil.copyfile(image, target)
    with target.open("r+b") as file:
        for place, value in links:
            file.seek(place)
            file.write(value.to_bytes(8, "little"))


def _links(kernel: Kernel, space: AddressSpace, name: str) -> list[tuple[Place, int]]:
    """What `list_del` writes into the neighbours of a module in the list: place and pointer."""
    module = struct_of(kernel.blob.types, "module")
    head = kernel.symbols and kernel.symbols.get("modules")
    link, text = module and member_at(module, "list"), module and member_at(module, "name")
    if not head or not link or not text:
        raise LookupError("the list of modules is not known")
    before, at = head, space.pointer(head, "little")
    for _ in range(1 << 10):
        if not at or at == head:
            break
        data = space.read_available(Virtual(at - link[0] + text[0]), text[1])
        following = space.pointer(at, "little")
        if data.split(b"\0")[0] == name.encode() and following:
            places = space.translate(before), space.translate(Virtual(following + 8))
            if places[0] is not None and places[1] is not None:
                return [(places[0], following), (places[1], before)]
        before, at = at, following
    raise LookupError(f"the list of modules has no {name}")
