# SPDX-License-Identifier: Apache-2.0
"""What bpftool, an independent reader, says of a BTF file."""

import re
import subprocess
from collections import Counter
from pathlib import Path

from volatility3_btf.btf import Kind


def run(path: Path, form: str, base: Path | None = None) -> str:
    """The output of `bpftool btf dump file`; form is raw or c."""
    command = [
        "bpftool",
        *(["-B", str(base)] if base else []),
        "btf",
        "dump",
        "file",
        str(path),
        "format",
        form,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def counts(path: Path, base: Path | None = None) -> dict[Kind, int]:
    """How many types of each kind the file itself has."""
    found = Counter(re.findall(r"^\[\d+\] (\w+)", run(path, "raw", base), re.MULTILINE))
    return {Kind[name]: count for name, count in found.items()}
