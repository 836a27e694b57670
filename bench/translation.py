# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Translate pages of an x86-64 kernel: our walker of page tables beside Volatility's Intel layer.

    bench/translation.py [--dump amd64-6.12] [--pages 20000] [--rounds 5]

Both layers lie over one image in one process, and translate the same pages of the direct map, in
an order that chance gives: once cold, from a fresh layer, and once more, warm. Times are the processor's.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parent.parent
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

from volatility3 import framework  # noqa: E402
from volatility3.framework import contexts, exceptions, interfaces  # noqa: E402
from volatility3.framework.layers import intel, physical  # noqa: E402

from dumpmaker import cache  # noqa: E402
from volatility3_btf import identify_kernel, open_memory  # noqa: E402
from volatility3_btf.kernel.arch import x86_64  # noqa: E402
from volatility3_btf.vol.layers.paged import LinuxPagedLayer  # noqa: E402

join = interfaces.configuration.path_join


class LinuxX86(LinuxPagedLayer):
    """Our walker on Intel's page tables."""

    formats = x86_64.FORMATS


def layer_of(kind: type[intel.Intel], image: Path, root: int) -> Any:
    """A fresh layer of a kind over an image."""
    framework.require_interface_version(2)
    context = contexts.Context()
    context.config["file.location"] = image.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "file"))
    values = {"memory_layer": "file", "page_map_offset": root, "kernel_virtual_offset": 0}
    values |= {"page_table_format": "x86-64-4", "kernel_map_offset": root}
    for name, value in values.items():
        context.config[join("layer", name)] = value
    return kind(context, "layer", "layer")


def seconds(layer: Any, pages: Sequence[int]) -> tuple[float, list[int]]:
    """Processor time of translating pages, and where they lie."""
    found = []
    started = time.process_time()
    for page in pages:
        try:
            found.append(layer.translate(page)[0])
        except exceptions.InvalidAddressException:
            found.append(-1)
    return time.process_time() - started, found


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--dump", default="amd64-6.12")
    p.add_argument("--pages", type=int, default=20000)
    p.add_argument("--rounds", type=int, default=5)
    args = p.parse_args()
    image = cache.dump(args.dump).raw
    kernel = identify_kernel(open_memory(image))
    start = kernel.find("page_offset_base")
    if start is None or kernel.page_tables is None:
        raise SystemExit("this kernel's direct map is not known")
    memory = open_memory(image)
    base = int.from_bytes(memory.read(start, 8), "little") & (1 << 48) - 1
    chance = random.Random(1)
    pages = [base + 4096 * chance.randrange(memory.end // 4096) for _ in range(args.pages)]
    answers = set()
    for kind in (intel.LinuxIntel32e, LinuxX86):
        cold, warm = [], []
        for _ in range(args.rounds):
            layer = layer_of(kind, image, kernel.page_tables.root)
            for times in (cold, warm):
                taken, found = seconds(layer, pages)
                times.append(args.pages / taken)
                answers.add(tuple(found))
        print(f"{kind.__name__:14} {statistics.median(cold):10,.0f} pages/s cold", end=" ")
        print(f"{statistics.median(warm):10,.0f} warm")
    if len(answers) != 1:
        raise SystemExit("the layers do not agree")


if __name__ == "__main__":
    main()
