# SPDX-License-Identifier: Apache-2.0
"""Which places in memory speak for a module, and which do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from matplotlib.patches import Rectangle

from .figure import INK, PAPER, TEXT_SIZE, Picture, bare, plain

MOST_MODULES: Final = 120
"""Modules that are drawn; those about which all agree are left out first."""

_SIGNS: Final = {True: "yes", False: "no", None: "?"}
_GROUND: Final = {True: "#d9d9d9", False: PAPER, None: "#f2f2f2"}

Witnesses = Mapping[str, "Collection[str] | None"]
"""What each witness calls loaded; None of one that could not be read."""


def module_evidence(witnesses: Witnesses, only_contradictions: bool = False) -> Picture:
    """Draw which witnesses know each module.

    Args:
        witnesses: the names of the modules that each witness knows, by the heading of its column; None if the
            witness could not be read. `_` and `-` in names are the same, as for modprobe.
        only_contradictions: whether to leave out modules on which all witnesses agree.

    Returns:
        A row for each module, a column for each witness. Modules about which witnesses contradict each other
        come first, in bold.
    """
    table = table_of(witnesses)
    doubtful = [name for name, known in table.items() if _contradicts(known)]
    agreed = [] if only_contradictions else [name for name in table if name not in set(doubtful)]
    rows = [*doubtful, *agreed][:MOST_MODULES]
    picture = Picture(
        "What speaks for each module", 2.6 + 1.25 * len(witnesses), 0.9 + 0.21 * max(1, len(rows))
    )
    axes = bare(picture.add_subplot())
    axes.set_xlim(-1.9, len(witnesses))
    axes.set_ylim(len(rows), -1.4)
    for column, witness in enumerate(witnesses):
        axes.text(
            column + 0.5,
            -0.3,
            plain(witness, 22),
            fontsize=TEXT_SIZE,
            ha="center",
            va="bottom",
            parse_math=False,
        )
    for at, name in enumerate(rows):
        weight = "bold" if name in doubtful else "normal"
        axes.text(
            -0.1, at + 0.5, plain(name, 28), fontsize=TEXT_SIZE, ha="right", va="center", weight=weight,
            parse_math=False,
        )  # fmt: skip
        for column, known in enumerate(table[name]):
            is_odd = name in doubtful and known is False
            axes.add_patch(
                Rectangle(
                    (column + 0.03, at + 0.06),
                    0.94,
                    0.88,
                    facecolor=_GROUND[known],
                    edgecolor=INK if is_odd else "#bdbdbd",
                    linewidth=1.4 if is_odd else 0.5,
                )
            )
            axes.text(
                column + 0.5,
                at + 0.5,
                _SIGNS[known],
                fontsize=TEXT_SIZE - 1,
                ha="center",
                va="center",
                weight=weight,
            )
    picture.description = _described(witnesses, table, doubtful, len(table) - len(rows))
    return picture


def table_of(witnesses: Witnesses) -> dict[str, tuple[bool | None, ...]]:
    """Whether each witness knows each module, in order of names; None where it could not be read."""
    known = {
        witness: None if names is None else {name.replace("-", "_") for name in names}
        for witness, names in witnesses.items()
    }
    everybody = sorted({name for names in known.values() if names is not None for name in names})
    return {
        name: tuple(None if names is None else name in names for names in known.values())
        for name in everybody
    }


def _contradicts(known: tuple[bool | None, ...]) -> bool:
    return True in known and False in known


def _described(
    witnesses: Witnesses, table: dict[str, tuple[bool | None, ...]], doubtful: list[str], left_out: int
) -> str:
    names = list(witnesses)
    words = [f"What {', '.join(plain(name, 22) for name in names)} say of {len(table)} modules."]
    for name in doubtful[:12]:
        against = ", ".join(w for w, known in zip(names, table[name], strict=True) if known is False)
        speaking = ", ".join(w for w, known in zip(names, table[name], strict=True) if known)
        words.append(f"{plain(name, 28)} is known to {speaking}, and not to {against}.")
    if len(doubtful) > 12:
        words.append(f"So do {len(doubtful) - 12} more contradict each other.")
    if not doubtful:
        words.append("Nothing contradicts anything.")
    if unread := [name for name, known in witnesses.items() if known is None]:
        words.append(f"Could not be read: {', '.join(unread)}.")
    if left_out:
        words.append(f"{left_out} are not drawn.")
    return " ".join(words)
