# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the tests share: real dumps, and the `vol` command."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from dumpmaker import cache
from dumpmaker.cache import Dump
from support.images import cut, write_lime
from support.volrunner import Vol

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

NOWHERE = {
    "BTF_DUMPS": "/dev/null/no-dump-without-the-dump-fixture",
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), ""),
}
"""The environment of a test that has no dump: nowhere to keep one, and no network for what it starts."""


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell's background jobs, and all they start, ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--check", action="store_true", help="only what needs no dump and is not marked as slow (make check)"
    )


def needs_dump(item: pytest.Item) -> bool:
    """Whether a test, or a fixture that it uses, asks for a dump."""
    return "dump" in getattr(item, "fixturenames", ())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what `make check` has no time for."""
    if config.getoption("--check"):
        left_out = [item for item in items if needs_dump(item) or item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Have a test fail that gets a dump, or something from the network, without asking for a dump.

    It is this that `make check` stands on, and it holds in every run.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in NOWHERE.items():
            if not needs_dump(item):
                patch.setenv(name, value)
        return (yield)


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
