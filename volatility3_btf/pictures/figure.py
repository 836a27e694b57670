# SPDX-License-Identifier: Apache-2.0
"""A matplotlib figure that says in words what it shows."""

from __future__ import annotations

import base64
import html
import io
import os
from pathlib import Path
from typing import IO, Any, Final

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, PAPER, FAINT = "#1a1a1a", "#ffffff", "#c8c8c8"
"""Of lines and text, of the ground, of what only guides the eye."""

TEXT_SIZE: Final = 8.0
"""Points."""

_DESCRIPTION_KEYS: Final = {"png": "Description", "svg": "Description", "pdf": "Subject"}


class Picture(Figure):
    """A figure with a text alternative.

    It opens no window: show it in a notebook, or save it with `savefig`.

    Attributes:
        title: what it is, in a few words.
        description: what it shows, in sentences, for readers who cannot see it and for reports.
    """

    def __init__(self, title: str, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), dpi=100, facecolor=PAPER, layout="constrained")
        self.title = title
        self.description = title

    def savefig(self, fname: str | os.PathLike[str] | IO[bytes], **options: Any) -> None:
        """Write it to a file, PNG, SVG or PDF, with title and description among the file's metadata.

        The same picture gives the same bytes.
        """
        suffix = "" if hasattr(fname, "write") else Path(fname).suffix
        form = str(options.get("format") or suffix.lstrip(".") or "png")
        if form in _DESCRIPTION_KEYS:
            told = {"Title": self.title, _DESCRIPTION_KEYS[form]: self.description}
            dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
            options["metadata"] = {**told, **dates.get(form, {}), **(options.get("metadata") or {})}
        with rc_context({"svg.hashsalt": "volatility3-btf"}):
            super().savefig(fname, **{**options, "format": form})

    def svg(self) -> str:
        """The picture as SVG."""
        return self._written("svg").decode()

    def png(self) -> bytes:
        """The picture as PNG."""
        return self._written("png")

    def _written(self, form: str) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format=form)
        return buffer.getvalue()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: the picture, and its description where there are no pictures."""
        data = base64.b64encode(self._written("svg")).decode()
        text = html.escape(self.description)
        shown = f'<img alt="{text}" src="data:image/svg+xml;base64,{data}" style="max-width: 100%">'
        return {"text/html": shown, "text/plain": self.description}


def plain(text: object, most: int = 60) -> str:
    """A text from an image as it may stand in a picture: shortened, what cannot be printed as `?`.

    Who draws it passes `parse_math=False`: matplotlib takes what stands between dollar signs for a formula.
    """
    words = "".join(letter if letter.isprintable() else "?" for letter in str(text)[: most + 1])
    return words if len(words) <= most else words[: most - 1] + "…"


def bare(axes: Axes) -> Axes:
    """Take frame and ticks away."""
    axes.set_axis_off()
    return axes


def light(axes: Axes) -> Axes:
    """Leave the axis below, in small letters."""
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.tick_params(labelsize=TEXT_SIZE, colors=INK, length=2, color=FAINT)
    return axes


def label_rows(axes: Axes, labels: list[str]) -> None:
    """Name the rows 0, 1, … on the left; texts from an image are no formulas."""
    axes.set_yticks(range(len(labels)), labels, fontsize=TEXT_SIZE, parse_math=False)
    axes.tick_params(axis="y", length=0)


def size_of(count: int) -> str:
    """Bytes in the unit that reads best."""
    for unit, bits in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if count >= 1 << bits:
            amount = count / (1 << bits)
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"
    return f"{count} bytes"
