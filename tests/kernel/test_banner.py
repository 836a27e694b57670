# SPDX-License-Identifier: Apache-2.0
"""Banners, told apart from what only starts like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volatility3_btf.kernel import parse_banner

DEBIAN = (
    b"Linux version 6.1.0-50-amd64 (debian-kernel@lists.debian.org) "
    b"(gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) "
    b"#1 SMP PREEMPT_DYNAMIC Debian 6.1.176-1 (2026-07-02)"
)
OLD = (
    b"Linux version 4.19.0 (root@host) (gcc version 8.3.0 (Debian 8.3.0-6)) "
    b"#1 SMP Mon Jan 1 00:00:00 UTC 2024"
)
UBUNTU = (
    b"Linux version 6.8.0-31-generic (buildd@lcy02-amd64-080) (x86_64-linux-gnu-gcc-13 "
    b"(Ubuntu 13.2.0-23ubuntu4) 13.2.0, GNU ld (GNU Binutils for Ubuntu) 2.42) "
    b"#31-Ubuntu SMP PREEMPT_DYNAMIC Sat Apr 20 00:40:06 UTC 2024"
)
ANDROID = (
    b"Linux version 6.1.25-android14-11 (build-user@build-host) (Android (10087095, based on r487747c) "
    b"clang version 17.0.2, LLD 17.0.2) #1 SMP PREEMPT Thu Jun 22 2023"
)
FOREIGN = "Linux version 6.6.1 (jürgen@häuser) (gcc (GCC) 13.2.1) #1 SMP Fri".encode()


@pytest.mark.parametrize("text", [DEBIAN, OLD, UBUNTU, ANDROID, FOREIGN])
def test_a_banner_is_kept_to_the_byte(text: bytes) -> None:
    banner = parse_banner(text + b"\n\0behind", 0x200)
    assert banner is not None
    assert (banner.offset, banner.text, banner.kind) == (0x200, text + b"\n\0", "banner")
    assert banner.release == text.split()[2].decode()


def test_a_placeholder_has_no_build_number() -> None:
    banner = parse_banner(DEBIAN.replace(b"#1 SMP", b"# SMP") + b"\n\0")
    assert banner is not None
    assert banner.kind == "placeholder"


@pytest.mark.parametrize("end", [b"\x01\xf0\xff\xff", b"\n", b"\nmore\0", b"\0", b""])
def test_a_log_line_is_text(end: bytes) -> None:
    banner = parse_banner(DEBIAN + end)
    assert banner is not None
    assert (banner.kind, banner.text) == ("text", DEBIAN)


@pytest.mark.parametrize(
    "data",
    [
        b"Linux version %s (%s)\n\0",
        b"Linux version %d.%d.%d (a) (b) #1 SMP\n\0",
        b"Linux version \0",
        b"Linux version 6.1.0\n\0",
        b"Linux version 6.1.0 and later are supported (see #1 below)\n\0",
        b"Linux version " + b"6" * 200 + b" (a) #1 b\n\0",
        b"",
    ],
)
def test_other_texts_are_none(data: bytes) -> None:
    banner = parse_banner(data)
    assert banner is None or banner.kind == "text"


@given(st.binary(max_size=1200))
def test_any_bytes_are_read_or_refused(junk: bytes) -> None:
    banner = parse_banner(b"Linux version 6.1 (a) #1 " + junk)
    if banner is not None:
        assert len(banner.text) <= 1024
