# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Images opened in this process, away from the user's own files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import volatility3.symbols
from volatility3.framework import constants

from dumpmaker.cache import Dump
from volatility3_btf import notebook
from volatility3_btf.notebook import Image

Opened = Callable[[str], Image]


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Volatility's cache and symbol folders of these tests."""
    folder = tmp_path_factory.mktemp("volatility")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "CACHE_PATH", str(folder))
        paths = [*constants.SYMBOL_BASEPATHS[:-1], str(folder / "symbols")]
        patch.setattr(constants, "SYMBOL_BASEPATHS", paths)
        patch.setattr(volatility3.symbols, "__path__", paths)
        yield folder


@pytest.fixture(scope="session")
def opened(
    dump: Callable[[str], Dump], own_folders: Path, tmp_path_factory: pytest.TempPathFactory
) -> Opened:
    """A dump's image, opened once for all tests."""
    images: dict[str, Image] = {}
    output = tmp_path_factory.mktemp("output")

    def image(name: str) -> Image:
        if name not in images:
            images[name] = notebook.open(dump(name).raw, output=output, progress=False)
        return images[name]

    return image
