# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Where the user's files are: by Volatility's URLs, and in the folders that each version of it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from volatility3 import framework
from volatility3.framework import constants

from volatility3_btf.vol.files import local_path, searched_symbols
from volatility3_btf.vol.symbols.store import folder

THEIRS = Path(framework.__file__).parent


@pytest.mark.parametrize("url", ["file:///images/memory%20one.raw", "file://localhost/images/memory one.raw"])
def test_a_url_of_a_file_is_a_path(url: str) -> None:
    assert local_path(url) == Path("/images/memory one.raw")


@pytest.mark.parametrize(
    "url", ["", "memory.raw", "https://server/memory.raw", "jar:file:/table.zip!one.json"]
)
def test_any_other_is_none(url: str) -> None:
    assert local_path(url) is None


def test_a_file_on_another_machines_share_is_not_taken_for_one_of_this_machine() -> None:
    assert local_path("file://server/images/memory.raw") in (None, Path("//server/images/memory.raw"))


def test_tables_are_stored_and_installed_in_the_users_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of Volatility 2.28."""
    paths = [THEIRS.parent / "symbols", THEIRS / "symbols", tmp_path / "symbols"]
    monkeypatch.setattr(constants, "SYMBOL_BASEPATHS", list(map(str, paths)))
    assert (folder(), searched_symbols()) == (tmp_path / "symbols" / "btf", tmp_path / "symbols")


def test_where_users_have_none_nothing_is_stored_in_volatilitys_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before 2.28: only what the user asks to install goes where Volatility's documentation wants it."""
    paths = [THEIRS.parent / "symbols", THEIRS / "symbols"]
    monkeypatch.setattr(constants, "SYMBOL_BASEPATHS", list(map(str, paths)))
    monkeypatch.setattr(constants, "CACHE_PATH", str(tmp_path))
    assert (folder(), searched_symbols()) == (tmp_path / "symbols" / "btf", THEIRS.parent / "symbols")
