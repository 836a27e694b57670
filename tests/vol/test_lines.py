# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Lines for the user: bounded, and with addresses as Linux shows them."""

from __future__ import annotations

import pytest

from volatility3_btf.vol.lines import LONGEST, as_linux_shows, one_line


def test_a_line_is_one_and_what_is_cut_ends_with_dots() -> None:
    assert one_line("a\nb\x1b[31m") == "a b [31m"
    assert one_line("a" * LONGEST) == "a" * LONGEST
    cut = one_line("a" * (LONGEST + 1))
    assert len(cut) == LONGEST
    assert cut.endswith("a ...")


@pytest.mark.parametrize(
    ("address", "bits", "shown"),
    [
        (0xFFFF82A1AA80, 48, 0xFFFFFFFF82A1AA80),
        (0x8EDDC021A990, 48, 0xFFFF8EDDC021A990),
        (0xFF11000001234567, 57, 0xFF11000001234567),
        (0x111000001234567, 57, 0xFF11000001234567),
        (0x7FFE12345678, 48, 0x7FFE12345678),
        (0xC1234567, 32, 0xC1234567),
        (0xFFFFFFFF82A1AA80, 64, 0xFFFFFFFF82A1AA80),
    ],
)
def test_the_upper_bits_of_an_address_are_shown(address: int, bits: int, shown: int) -> None:
    assert as_linux_shows(address, bits) == shown
