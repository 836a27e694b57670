# SPDX-License-Identifier: Apache-2.0
"""How much of an image's types one answer shows, however much they stand for."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from ..limits import Allowance

MOST_SHOWN: Final = 3 << 19
"""Parts in one answer; all types of Debian's kernel 7 have 700,000 as a text, 1,040,000 as a table."""

MOST_IN_LISTS: Final = MOST_SHOWN * 5 // 4
"""Parts in a list of functions, or a comparison of two blobs; Debian's kernel 7 has 1,260,000 in either."""

TYPE: Final = 10
"""Parts that a type counts, beside what is in it."""
FIELD: Final = 5
"""Parts that a member counts, beside its declaration, and an enumerator."""
PARAMETER: Final = 1
"""Parts that a function's parameter counts, beside its declaration."""
ROW: Final = 4
"""Parts that a row of a table counts, beside what is in it: Volatility's renderers may hold all rows."""
LINE: Final = 128
"""Characters that count a part, of a line or row."""

Item = TypeVar("Item")


class Budget(Allowance):
    """What may still be shown, in parts that cost about the same time: a pointer, a qualifier, a parameter.

    A few records can stand for any number of members: bodies inside bodies, prototypes of prototypes. One
    budget serves for a whole answer.
    """

    def __init__(self, parts: int = MOST_SHOWN) -> None:
        super().__init__(parts)

    def take_text(self, text: str) -> bool:
        """Whether a line or row may be shown, which counts where it is long: names of an image can be."""
        return self.take(len(text) // LINE)

    def within(self, types: Iterable[Item]) -> Iterator[Item]:
        """The types, or what else is as much work, for as long as something is left."""
        for found in types:
            if not self.take(TYPE):
                return
            yield found
