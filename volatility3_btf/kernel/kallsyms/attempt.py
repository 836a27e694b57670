# SPDX-License-Identifier: Apache-2.0
"""The search for the kallsyms tables around one token table: what is known, and how much may be done."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...limits import Allowance, Once
from ...memory.memory import Memory
from .tokens import Tokens

log = logging.getLogger(__name__)

MOST_WALKED = 4 << 20
"""Names that are walked over, the first and likeliest tables aside; takes up to a second."""

MOST_WALKED_LIGHTLY = 1 << 19
"""The same where no damage is reckoned with; a kernel's own tables are as a rule the first that are tried."""


@dataclass
class Attempt:
    """One search.

    Attributes:
        memory: the image.
        tokens: the token table.
        places: addresses of tables in the layer, where VMCOREINFO told them, by symbol name.
        most: how many symbols are read at most.
        thorough: whether to go on where num_syms or the markers are damaged.
        has_more: whether names were left unread for their number.
    """

    memory: Memory
    tokens: Tokens
    places: Mapping[str, int]
    most: int
    thorough: bool = True
    has_more: bool = False
    _names: Allowance = field(init=False)
    _over: Once = field(init=False, default_factory=Once)

    def __post_init__(self) -> None:
        self._names = Allowance(MOST_WALKED if self.thorough else MOST_WALKED_LIGHTLY)

    def walk(self, names: int) -> None:
        """Count names that are walked over one by one."""
        self._names.take(names)

    @property
    def is_over(self) -> bool:
        """Whether no more may be tried; the first time that it is asked for then, a warning says so."""
        if self._names.is_used_up:
            text = "too much looks like the names of the token table at %#x: not all was tried"
            self._over.warn(log, text, self.tokens.table)
        return self._names.is_used_up
