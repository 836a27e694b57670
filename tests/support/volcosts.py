# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a run of the real `vol` costs."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.volrunner import Vol

COMMANDS = (
    "linux.btfscan --all",
    "linux.btfisf",
    "linux.btftypes",
    "linux.btftypes --functions",
    "linux.btftypes --diff IMAGE",
    "linux.btftypes --header",
    "linux.pslist",
)
"""All that an image is read for: the three plugins, and the search for a kernel with nothing prepared.

It is compared with itself, which is the most work.
"""

PATIENCE = 120  # seconds

_LAUNCHER = """
import json, os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
answer = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss << 10
sys.stderr.write("\\n" + json.dumps(answer))
"""
"""A small process between: a child's peak of memory starts with its parent's."""


@dataclass(frozen=True)
class VolCost:
    """What was used.

    Attributes:
        returncode: of `vol`.
        seconds: of processor time.
        memory: most bytes resident, mapped pages included.
        stderr: what it wrote there.
    """

    returncode: int
    seconds: float
    memory: int
    stderr: str


def vol_cost(vol: Vol, image: Path, command: str) -> VolCost:
    """Run a command on an image; it is ended after `PATIENCE` seconds at the latest.

    IMAGE in the command stands for the image.
    """
    words = [str(image) if word == "IMAGE" else word for word in command.split()]
    done = subprocess.run(
        [sys.executable, "-S", "-c", _LAUNCHER, *vol.command("-q", "-f", image, *words)],
        env=vol.environment,
        cwd=vol.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    stderr, _, answer = done.stderr.rpartition("\n")
    return VolCost(*json.loads(answer), stderr=stderr)
