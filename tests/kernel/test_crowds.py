# SPDX-License-Identifier: Apache-2.0
"""Decoys beside a real kernel: many of a kind do not take its place, nor its share of what is looked at."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from decoys import answer, ground_of
from dumpmaker.cache import Dump
from support import bombs
from support.overlay import Overlay
from volatility3_btf.btf import Kind
from volatility3_btf.kernel import identify_kernels, identify_running
from volatility3_btf.kernel.loaded.loaded_btf import loaded_btf
from volatility3_btf.kernel.loaded.origin import Sighting, find_sightings

GetDump = Callable[[str], Dump]
HUGE = 2 << 20


def free_huge_pages(image: Overlay, count: int) -> list[int]:
    """The lowest aligned 2 MiB behind the first 16 MiB that hold nothing: what a process can get."""
    pages = [at for at in range(16 << 20, image.end, HUGE) if image.read(at, HUGE).count(0) == HUGE]
    assert len(pages) >= count
    return pages[:count]


def decoy(number: int, size: int = 1 << 17) -> bytes:
    """BTF that decodes whole and defines task_struct, two token tables behind it."""
    names = b"\0task_struct\0padding%05d\0" % number + b"padding\0" * (size // 8)
    types = struct.pack("<9I", 1, 4 << 24, 8, 0, 13 << 24, 0, 13, 12 << 24 | 1, 2)  # STRUCT, FUNC_PROTO, FUNC
    blob = b"\x9f\xeb\x01\x00" + struct.pack("<5I", 24, 0, len(types), len(types), len(names)) + types + names
    table = bombs.token_table()
    return blob + bytes(-len(blob) % 8) + (table + bytes(-len(table) % 8 + 64)) * 2


def test_decoys_with_token_tables_do_not_use_up_the_kernels_share(dump: GetDump) -> None:
    made = dump("amd64-6.12")
    image = Overlay(made.raw)
    sound = identify_kernels(image)[0]
    unit = decoy(0) + bytes(-len(decoy(0)) % 4096)
    each = HUGE // len(unit)
    for page, start in zip(free_huge_pages(image, 2), range(0, 2 * each, each), strict=True):
        data = b"".join(decoy(start + number).ljust(len(unit), b"\0") for number in range(each))
        image.write(page, data)
    kernels = identify_kernels(image)
    assert len(kernels) > 24
    assert (kernels[0].state, kernels[0].blob.offset) == ("exact", sound.blob.offset)
    assert kernels[0].symbols is not None and sound.symbols is not None
    assert list(kernels[0].symbols)[:1000] == list(sound.symbols)[:1000]


def test_made_up_struct_btf_does_not_outvote_the_kernels_own(dump: GetDump) -> None:
    """Each points to a header that a process wrote too, all at one distance: the direct map of nobody."""
    made = dump("amd64-6.1")
    image = Overlay(made.raw)
    kernel = identify_kernels(image)[0]
    honest = loaded_btf(image, kernel)
    struct_btf = kernel.blob.types["btf"]
    page = free_huge_pages(image, 1)[0]
    header = kernel.blob.data[:24]
    at = struct_btf["hdr"].offset
    for number in range(500):
        place, blob = page + number * 1024, page + (1 << 20) + number * 64
        record = bytearray(struct_btf.size)
        address = blob + 0xFFFF880000000000
        record[at : at + 24] = header
        fields = {
            "data": address,
            "nohdr_data": address + kernel.blob.header.hdr_len,
            "strings": address + kernel.blob.header.hdr_len + kernel.blob.header.str_off,
        }
        for name, value in fields.items():
            record[struct_btf[name].offset : struct_btf[name].offset + 8] = value.to_bytes(8, "little")
        size = struct_btf["data_size"].offset
        record[size : size + 4] = kernel.blob.size.to_bytes(4, "little")
        record[struct_btf["refcnt"].offset] = 1
        image.write(place, bytes(record))
        image.write(blob, header)
    # As where no page tables can be read: votes are all there is.
    found = loaded_btf(image, replace(kernel, page_tables=None))
    names = {entry.name for entry in honest.entries if entry.kind == "module"}
    assert names <= {entry.name for entry in found.entries}


def test_a_crowd_of_tiny_blobs_costs_its_own_share_and_hides_nothing(
    dump: GetDump, caplog: pytest.LogCaptureFixture
) -> None:
    """What is found without them still is, copies too, and one line counts what was left out."""
    made = dump("amd64-6.1")
    image = Overlay(made.raw)
    honest = {whose(sighting) for sighting in find_sightings(image)}
    unit, mib = bombs.tiny_blobs()[: 1 << 20], 1 << 20
    free = [at for at in range(16 * mib, image.end, mib) if image.read(at, mib).count(0) == mib]
    crowded = free[:: len(free) // 80]
    for at in crowded:
        image.write(at, unit)
    found = list(find_sightings(image))
    assert honest <= {whose(sighting) for sighting in found}
    added = Counter(sighting.blob.offset >> 20 for sighting in found if whose(sighting) not in honest)
    assert sorted(added) == [at >> 20 for at in crowded]
    assert max(added.values()) <= 64 and added[crowded[-1] >> 20] == 16
    assert caplog.text.count("small blobs, too many for one place, were not looked at") == 1


def whose(sighting: Sighting) -> tuple[object, ...]:
    blob = sighting.blob
    return blob.offset, blob.kind, blob.state, blob.sha256, sighting.name, sighting.origin, sighting.listed


@pytest.mark.parametrize("name", ["s390x-6.12", "arm64-6.1"])
@pytest.mark.parametrize("is_cut", [False, True])
def test_a_blob_of_few_types_hides_no_kernel(dump: Callable[[str], Dump], name: str, is_cut: bool) -> None:
    """It is of the other byte order on s390x; where the kernel's BTF has no header, it alone is whole."""
    ground = ground_of(name, dump)
    if is_cut:
        ground.image.write(ground.kernel.blob.offset, b"\xff" * 24)
    honest = identify_running(ground.image)
    types = bombs.record(Kind.INT, 1, 0, 4, 0x20) + bombs.record(Kind.PTR, 0, 0, 1) * 20
    names = b"\0int\0" + b"padding_name\0" * 20_000
    (place,) = free_huge_pages(ground.image, 1)
    ground.image.write(place, bombs.header(len(types), len(names)) + types + names)
    assert [answer(kernel) for kernel in identify_running(ground.image)] == [answer(one) for one in honest]
    assert honest[0].symbols is not None
