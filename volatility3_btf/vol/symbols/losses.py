# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Plugins that stumble over what damaged BTF has lost: a type that is void, a structure without a member."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Final

from ..lines import one_line

log = logging.getLogger(__name__)

STUMBLES: Final = (AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What Volatility's plugins, which take types for whole, raise where one is not."""

_partial: list[str] = []


def given(release: str | None) -> None:
    """Remember that this process works with a table of a kernel of which something is lost."""
    _partial.append(release or "of unknown release")


@contextlib.contextmanager
def types_may_be_lost() -> Iterator[None]:
    """Run a plugin to its end; where it stumbles and a partial table was given, one line says so.

    Raises:
        SystemExit: it stumbled. What it had printed stands.
    """
    try:
        yield
    except STUMBLES as error:
        if not _partial:
            raise
        log.debug("while a plugin ran with a partial symbol table", exc_info=True)
        reason = one_line(f"{type(error).__name__}: {error}")
        log.error(
            "This plugin cannot go on: the symbol table of Linux %s is partial and lacks what it wants (%s)",
            *(_partial[-1], reason),
        )
        raise SystemExit(1) from error
