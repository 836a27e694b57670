# SPDX-License-Identifier: Apache-2.0
"""Which symbol file is for which banner, as Volatility's `--remote-isf-url` wants it.

Volatility 2.28 (`RemoteIdentifierFormat`, version 1): banners in base64, each with a list of absolute URLs,
of which it takes the last.
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..isf.document import write_aside
from ..isf.table_files import ISF_SUFFIX
from ..kernel.kernel import STATES
from .folder import BANNERS, TABLES


def write_banners(folder: Path, kernels: Iterable[dict[str, Any]], url: str | None) -> None:
    """Write the list into a library's folder.

    Args:
        folder: the library.
        kernels: its kernels, as records have them.
        url: where the folder will be served; the folder's own URL if None.

    Raises:
        OSError: it cannot be written.
    """
    base = (url or folder.as_uri()).rstrip("/")
    listed: dict[str, list[str]] = {}
    for kernel in sorted(kernels, key=_worst_first):
        if kernel["banner"]:
            name = urllib.parse.quote(kernel["name"] + ISF_SUFFIX)
            listed.setdefault(_encoded(kernel["banner"]), []).append(f"{base}/{TABLES}/{name}")
    content = {"version": 1, "linux": dict(sorted(listed.items()))}
    write_aside(folder / BANNERS, json.dumps(content, indent=2).encode() + b"\n")


def _worst_first(kernel: dict[str, Any]) -> tuple[int, str]:
    return -STATES.index(kernel["state"]), kernel["name"]


def _encoded(banner: str) -> str:
    r"""The bytes of a banner whose text `text_of` made; without `\n\0`, which Volatility takes away."""
    plain = re.sub(r"\\x([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), banner)
    return base64.b64encode(plain.encode("latin-1")).decode("ascii")
