# SPDX-License-Identifier: Apache-2.0
"""A bound on what is looked at in one image, by all that is tried there together."""

from ...limits import Allowance
from ..format.errors import BtfError


class Work(Allowance):
    """How many 32-bit words may still be looked at, each counted as often as it is gone over."""

    def take(self, amount: int = 1) -> bool:
        """Go over words.

        Raises:
            BtfError: no more may be looked at.
        """
        if self.is_used_up or not super().take(amount):
            raise BtfError("too much had to be looked at")
        return True
