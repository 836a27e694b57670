# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Run `vol` as if on Windows or macOS: see `elsewhere/sitecustomize.py`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from support.checkout import CHECKOUT
from support.typeshed import lacking
from support.volrunner import Vol

ELSEWHERE = CHECKOUT / "tests" / "support" / "elsewhere"

CODE_PAGE = "cp1252"
"""What a Western European Windows prints in where its output is no console."""


@lru_cache
def facts_of(system: str) -> str:
    """What `sitecustomize` is to know of a system, as JSON."""
    return json.dumps([system, lacking(system)])


def environment_of(system: str, folder: Path) -> dict[str, str]:
    """What has a Python behave as if it ran on a system, but for its path.

    Args:
        system: as `sys.platform` has it.
        folder: where a file is written for it.
    """
    facts = folder / f"{system}.json"
    facts.write_text(facts_of(system), encoding="utf-8")
    output = {"PYTHONIOENCODING": CODE_PAGE} if system == "win32" else {}
    return {"BTF_ELSEWHERE": str(facts), **output}


@dataclass(frozen=True)
class VolElsewhere(Vol):
    """The `vol` command as if on another system."""

    system: str = "win32"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of every run."""
        kept = super().environment
        kept.update(environment_of(self.system, self.folder), APPDATA=str(self.cache))
        kept["PYTHONPATH"] = os.pathsep.join([str(ELSEWHERE), kept["PYTHONPATH"]])
        return kept
