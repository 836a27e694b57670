# SPDX-License-Identifier: Apache-2.0
"""What the guest said about itself, summed up in truth.json."""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from pathlib import Path
from typing import Any

from dumpmaker import loader

SYMBOLS = frozenset(
    """
    _text _stext _etext _end linux_banner init_task init_uts_ns __start_BTF __stop_BTF init_top_pgt
    swapper_pg_dir phys_base page_offset_base vmcoreinfo_data modules btf_vmlinux kallsyms_names
    kallsyms_offsets kallsyms_addresses kallsyms_relative_base kallsyms_num_syms kallsyms_markers
    kallsyms_token_table kallsyms_token_index kallsyms_seqs_of_names
    """.split()
)
CONFIG = re.compile(
    r"^(CONFIG_(?:DEBUG_INFO_BTF\w*|KALLSYMS\w*|RANDOMIZE_\w+|RANDSTRUCT\w*|PAGE_SIZE_\w+"
    r"|MODULE_COMPRESS\w*|X86_5LEVEL|INIT_ON_\w+)=\S+)",
    re.MULTILINE,
)


def unpack(disk: Path, out: Path) -> None:
    """Unpack what the guest wrote on its disk, files only, into `out`."""
    (out / "btf").mkdir(parents=True, exist_ok=True)  # stays empty without CONFIG_DEBUG_INFO_BTF
    with tarfile.open(disk) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            target = out / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())


def summarise(out: Path, info: dict[str, Any]) -> None:
    """Write `info` and a summary of the collected files to truth.json."""

    def text(name: str) -> str:
        path = out / name
        return path.read_text(errors="replace") if path.exists() else ""

    counts, symbols = kallsyms(text("kallsyms.txt"))
    blobs = {path.name: digest(path) for path in sorted((out / "btf").iterdir())}
    iomem = (line.strip() for line in text("proc/iomem").splitlines())
    truth = {
        **info,
        "release": text("proc/uname-r").strip(),
        "version": text("proc/version").strip(),
        "cmdline": text("proc/cmdline").strip(),
        "la57": " la57" in text("proc/cpuinfo"),
        "iomem_kernel": [line for line in iomem if "Kernel" in line or "System RAM" in line],
        "vmcoreinfo_note": text("proc/vmcoreinfo-note").strip(),
        "config": CONFIG.findall(text("config")),
        "kallsyms": counts,
        "symbols": symbols,
        "btf": blobs,
        "program_btf": program_btf(info["arch"], text("proc/btf-loader")),
        "modules": modules(text("proc/modules"), blobs),
        "processes": processes(text("proc/ps")),
    }
    (out / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """A folder's truth.json."""
    told: dict[str, Any] = json.loads((folder / "truth.json").read_text())
    return told


def lies_over(one: Path, other: Path) -> bool:
    """Whether the images of two kernels have memory in common, by what was collected of each."""
    first, second = (kernel_range((folder / "proc/iomem").read_text()) for folder in (one, other))
    return max(first.start, second.start) < min(first.stop, second.stop)


def kernel_range(iomem: str) -> range:
    """Where a kernel's image lies, from its first byte to its last, by its /proc/iomem."""
    found = re.findall(r"^ *(\w+)-(\w+) : Kernel ", iomem, re.MULTILINE)
    return range(min(int(start, 16) for start, _ in found), 1 + max(int(end, 16) for _, end in found))


def kallsyms(text: str) -> tuple[dict[str, int], dict[str, str]]:
    """How many symbols /proc/kallsyms lists, and the best known ones' addresses (each name's first)."""
    counts, symbols = {"core": 0, "modules": 0}, dict[str, str]()
    for line in text.splitlines():
        address, _, name, *module = line.split()
        counts["modules" if module else "core"] += 1
        if not module and name in SYMBOLS:
            symbols.setdefault(name, f"0x{address}")
    return counts, symbols


def program_btf(arch: str, descriptors: str) -> dict[str, Any] | None:
    """Size, SHA-256 and id of the BTF that the loader holds, by its descriptors; None if it has none."""
    found = re.search(r"^btf_id:\s*(\d+)", descriptors, re.MULTILINE)
    if found is None:
        return None
    data = loader.btf(loader.MACHINES[arch].order)
    return {"id": int(found[1]), "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def digest(path: Path) -> dict[str, Any]:
    """Size and SHA-256 of a file."""
    data = path.read_bytes()
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def modules(text: str, blobs: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of /proc/modules, newest module first, and whether each has BTF."""
    found = []
    for line in text.splitlines():
        name, size, _, _, _, address = line.split()[:6]
        found.append({"name": name, "size": int(size), "address": address, "btf": name in blobs})
    return found


def processes(text: str) -> list[dict[str, str]]:
    """The rows of the guest's ps."""
    columns = ("pid", "ppid", "comm", "args")
    return [dict(zip(columns, line.split(None, 3), strict=False)) for line in text.splitlines()[1:]]
