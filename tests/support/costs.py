# SPDX-License-Identifier: Apache-2.0
"""What an image costs: everything the library can do with it, in a process of its own."""

from __future__ import annotations

import faulthandler
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support.checkout import CHECKOUT

PATIENCE = 120  # seconds after which a traceback tells where it hangs


@dataclass(frozen=True)
class Cost:
    """What was used.

    Attributes:
        seconds: of processor time, by step: scan, banners, identify, isf, header, text, rows, diff.
        memory: most bytes resident, mapped pages included.
        blobs: how many were found.
        kernels: their states.
        errors: documented errors, by step.
        returncode: of the process.
        stderr: what it wrote there.
    """

    seconds: dict[str, float]
    memory: int
    blobs: int
    kernels: list[str]
    errors: dict[str, str]
    returncode: int = 0
    stderr: str = ""

    @property
    def total(self) -> float:
        """Seconds of all steps."""
        return sum(self.seconds.values())


def honest(dump: Path, path: Path) -> Path:
    """Write the bytes around a dump's kernel, as many as a bomb has, to a file."""
    from support.bombs import SIZE
    from volatility3_btf import open_memory
    from volatility3_btf.blobs.scan import find_kernel_btf

    with open_memory(dump) as memory:
        offset = next(find_kernel_btf(memory)).offset
        start = max(0, min(offset - SIZE // 2, memory.end - SIZE)) & -4096
        path.write_bytes(memory.read(start, SIZE))
    return path


def cost_of(image: Path) -> Cost:
    """Read an image in a child process, which ends after `PATIENCE` seconds at the latest."""
    command = [sys.executable, "-m", "support.costs", str(image.resolve())]
    done = subprocess.run(
        command, cwd=CHECKOUT / "tests", capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        return Cost({}, 0, 0, [], {}, done.returncode, done.stderr)
    return Cost(**json.loads(done.stdout), stderr=done.stderr)


def peak_memory() -> int:
    """Most bytes that this process had resident.

    Not `getrusage`'s: a child's `ru_maxrss` starts with the peak of the process that started it (kernel:
    fs/exec.c, exec_mmap).
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Read the image that the command line names; print what it cost as JSON."""
    sys.path.insert(0, str(CHECKOUT))
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    from support import answers
    from volatility3_btf import find_btf, open_memory
    from volatility3_btf.btf import BtfError
    from volatility3_btf.btf.c.header import c_header
    from volatility3_btf.isf import build_isf
    from volatility3_btf.kernel import identify_kernels, seen_kernels

    memory = open_memory(sys.argv[1])
    seconds: dict[str, float] = {}
    errors: dict[str, str] = {}

    def step(name: str, call: Callable[[], object]) -> object:
        started = time.process_time()
        try:
            return call()
        except BtfError as error:
            errors[name] = str(error)
            return None
        finally:
            seconds[name] = round(time.process_time() - started, 3)

    found = 0
    kernels = []

    def scan() -> None:
        nonlocal found
        for blob in find_btf(memory):
            found += 1
            if blob.kind == "kernel":
                kernels.append(blob)

    step("scan", scan)
    step("banners", lambda: seen_kernels(memory))
    identified = step("identify", lambda: identify_kernels(memory, kernels)) or []
    assert isinstance(identified, list)
    for kernel in identified[:1]:
        step("isf", lambda kernel=kernel: build_isf(kernel).to_bytes("gz"))
        step("header", lambda kernel=kernel: c_header(kernel.blob.types))
        step("text", partial(answers.text, kernel))
        step("rows", partial(answers.rows, kernel))
        step("diff", partial(answers.differences, kernel))
    most = peak_memory()
    states = [kernel.state for kernel in identified]
    print(
        json.dumps(
            {"seconds": seconds, "memory": most, "blobs": found, "kernels": states[:5], "errors": errors}
        )
    )


if __name__ == "__main__":
    main()
