# SPDX-License-Identifier: Apache-2.0
"""`Linux version` texts: the kernel's `linux_banner`, told apart from what only looks like it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ...memory.memory import Memory
from ...survey import BANNER, Survey, surveyed

MAX_BANNER = 1024
"""Bytes, from the first to the NUL behind the newline."""

_BANNER = re.compile(
    rb"Linux version ([!-$&-~]{1,64}) \([\x20-\x7e\x80-\xff]{1,800}?\) ?#([!-~]?)[\x20-\x7e\x80-\xff]{1,160}"
)


@dataclass(frozen=True)
class Banner:
    r"""A text that starts with `Linux version`.

    Attributes:
        offset: address in the layer.
        text: the bytes; those of a banner end in `\n\0`, as Volatility compares them.
        release: the kernel's release.
        kind: banner (a whole `linux_banner`), placeholder (6.1 and later keep one with no build number), or
            text (a log line, a file, or the like).
    """

    offset: int
    text: bytes
    release: str
    kind: Literal["banner", "placeholder", "text"]


def parse_banner(data: bytes, offset: int = 0) -> Banner | None:
    """Read the banner at the start of `data`; None for format strings and anything else."""
    match = _BANNER.match(data[:MAX_BANNER])
    if match is None:
        return None
    release = match[1].decode("ascii")
    if data[match.end() : match.end() + 2] != b"\n\0":
        return Banner(offset, match[0], release, "text")
    text = data[: match.end() + 2]
    return Banner(offset, text, release, "banner" if match[2] else "placeholder")


def read_banners(memory: Memory, offsets: Iterable[int]) -> list[Banner]:
    """Read the banners at places where `survey.BANNER` was found, in order of address."""
    found = (parse_banner(memory.read_available(offset, MAX_BANNER), offset) for offset in sorted(offsets))
    return [banner for banner in found if banner is not None]


def find_banners(memory: Memory, survey: Survey | None = None) -> list[Banner]:
    """The banners in an image, at no more places in each MiB than a survey keeps; in order of address."""
    with surveyed(memory, survey, (BANNER,)) as passed:
        return read_banners(memory, (offset for offset, _ in passed.places(BANNER)))


def seen_kernels(memory: Memory, survey: Survey | None = None) -> list[str]:
    """The kernels' banners in an image as lines of text, each once; without any, what logs say of one."""
    found = [banner for banner in find_banners(memory, survey) if banner.kind != "placeholder"]
    whole = [banner for banner in found if banner.kind == "banner"]
    texts = {banner.text.split(b"\n")[0] for banner in whole or found}
    return sorted(text.decode("ascii", "backslashreplace") for text in texts)
