# SPDX-License-Identifier: Apache-2.0
"""What the tests of kernels share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.patching import Patch

ONE = "amd64-6.1"


@pytest.fixture(scope="module")
def patched(
    dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Patch]]:
    """Makes copies of a dump that may be changed; gone after the tests."""
    made: list[Path] = []

    def patch(name: str = ONE) -> Patch:
        made.append(tmp_path_factory.mktemp("patched") / "memory.raw")
        return Patch(dump(name), made[-1])

    yield patch
    for path in made:
        path.unlink()
