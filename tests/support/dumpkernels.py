# SPDX-License-Identifier: Apache-2.0
"""Where the kernel of a dump lies on disk."""

from __future__ import annotations

from pathlib import Path

from dumpmaker import cache
from dumpmaker.cache import Dump


def kernel_file(dump: Dump) -> Path:
    """The kernel that a dump's guest ran, as its package has it: unpacked in the cache beside the dumps."""
    trees = cache.root() / "packages" / "apt"
    for name, about in dump.truth["packages"].items():
        version = about.split()[0].replace(":", "%")
        for tree in trees.glob(f"*-{dump.truth['arch']}/trees/{name}_{version}"):
            for pattern in ("boot/vmlinu[xz]-*", "usr/lib/modules/*/vmlinuz"):
                for path in tree.glob(pattern):
                    return path
    raise FileNotFoundError(f"no kernel of {dump.name} in {trees}")
