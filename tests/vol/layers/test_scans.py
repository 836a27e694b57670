# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Our layers find byte strings as the framework's scanners find them, in images of every form."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any, Final

import pytest
from volatility3.framework import contexts
from volatility3.framework.layers import elf, lime, physical, scanners

from support.images import LIME_HEADER, LIME_MAGIC, LIME_VERSION
from volatility3_btf.vol.layers.scans import quick
from volatility3_btf.vol.layers.scans.layers import (
    QuickElf64Layer,
    QuickFileLayer,
    QuickLimeLayer,
    quick_class,
)
from volatility3_btf.vol.layers.scans.quick import QuickStrings, found_in, quickened

SOME: Final = [b"\x10\xaa\xbb", b"\x10\xaa", b"\xaa\xbb\xaa\xbb", b"\n\xff", b"\x10\xaa\xbb\xcc\xdd"]


def few_bytes(length: int, seed: int = 16) -> bytes:
    """Bytes in which short strings are frequent, and begin inside of each other."""
    return bytes(random.Random(seed).choices(b"\x10\xaa\xbb\xcc\xdd\n\xff", k=length))


@pytest.mark.parametrize("seed", range(40))
def test_several_strings_are_found_as_by_the_framework(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "STRIDE", 37)
    chance = random.Random(seed)
    needles = [few_bytes(chance.randrange(1, 6), chance.randrange(99)) for _ in range(chance.randrange(1, 9))]
    needles += chance.sample(SOME, 2)
    scanner = scanners.MultiStringScanner(needles)
    scanner.chunk_size = chance.choice([500, 740, 3000, 9000])
    ours = quickened(scanner)
    assert isinstance(ours, QuickStrings)
    data = few_bytes(3000, seed)
    assert list(ours(data, 4096)) == list(scanner(data, 4096)) != []


@pytest.mark.parametrize("needle", [b"\xaa", b"\xaa\xaa", b"\x10\xaa\xbb", b"\0\0\0\0", b"not there"])
def test_one_string_is_found_as_by_the_framework(needle: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Matches that overlap, too."""
    monkeypatch.setattr(quick, "STRIDE", 37)
    scanner = scanners.BytesScanner(needle)
    scanner.chunk_size = 500
    ours = quickened(scanner)
    assert ours is not scanner
    data = few_bytes(300) + bytes(40) + b"\xaa" * 80 + few_bytes(200)
    assert list(ours(data, 7)) == list(scanner(data, 7))


def test_other_scanners_are_left_to_the_framework() -> None:
    class Own(scanners.BytesScanner):
        """Somebody's own scanner may do anything."""

    many = [struct.pack("<I", number) for number in range(quick.MOST_STRINGS + 1)]
    others: list[Any] = [
        scanners.RegExScanner(b"a+"),
        scanners.BytesScanner(b""),
        scanners.MultiStringScanner([]),
        scanners.MultiStringScanner([b""]),
        scanners.MultiStringScanner(many),
        Own(b"abc"),
    ]
    for scanner in others:
        assert quickened(scanner) is scanner


def test_a_scanner_of_another_make_is_left_to_the_framework() -> None:
    scanner = scanners.MultiStringScanner(SOME)
    del scanner._pattern_trie
    assert quickened(scanner) is scanner


def test_nothing_is_found_in_nothing() -> None:
    assert list(found_in(b"", SOME, 1 << 24)) == []
    assert list(found_in(b"\x10", SOME, 1 << 24)) == []


def write_elf(path: Path, ranges: list[tuple[int, bytes]]) -> Path:
    """An ELF core of some ranges of physical memory."""
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    count, place = len(ranges), 4096
    head = ident + struct.pack("<HHIQQQI6H", 4, 62, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    body = b""
    for address, data in ranges:
        head += struct.pack("<II6Q", 1, 6, place + len(body), 0, address, len(data), len(data), 4096)
        body += data
    path.write_bytes(head.ljust(place, b"\0") + body)
    return path


@pytest.mark.parametrize("form", ["raw", "lime", "elf"])
@pytest.mark.parametrize("needles", [SOME, [b"\xaa\xbb\xaa\xbb"]])
def test_every_container_is_scanned_as_the_framework_scans_it(
    form: str, needles: list[bytes], tmp_path: Path
) -> None:
    """Ranges that touch and ranges with a gap between them, each longer than a piece of the search."""
    ranges = [(0x1000, few_bytes(9000, 1)), (0x1000 + 9000, few_bytes(70000, 2)), (0x40000, few_bytes(5, 3))]
    path = tmp_path / "image"
    kinds: dict[str, tuple[type[Any], type[Any]]] = {
        "raw": (physical.FileLayer, QuickFileLayer),
        "lime": (lime.LimeLayer, QuickLimeLayer),
        "elf": (elf.Elf64Layer, QuickElf64Layer),
    }
    if form == "raw":
        path.write_bytes(ranges[1][1])
    elif form == "lime":
        path.write_bytes(
            b"".join(
                LIME_HEADER.pack(LIME_MAGIC, LIME_VERSION, at, at + len(data) - 1) + data
                for at, data in ranges
            )
        )
    else:
        write_elf(path, ranges)
    theirs, ours = (scanned(kind, path, needles) for kind in kinds[form])
    assert ours == theirs
    assert len(theirs) > 20
    assert quick_class(f"{kinds[form][0].__module__}.{kinds[form][0].__name__}").endswith(
        kinds[form][1].__name__
    )


def scanned(kind: type[Any], path: Path, needles: list[bytes]) -> list[Any]:
    """What a layer's scan gives, chunk by chunk, with one string as with several."""
    context = contexts.Context()
    context.config["file.location"] = path.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "file"))
    context.config["image.location"] = path.as_uri()
    context.config["image.base_layer"] = "file"
    context.config["image.isf_url"] = ""
    layer = kind(context, "image", "image")
    context.add_layer(layer)
    scanner: Any = scanners.MultiStringScanner(needles) if needles[1:] else scanners.BytesScanner(needles[0])
    scanner.chunk_size, scanner.overlap = 8192, 64
    return list(layer.scan(context, scanner))


def test_a_class_that_we_have_no_other_for_is_kept() -> None:
    assert quick_class("volatility3.framework.layers.crash.WindowsCrashDump64Layer").endswith("64Layer")
    assert quick_class("anything") == "anything"
