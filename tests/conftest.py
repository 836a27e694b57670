# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the tests share: real dumps, and the `vol` command."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker import cache
from dumpmaker.cache import Dump
from support.images import cut, write_lime
from support.volrunner import Vol


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell's background jobs, and all they start, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def dump() -> Callable[[str], Dump]:
    """A dump by the name of its recipe (tools/dumpmaker/cache.py); made now when it is missing."""
    return cache.dump


@pytest.fixture
def vol(tmp_path: Path) -> Vol:
    """The `vol` command with empty cache and symbol folders."""
    return Vol(tmp_path / "vol")


@pytest.fixture(scope="session")
def session_vol(tmp_path_factory: pytest.TempPathFactory) -> Vol:
    """The same with folders that last the whole session: for runs that leave nothing behind."""
    return Vol(tmp_path_factory.mktemp("vol"))


@pytest.fixture
def lime(tmp_path: Path) -> Callable[..., Path]:
    """Writes a dump as a LiME file: `lime(dump, gaps=[(start, length), ...])`."""

    def write(source: Dump, gaps: list[tuple[int, int]] | None = None) -> Path:
        ranges = cut([(start, length) for start, length in source.truth["ram"]], gaps or [])
        path = tmp_path / f"{source.name}.lime"
        return write_lime(path, source.raw, source.truth["raw_base"], ranges)

    return write
