# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A reader that leaves before the end of the output, as in `vol … | head`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from support.volrunner import Vol
from volatility3_btf.pipes import LEFT_ALONE

NAME = "amd64-6.1"


def run_alone(vol: Vol, command: list[str]) -> tuple[int, str]:
    """Exit code and stderr of a command that nobody listens to."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command, env=vol.environment, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    return done.returncode, done.stderr


@pytest.mark.parametrize("renderer", ["quick", "pretty", "csv", "json", "jsonl"])
def test_a_plugin_ends_without_a_word(vol: Vol, dump: Callable[[str], Dump], renderer: str) -> None:
    words = ("-f", dump(NAME).raw, "linux.btftypes", "--type", "task_struct")
    code, errors = run_alone(vol, vol.command("-q", *words, renderer=renderer))
    assert code == LEFT_ALONE
    assert "BrokenPipeError" not in errors


def test_a_command_of_ours_ends_without_a_word(vol: Vol) -> None:
    code, errors = run_alone(vol, [sys.executable, "-m", "volatility3_btf.vol"])
    assert (code, errors) == (LEFT_ALONE, "")
