# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Lines for the user: whatever bytes of an image are in one, it stays one line of bounded length."""

LONGEST = 400
"""Characters."""


def one_line(text: str) -> str:
    """A text for one line of the log."""
    return "".join(character if character.isprintable() else " " for character in text[:LONGEST])
