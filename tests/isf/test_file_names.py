# SPDX-License-Identifier: Apache-2.0
"""Names from an image as parts of file names."""

from __future__ import annotations

import pytest

from volatility3_btf.isf.document import safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("6.1.0-50-amd64", "6.1.0-50-amd64"),
        ("5.10.0+", "5.10.0+"),
        ("-rf", "rf"),
        ("--output=x", "output_x"),
        ("+!reboot", "_reboot"),
        ("~root", "root"),
        (".-.profile", "profile"),
        ("../../etc/x", "_.._etc_x"),
        ("=cmd|'/C calc'!A0", "_cmd___C_calc__A0"),
        ("nul\u202e", "nul_"),
        ("a\nb\x1b]0;", "a_b__0_"),
        ("x" * 1000, "x" * 64),
        ("-" * 1000, "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_it_is_safe_wherever_it_is_used(text: str | None, name: str) -> None:
    assert safe_name(text) == name
