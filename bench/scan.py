#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What searching an image costs, beside Volatility's own scanners and the plain reading of the file.

    bench/scan.py                            2 GiB of raw file without a hole, in the page cache
    bench/scan.py --size 8G --form elf
    bench/scan.py --json figures.json

Prints a table of medians. All lanes run in one process and in turn, on the same file:

    find           three bytes of BTF's signature, every occurrence
    find_kernel_btf  what linux.btfscan does: both byte orders, and kernels' BTF decoded whole
    find_btf       what linux.btfscan --all starts from: every blob decoded
    BytesScanner, RegExScanner  Volatility's, the same three bytes
    read           the mapped file summed by numpy: about what the machine can do

Then the peak memory of the whole `vol linux.btfscan` on 512 MiB and on a sparse file of 64 GiB.
The exit code is 1 if `find` is not 5 times as fast as BytesScanner, or the 64 GiB take 200 MB more.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import inputs  # noqa: E402
import races  # noqa: E402

from dumpmaker import cache  # noqa: E402
from dumpmaker.cache import Dump  # noqa: E402
from parity import measure  # noqa: E402

SIGNATURE = b"\x9f\xeb\x01"
RATIO = 5  # times as fast as BytesScanner
GROWTH = 200_000_000  # bytes
UNITS = {"M": 1 << 20, "G": 1 << 30}
SMALL, LARGE = 512 << 20, 64 << 30


def lanes_of(path: Path) -> list[races.Lane]:
    """The contestants, on one image file."""
    import numpy as np
    from volatility3.framework import contexts, interfaces
    from volatility3.framework.layers import physical, scanners

    from volatility3_btf import find_btf, open_memory
    from volatility3_btf.scan import find_kernel_btf

    context = contexts.Context()
    context.config["file.location"] = path.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "file"))
    layer = context.layers["file"]

    def scan(scanner: interfaces.layers.ScannerInterface) -> str:
        return f"{sum(1 for _ in layer.scan(context, scanner))} matches"

    def read() -> str:
        return f"sum {np.memmap(path, dtype=np.uint64, mode='r').sum():#x}"

    return [
        races.Lane("find", lambda: f"{sum(1 for _ in open_memory(path).find(SIGNATURE))} matches"),
        races.Lane(
            "find_kernel_btf", lambda: f"{sum(1 for _ in find_kernel_btf(open_memory(path)))} kernels"
        ),
        races.Lane("find_btf", lambda: f"{sum(1 for _ in find_btf(open_memory(path)))} blobs"),
        races.Lane("BytesScanner", lambda: scan(scanners.BytesScanner(SIGNATURE))),
        races.Lane("RegExScanner", lambda: scan(scanners.RegExScanner(SIGNATURE))),
        races.Lane("read", read),
    ]


def peak(image: Path) -> int:
    """Bytes that `vol linux.btfscan` has resident at most."""
    command: list[str | Path] = [Path(sys.executable).with_name("vol"), "-q", "-f", image]
    if not any(importlib.metadata.Distribution.discover(name="volatility3-btf")):  # the checkout's own
        os.environ["PYTHONPATH"] = str(CHECKOUT)
        command += ["-p", CHECKOUT / "plugins"]
    return measure.run([*command, "linux.btfscan"]).peak


def peaks(dump: Dump) -> dict[str, int]:
    """Peak memory by size."""
    large = inputs.sparse(dump, LARGE)
    try:
        return {"512 MiB": peak(inputs.dense(dump, SMALL)), "64 GiB, sparse": peak(large)}
    finally:
        large.unlink()


def size_of(text: str) -> int:
    """512M or 2G in bytes."""
    return int(text[:-1]) * UNITS[text[-1].upper()]


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=size_of, default=2 << 30, help="of the image: 512M, 2G, 8G")
    p.add_argument("--form", choices=inputs.FORMS, default="raw")
    p.add_argument("--dump", default="amd64-6.12", choices=cache.RECIPES, help="what the image is made of")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--json", type=Path, help="write the figures here too")
    args = p.parse_args()
    dump = cache.dump(args.dump)
    memory = peaks(dump)
    path = inputs.dense(dump, args.size, args.form)
    inputs.into_page_cache(path)
    lanes = lanes_of(path)
    races.race(lanes, args.rounds)

    here = races.machine("volatility3", "numpy", "stringzilla")
    print(f"{args.size >> 20} MiB of {args.form} file, in the page cache; {args.rounds} rounds\n")
    print("\n".join(f"{key}: {value}" for key, value in here.items()) + "\n")
    print(races.speeds(lanes, args.size, "BytesScanner"))
    print("\n| peak memory of vol linux.btfscan | |\n|---|--:|")
    print("\n".join(f"| {name} | {size / 1e6:.0f} MB |" for name, size in memory.items()))
    if args.json:
        races.write_json(args.json, {"machine": here, "lanes": races.as_json(lanes), "peak": memory})
    medians = {lane.name: lane.median for lane in lanes}
    low, high = memory.values()
    sys.exit(medians["BytesScanner"] < RATIO * medians["find"] or high > low + GROWTH)


if __name__ == "__main__":
    main()
