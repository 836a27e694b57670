# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Symbol files of the user's: whose they are, and what happens where one cannot serve."""

from __future__ import annotations

import base64
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from volatility3 import schemas

from dumpmaker.cache import Dump
from support.pluginruns import guest_processes, processes, stable
from support.volrunner import Result, Vol
from volatility3_btf import build_isf, identify_kernel, open_memory
from volatility3_btf.isf import Document
from volatility3_btf.vol.symbols.user_files import UserSymbols

MAIN = "amd64-6.1"
BANNER = b"Linux version 6.1.0-test (somebody@somewhere) #1 SMP\n\0"
BTF = "0123456789ab" + 52 * "0"
OTHER = "ba9876543210" + 52 * "0"


def written(btf: str, state: str = "exact", producer: str = "volatility3-btf") -> bytes:
    """The start of a document as linux.btfisf writes it."""
    document = {
        "metadata": {
            "format": "6.2.0",
            "producer": {"name": producer, "version": "0.1.0"},
            "linux": {
                "types": [{"name": "BTF", "hash_type": "sha256", "hash_value": btf}],
                "symbols": [{"name": f"kallsyms, {state}", "hash_type": "sha256", "hash_value": "12" * 32}],
            },
        },
        "base_types": {"filler": "x" * 10_000},
    }
    return json.dumps(document, separators=(",", ":")).encode()


@pytest.fixture
def known(tmp_path: Path) -> Callable[..., UserSymbols]:
    """User's files for one banner; the first is the one that Volatility takes."""

    class Cache:
        def __init__(self, urls: list[str]) -> None:
            self.urls = urls

        def get_local_locations(self) -> list[str]:
            return self.urls

        def get_identifier(self, url: str) -> bytes:
            return BANNER

    def make(**files: bytes) -> UserSymbols:
        urls = []
        for name, content in files.items():
            path = tmp_path / name
            path.write_bytes(content)
            urls.append(path.as_uri())
        return UserSymbols({BANNER: urls[0]}, Cache(urls))  # type: ignore[arg-type]

    return make


def names(urls: list[str]) -> list[str]:
    return [url.rpartition("/")[2] for url in urls]


def test_whose_a_file_is_its_producer_says(known: Callable[..., UserSymbols]) -> None:
    """A file of dwarf2json's may have any name; ours is ours under the name that we give."""
    name = f"6.1.0-test-{BTF[:12]}.json"
    theirs = known(**{name: written(BTF, producer="dwarf2json")})
    assert theirs.has_foreign(BANNER)
    assert names(theirs.choose(BANNER, OTHER, True)) == [name]
    ours = known(**{name: written(BTF)})
    assert not ours.has_foreign(BANNER)
    assert names(ours.choose(BANNER, BTF)) == [name]
    assert ours.choose(BANNER, OTHER) == []
    assert ours.choose(BANNER, BTF, True) == []


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".json.xz", lzma.compress), (".json.gz", gzip.compress), (".json", lambda data: data)],
)
def test_of_several_the_users_own_come_first(
    suffix: str, pack: Callable[[bytes], bytes], known: Callable[..., UserSymbols]
) -> None:
    stem = f"6.1.0-test-{BTF[:12]}"
    files = {
        f"{stem}-aaaaaaaaaaaa{suffix}": pack(written(BTF, "partial")),
        f"{stem}-bbbbbbbbbbbb{suffix}": pack(written(BTF)),
        f"{stem}-cccccccccccc{suffix}": pack(written(OTHER)),
        f"{stem}{suffix}": pack(written(BTF, producer="somebody")),
    }
    partial, exact, _, own = files
    user = known(**files)
    assert names(user.choose(BANNER, BTF)) == [own, exact, partial]
    assert names(user.choose(BANNER, BTF, True)) == [own]


def test_what_is_no_file_is_never_waited_for(tmp_path: Path, known: Callable[..., UserSymbols]) -> None:
    user = known(**{"a.json": b"{}", "b.json": b"{}"})
    (tmp_path / "a.json").unlink()
    os.mkfifo(tmp_path / "a.json")
    assert names(user.choose(BANNER)) == ["b.json"]


# --- files that cannot serve, through `vol` ---


@pytest.fixture(scope="module")
def document(dump: Callable[[str], Dump]) -> Document:
    """A whole document, to take something from."""
    return build_isf(identify_kernel(open_memory(dump(MAIN).raw)))


def no_types(content: dict[str, Any]) -> None:
    content["user_types"] = {}


def no_first_task(content: dict[str, Any]) -> None:
    content["symbols"] = {"linux_banner": content["symbols"]["linux_banner"]}


def no_member(content: dict[str, Any]) -> None:
    task = content["user_types"]["task_struct"]
    fields = {name: field for name, field in task["fields"].items() if name != "pid"}
    content["user_types"] = content["user_types"] | {"task_struct": task | {"fields": fields}}


def another_build(content: dict[str, Any]) -> None:
    first = content["symbols"]["init_task"]
    moved = first | {"address": first["address"] + 64}
    content["symbols"] = {"linux_banner": content["symbols"]["linux_banner"], "init_task": moved}


def another_format(content: dict[str, Any]) -> None:
    content["metadata"] = content["metadata"] | {"format": "99.0.0"}
    content["user_types"] = {}


def assert_ours_serves(done: Result, guest: Dump, url: str) -> None:
    assert stable(processes(done)) == stable(guest_processes(guest.truth))
    (line,) = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert f"The symbol file {url} is passed over: " in line


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (no_types, "it cannot be read"),
        (no_first_task, "it has no symbol init_task"),
        (no_member, "its task_struct has no member pid"),
        (another_build, "it is of another build: init_task is at"),
        (another_format, "it cannot be read"),
    ],
)
def test_a_file_that_cannot_serve(
    damage: Callable[[dict[str, Any]], None],
    reason: str,
    document: Document,
    dump: Callable[[str], Dump],
    vol: Vol,
) -> None:
    content = dict(document.content)
    damage(content)
    file = vol.symbols / "own.json"
    file.write_text(json.dumps(content))
    record = vol.cache / "volatility3/valid_isf.hashcache"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps([schemas.create_json_hash(content)]))  # validating takes most of a minute
    done = vol("-q", "linux.pslist", image=dump(MAIN).raw)
    assert_ours_serves(done, dump(MAIN), file.as_uri())
    assert reason in done.stderr


@pytest.mark.slow
def test_a_remote_file_that_is_gone(dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    """Volatility's cache remembers what a list says, in later runs and offline too."""
    kernel = identify_kernel(open_memory(dump(MAIN).raw))
    assert kernel.banner is not None
    banner = base64.b64encode(kernel.banner.rstrip(b"\n\0")).decode()
    gone = "http://127.0.0.1:9/gone.json.xz"
    remote = tmp_path / "banners.json"
    remote.write_text(json.dumps({"version": 1, "linux": {banner: [gone]}}))
    for options in (("--remote-isf-url", remote.as_uri()), ("--offline",)):
        done = vol("-q", *options, "linux.pslist", image=dump(MAIN).raw)
        assert_ours_serves(done, dump(MAIN), gone)
