# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and how the dump maker speaks of it."""

import sys


class DumpError(Exception):
    """A dump cannot be made; the message says why, for the person at the terminal."""


class GuestError(DumpError):
    """The guest hung or died. Under emulation that can be chance, so it is worth one more try."""


def say(*words: object) -> None:
    """Print one line of progress on stderr."""
    print("make-dump:", *words, file=sys.stderr, flush=True)
