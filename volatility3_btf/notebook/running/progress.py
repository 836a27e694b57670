# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Progress as a bar: a widget in a notebook, a line on a terminal, nothing where nobody looks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

from ...vol.lines import one_line

DELAY: Final = 1.0
"""Seconds before a bar is drawn."""


class Bar:
    """Volatility's progress callback, drawn with tqdm.

    Args:
        title: what is being done.
        shown: whether it is drawn at all.
    """

    def __init__(self, title: str, shown: bool = True) -> None:
        self._title = title
        self._shown = shown
        self._bar: Any = None

    def __call__(self, percent: float, description: str | None = None) -> None:
        """Tell how much is done.

        Args:
            percent: 0 to 100.
            description: what is being done now.
        """
        if not self._shown:
            return
        if self._bar is None:
            from tqdm.auto import tqdm

            form = "{l_bar}{bar}| {elapsed}"
            self._bar = tqdm(total=100, leave=False, delay=DELAY, disable=None, bar_format=form)
        self._bar.set_description_str(
            one_line(f"{self._title}: {description or ''}".rstrip(": ")), refresh=False
        )
        self._bar.update(min(max(float(percent), 0.0), 100.0) - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextlib.contextmanager
def bar(title: str, shown: bool = True) -> Iterator[Bar]:
    """A bar for as long as the context lasts."""
    drawn = Bar(title, shown)
    try:
        yield drawn
    finally:
        drawn.close()
