# SPDX-License-Identifier: Apache-2.0
"""What lies where in physical memory: a strip for each use, darker where more of the memory is used so."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import FuncFormatter

from ..kernel.frames.physical_map import PhysicalMap
from ..kernel.frames.use import Use
from .figure import INK, TEXT_SIZE, Picture, label_rows, light, size_of

NAMES: Final = {
    Use.IMAGE: "kernel image",
    Use.BTF: "BTF",
    Use.MODULE: "modules",
    Use.PAGE_TABLE: "page tables",
    Use.RECORDS: "records of frames",
    Use.SLAB: "kernel objects",
    Use.KERNEL: "other kernel memory",
    Use.RESERVED: "reserved",
    Use.PAGE_CACHE: "page cache",
    Use.ANONYMOUS: "processes' own",
    Use.FREE: "free",
    Use.UNKNOWN: "not known",
    Use.HOLE: "hole",
    Use.ZEROED: "zeroed BTF",
    Use.MISSING: "missing in the image",
}
"""The strips from top to bottom."""

ALWAYS: Final = (Use.IMAGE, Use.BTF, Use.MODULE, Use.PAGE_TABLE, Use.PAGE_CACHE, Use.ANONYMOUS, Use.FREE)
"""Strips that are drawn though nothing is in them: that there is nothing is worth seeing."""

COLUMNS: Final = 640
"""Pieces that the memory is cut into."""

_FAINTEST: Final = 0.25
"""How dark a piece is at least of which any frame is used so; a single page must be seen."""


def physical_memory(found: PhysicalMap) -> Picture:
    """Draw what lies where in physical memory.

    Args:
        found: what each frame is used for, from `physical_map(memory, kernel)`.

    Returns:
        A strip for each use, from the lowest physical address on the left to the highest. The darker a piece,
        the more of its frames have this use: grey means some, black all.
    """
    uses = [use for use in NAMES if use in ALWAYS or found.size_of(use)]
    shares = shares_of(found, uses)
    picture = Picture("What lies where in physical memory", 9.0, 0.9 + 0.27 * len(uses))
    axes = light(picture.add_subplot())
    darkness = np.where(shares > 0, _FAINTEST + (1 - _FAINTEST) * shares, 0.0)
    extent = (found.start, found.end, len(uses) - 0.5, -0.5)
    axes.imshow(darkness, cmap="Greys", vmin=0, vmax=1, aspect="auto", extent=extent, interpolation="nearest")
    label_rows(axes, [NAMES[use] for use in uses])
    for row, use in enumerate(uses):
        axes.axhline(row + 0.5, color="#e4e4e4", linewidth=0.6)
        axes.annotate(
            size_of(found.size_of(use)) if found.size_of(use) else "none",
            (1.01, row),
            xycoords=("axes fraction", "data"),
            fontsize=TEXT_SIZE,
            color=INK,
            va="center",
        )
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{int(at):#x}"))
    axes.set_xticks(_ticks(found.start, found.end))
    axes.set_xlabel("physical address", fontsize=TEXT_SIZE)
    picture.description = _described(found, uses)
    return picture


def shares_of(found: PhysicalMap, uses: list[Use], columns: int = COLUMNS) -> npt.NDArray[np.float64]:
    """The share of each piece of memory that is used so: a row for each use, a column for each piece."""
    columns = max(1, min(columns, len(found.uses)))
    borders = np.linspace(0, len(found.uses), columns + 1).astype(np.int64)
    counts = [np.add.reduceat(found.uses == use, borders[:-1], dtype=np.int64) for use in uses]
    return np.array(counts) / np.diff(borders)


def _ticks(start: int, end: int) -> list[int]:
    """Addresses with few digits, five to nine of them."""
    step = 1 << max(12, (max(1, end - start) - 1).bit_length() - 3)
    return list(range(-(-start // step) * step, end + 1, step))


def _described(found: PhysicalMap, uses: list[Use]) -> str:
    sizes = ", ".join(f"{NAMES[use]} {size_of(found.size_of(use))}" for use in uses if found.size_of(use))
    start = f"Physical memory from {found.start:#x} to {found.end - 1:#x}: {sizes}."
    where = []
    for use in (Use.IMAGE, Use.BTF, Use.ZEROED, Use.MISSING):
        at = np.flatnonzero(found.uses == use)
        if len(at):
            low, high = (
                found.start + int(at[0]) * found.page,
                found.start + (int(at[-1]) + 1) * found.page - 1,
            )
            where.append(f"{NAMES[use]} lies between {low:#x} and {high:#x}")
    doubts = [doubt[:1].upper() + doubt[1:] for doubt in found.doubts]
    return " ".join(
        [start, *(f"{each[:1].upper()}{each[1:]}." for each in where), *(f"{d}." for d in doubts)]
    )
