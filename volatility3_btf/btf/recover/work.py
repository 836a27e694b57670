# SPDX-License-Identifier: Apache-2.0
"""A bound on what is looked at in one image, by all that is tried there together."""

from ..format.errors import BtfError


class Work:
    """How much may still be looked at.

    Args:
        words: 32-bit words, each counted as often as it is gone over.
    """

    def __init__(self, words: int) -> None:
        self._left = words

    @property
    def is_done(self) -> bool:
        """Whether more was asked for than there was left."""
        return self._left < 0

    def take(self, words: int) -> None:
        """Go over words.

        Raises:
            BtfError: no more may be looked at.
        """
        self._left -= words
        if self.is_done:
            raise BtfError("too much had to be looked at")
