# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a run of `vol` came to: right, short of it and said so, refused and said so, or a silent fault."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from support.pluginruns import guest_processes, processes, stable
from support.situations.bench import Case
from support.volrunner import Result

Word = Literal["right", "right, and said", "shortened, and said", "refused, and said", "silent fault"]

LINE = re.compile(r"^(?:WARNING|ERROR|CRITICAL) +(volatility3\S*): (.*)$", re.MULTILINE)
OURS = re.compile(r"volatility3_btf\b|volatility3\.plugins\.linux\.btf")
DEBRIS = "volatility3_btf.blobs.scan"
"""Speaks of every damaged BTF in an image, whoever's it is, so that it says nothing of what is printed."""


@dataclass(frozen=True)
class Outcome:
    """A run, judged.

    Attributes:
        word: what it came to.
        printed: what was printed, in a few words.
        code: the exit code.
        lines: what was said, paths shortened.
    """

    word: Word
    printed: str
    code: int
    lines: tuple[str, ...]


def judge(case: Case, result: Result, folders: Mapping[Path, str]) -> Outcome:
    """Hold what was printed against the guest's own word.

    Args:
        case: what was asked.
        result: what was answered.
        folders: paths that differ from run to run, and what stands for them.
    """
    lines = said(result.stderr, folders)
    is_right = result.returncode == 0 and case.is_right(result)
    return Outcome(
        _word(result, is_right, bool(lines)), _printed(case, result, is_right), result.returncode, lines
    )


def said(stderr: str, folders: Mapping[Path, str]) -> tuple[str, ...]:
    """Our lines, each once."""
    found = [text for logger, text in LINE.findall(stderr) if OURS.match(logger) and logger != DEBRIS]
    for folder, name in folders.items():
        found = [text.replace(str(folder), name) for text in found]
    return tuple(dict.fromkeys(found))


def _word(result: Result, is_right: bool, is_said: bool) -> Word:
    if "Traceback" in result.stderr:
        return "silent fault"
    if is_right:
        return "right, and said" if is_said else "right"
    if not is_said:
        return "silent fault"
    return "refused, and said" if result.returncode else "shortened, and said"


def _printed(case: Case, result: Result, is_right: bool) -> str:
    """What was printed, in a few words."""
    if is_right:
        return "what is right"
    rows = json.loads(result.stdout) if result.returncode == 0 and result.stdout.strip() else []
    if not rows:
        return "nothing"
    if "pslist" not in case.words[0]:
        return f"{len(rows)} rows, not all that is right"
    shown, there = stable(processes(result)), stable(guest_processes(case.guest.truth))
    same = sum(there.get(pid) == named for pid, named in shown.items())
    more = len(shown) - same
    others = f", {more} other" + "s" * (more > 1) if more else ""
    return f"{same} of {len(there)} processes{others}"
