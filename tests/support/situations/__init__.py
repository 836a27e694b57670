# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Situations that images come from: tests/situations.py tries them all, tests/test_situations.py a few."""

from support.situations import files, layouts, symbol_files, two_kernels, witnesses
from support.situations.bench import Bench, Case, Shared, Situation
from support.situations.outcomes import Outcome, judge

SITUATIONS: tuple[Situation, ...] = (
    *two_kernels.SITUATIONS,
    *layouts.SITUATIONS,
    *witnesses.SITUATIONS,
    *symbol_files.SITUATIONS,
    *files.SITUATIONS,
)
"""The rows of docs/situations.md, in order."""

__all__ = ["SITUATIONS", "Bench", "Case", "Outcome", "Shared", "Situation", "judge"]
