# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Two virtual environments to race: Volatility alone, and Volatility with this package.

Neither has jsonschema: with it, Volatility validates a new symbol file once, which takes a minute and says
nothing of the runs after it.
"""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import inputs

CHECKOUT = Path(__file__).resolve().parents[1]


@cache
def stock() -> Path:
    """The `vol` of an environment with nothing but Volatility, of the version that runs here."""
    return _installed("stock", ["-m", "pip", "install", "-q", f"volatility3=={version('volatility3')}"])


@cache
def ours() -> Path:
    """The `vol` of an environment with this checkout installed."""
    venv = inputs.folder() / "venv-ours"
    subprocess.run([CHECKOUT / "tools" / "setup-venv", venv], check=True, stdin=subprocess.DEVNULL)
    return venv / "bin" / "vol"


def words(vol: Path, home: Path, *options: str | Path) -> list[str | Path]:
    """A `vol` command with a home folder, and nothing of this process's own settings."""
    unset = (word for name in ("PYTHONPATH", "XDG_CACHE_HOME", "XDG_DATA_HOME") for word in ("-u", name))
    return ["env", *unset, f"HOME={home}", vol, "-q", *options]


def _installed(name: str, words: list[str]) -> Path:
    venv = inputs.folder() / f"venv-{name}"
    marker = venv / "needs"
    needs = f"{sys.version} {' '.join(words)}"
    if not marker.exists() or marker.read_text() != needs:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        subprocess.run([venv / "bin" / "python", *words], check=True, stdin=subprocess.DEVNULL)
        marker.write_text(needs)
    return venv / "bin" / "vol"
