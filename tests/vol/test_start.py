# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What is loaded when: Volatility imports every plugin at each start, and most runs are for other systems."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.checkout import CHECKOUT

HEAVY = {"numpy", "orjson", "pycparser"}

START = """
import importlib.util, sys
import volatility3_btf.vol
for path in sys.argv[1:]:
    specification = importlib.util.spec_from_file_location("plugin", path)
    specification.loader.exec_module(importlib.util.module_from_spec(specification))
"""
GLANCE = """
from volatility3_btf.vol.automagic.glance import glance_at, notes_in
from volatility3_btf.memory.memory import BytesMemory
from volatility3_btf.survey import Survey
import volatility3_btf.vol
banner = b"Linux version 6.1.0-1-test (a@b) (gcc 12) #1 SMP Debian 6.1.1-1 (2026-01-01)\\n\\0"
memory = BytesMemory(banner.ljust(4096, b"\\0") + b"OSRELEASE=6.1.0-1-test\\n".ljust(4096, b"\\0"))
survey = Survey(memory)
assert glance_at(survey).releases == ["6.1.0-1-test"]
notes_in(survey)
"""
SHOW = "\nprint(*{name.split('.')[0] for name in sys.modules})"


def loaded(code: str, *arguments: Path) -> set[str]:
    """The top-level modules that a program has loaded at its end."""
    words = [sys.executable, "-c", "import sys" + code + SHOW, *map(str, arguments)]
    return set(subprocess.run(words, check=True, capture_output=True, text=True).stdout.split())


def plugins() -> list[Path]:
    return sorted((CHECKOUT / "plugins" / "linux").glob("*.py"))


@pytest.mark.parametrize("code", [START, GLANCE], ids=["start", "glance"])
def test_nothing_heavy_is_loaded_before_it_is_used(code: str) -> None:
    modules = loaded(code, *plugins())
    assert "volatility3_btf" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize("package", ["", ".kernel"])
def test_every_public_name_can_be_had(package: str) -> None:
    code = f"""
import volatility3_btf{package} as package
assert package.__all__
for name in package.__all__:
    assert getattr(package, name) is not None
"""
    assert "numpy" in loaded(code)
