# SPDX-License-Identifier: Apache-2.0
"""A structure's layout: its members in rows of bytes, and the holes between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..btf import BtfError, Composite, Kind, Type
from ..btf.declarators import Declarer, spell
from ..btf.views.layout import Field, Layout, lay_out
from .figure import INK, PAPER, TEXT_SIZE, Picture, bare, plain

MOST_ROWS: Final = 160
"""Rows that are drawn; the description says how many bytes are left out."""

_SMALL: Final = 512
"""Bytes up to which a row has 8 of them; of larger structures it is a cache line, 64."""

_SHADES: Final = ("#dcdcdc", "#f0f0f0")
"""Of members, in turn: where one ends shows without colour."""

_LETTER: Final = 0.009
"""Of a row's width that a letter takes."""


@dataclass(frozen=True)
class Part:
    """A stretch of bytes in a structure.

    Attributes:
        start: its first byte.
        end: the first byte behind it.
        name: of the member, or members; empty for a hole.
        declaration: of the member, as C has it; empty for holes and members that share bytes.
    """

    start: int
    end: int
    name: str = ""
    declaration: str = ""

    @property
    def is_hole(self) -> bool:
        """Whether no member lies there."""
        return not self.name


def structure(of: Type, start: int = 0, end: int | None = None) -> Picture:
    """Draw how a structure is laid out.

    Args:
        of: a struct, or a typedef of one.
        start: the first byte shown, rounded down to a row.
        end: the byte after the last one shown; by default the structure's end.

    Returns:
        Rows of 8 bytes, or of 64 if it is larger than 512. Members are filled, holes and padding hatched.

    Raises:
        TypeError: the type is not a struct.
    """
    found = of.strip()
    if not isinstance(found, Composite) or found.kind is not Kind.STRUCT:
        raise TypeError(f"{spell(of.types, of.id)} is no struct: it has no layout to draw")
    layout = lay_out(found)
    wide = 8 if found.size <= _SMALL else 64
    stop = found.size if end is None else min(end, found.size)
    parts = parts_of(layout)
    rows = rows_shown(parts, range(max(0, start) // wide, max(1, -(-stop // wide))), wide)[:MOST_ROWS]
    title = plain(spell(of.types, of.id))
    picture = Picture(title, 8.0, 0.5 + 0.26 * len(rows))
    axes = bare(picture.add_subplot())
    axes.set_xlim(-wide * 0.09, wide * 1.002)
    axes.set_ylim(len(rows) + 0.02, -0.02)
    places = {row: at for at, row in enumerate(rows) if row is not None}
    for index, part in enumerate(parts):
        _draw(axes, part, index, wide, places)
    for at, row in enumerate(rows):
        label = "⋮" if row is None else f"{row * wide}"
        axes.text(-wide * 0.01, at + 0.5, label, fontsize=TEXT_SIZE - 1, color=INK, ha="right", va="center")
    picture.description = _described(title, layout, found.size, (max(places, default=0) + 1) * wide)
    return picture


def rows_shown(parts: list[Part], rows: range, wide: int) -> list[int | None]:
    """The rows that are drawn, by number; None stands for those in the middle of what fills them all."""
    inside = (range(-(-part.start // wide) + 1, part.end // wide - 1) for part in parts)
    middle = {row for some in inside for row in some if row in rows}
    shown: list[int | None] = []
    for row in rows:
        if row not in middle:
            shown.append(row)
        elif shown and shown[-1] is not None:
            shown.append(None)
    return shown


def parts_of(layout: Layout) -> list[Part]:
    """What a structure's bytes are, in order; members that share bytes are one part."""
    parts: list[Part] = []
    for field in sorted(layout.fields, key=lambda field: (field.start, field.end)):
        begin, end = field.start // 8, max(-(-field.end // 8), field.start // 8)
        if begin == end:
            continue
        name = field.member.name or "(anonymous)"
        if parts and begin < parts[-1].end:
            before = parts.pop()
            parts.append(Part(before.start, max(end, before.end), f"{before.name}, {name}"))
            continue
        if begin > (parts[-1].end if parts else 0):
            parts.append(Part(parts[-1].end if parts else 0, begin))
        parts.append(Part(begin, end, name, _declaration(field)))
    size, reached = layout.composite.size, parts[-1].end if parts else 0
    return [*parts, Part(reached, size)] if reached < size else parts


def _declaration(field: Field) -> str:
    """A member as C declares it; empty where its type is damaged."""
    member = field.member
    try:
        declared = Declarer(member.types, tags=True).declare(member.type_id, member.name)
    except BtfError:
        return ""
    return f"{declared}:{member.bit_size}" if member.bit_size else declared


def _draw(axes: Axes, part: Part, index: int, wide: int, places: dict[int, int]) -> None:
    """Draw a part, a rectangle in each row that is drawn; the widest one has the name."""
    pieces = [piece for piece in _pieces(part, wide) if piece[0] in places]
    widest = max(pieces, key=lambda piece: piece[2] - piece[1], default=None)
    for piece in pieces:
        row, low, high = places[piece[0]], piece[1], piece[2]
        colour = PAPER if part.is_hole else _SHADES[index % 2]
        axes.add_patch(
            Rectangle(
                (low, row + 0.06),
                high - low,
                0.88,
                facecolor=colour,
                edgecolor="#8a8a8a",
                linewidth=0.6,
                hatch="////" if part.is_hole else None,
            )
        )
        room = int((high - low) / wide / _LETTER)
        words = _label(part, room) if piece is widest else ""
        if words:
            axes.text(
                (low + high) / 2,
                row + 0.5,
                words,
                fontsize=TEXT_SIZE - 1,
                color=INK,
                ha="center",
                va="center",
                parse_math=False,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0} if part.is_hole else None,
            )


def _pieces(part: Part, wide: int) -> Iterator[tuple[int, int, int]]:
    """Row, first column and column behind, for each row."""
    for row in range(part.start // wide, -(-part.end // wide)):
        yield row, max(part.start - row * wide, 0), min(part.end - row * wide, wide)


def _label(part: Part, room: int) -> str:
    """As much as there is room for."""
    if part.is_hole:
        words = [f"{part.end - part.start} bytes unused", f"{part.end - part.start}"]
    else:
        words = [plain(part.declaration or part.name, 80), plain(part.name, 40)]
    fitting = [each for each in words if len(each) <= room]
    if fitting or part.is_hole:
        return fitting[0] if fitting else ""
    return plain(part.name, room) if room >= 4 else ""


def _described(title: str, layout: Layout, size: int, shown: int) -> str:
    holes = [part for part in parts_of(layout) if part.is_hole]
    words = [f"Layout of {title}: {size} bytes, {len(layout.fields)} members."]
    if holes:
        listed = ", ".join(f"{hole.end - hole.start} at {hole.start}" for hole in holes[:12])
        more = f" and {len(holes) - 12} more" * (len(holes) > 12)
        words.append(f"Bytes that no member uses: {listed}{more}.")
    else:
        words.append("No byte is unused.")
    largest = sorted(layout.fields, key=lambda field: field.size, reverse=True)[:3]
    if largest:
        listed = ", ".join(
            f"{plain(f.member.name or '(anonymous)', 40)} ({f.size} at {f.offset})" for f in largest
        )
        words.append(f"The largest members are {listed}.")
    if shown < size:
        words.append(f"The last {size - shown} bytes are not shown.")
    return " ".join(words)
