# SPDX-License-Identifier: Apache-2.0
"""The KASLR shift: what VMCOREINFO says is believed where nothing else contradicts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf.kernel import Kernel, identify_kernel

GetDump = Callable[[str], Dump]


@pytest.fixture(params=["amd64-6.1", "amd64-7", "arm64-6.12", "s390x-6.12"])
def image(request: pytest.FixtureRequest, dump: GetDump) -> Iterator[Overlay]:
    yield Overlay(dump(request.param).raw)


def lie(image: Overlay, change: Callable[[int], int]) -> Kernel:
    """The kernel found once every VMCOREINFO tells of another shift."""
    for place in image.find(b"\nKERNELOFFSET="):
        start = place + len("\nKERNELOFFSET=")
        digits = image.read(start, 24).split(b"\n")[0]
        told = b"%0*x" % (len(digits), change(int(digits, 16)))
        assert len(told) == len(digits)
        image.write(start, told)
    return identify_kernel(image)


@pytest.mark.parametrize(
    "change", [lambda shift: shift + 1, lambda shift: shift ^ 2 << 20], ids=["odd", "even"]
)
def test_a_shift_that_the_kernel_contradicts_is_not_exact(
    image: Overlay, change: Callable[[int], int]
) -> None:
    sound = identify_kernel(image)
    assert (sound.state, sound.kaslr_found, sound.doubts) == ("exact", True, [])
    kernel = lie(image, change)
    assert kernel.state == "unchecked"
    assert not kernel.kaslr_found
    assert any("KERNELOFFSET" in doubt for doubt in kernel.doubts)
    if kernel.architecture != "arm64":  # nothing in an arm64 kernel tells its shift
        assert kernel.kaslr_shift == sound.kaslr_shift
