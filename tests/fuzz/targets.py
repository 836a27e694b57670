# SPDX-License-Identifier: Apache-2.0
"""What is fuzzed: functions that take any bytes and return, whatever the bytes are.

Each lets pass only the errors that the reader's documentation names; anything else that is raised is a bug.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from unittest.mock import patch

import orjson

from fuzz import codes, diskfiles
from fuzz.smallkernel import BANNER, memory, small_kernel, wiped_kernels
from fuzz.smalllists import KERNEL, mapped, small_lists
from support import kdumps, streams
from support.btfwriter import Writer, every_kind
from support.cores import lime as lime_file
from support.cores import xen as xen_core
from support.images import avml as avml_file
from support.packing import zstd
from support.touch import touch_everything
from volatility3_btf.blobs.rescue import Mender
from volatility3_btf.blobs.scan import find_btf
from volatility3_btf.btf import BtfError, Endian, Header, Kind, Types, outline
from volatility3_btf.btf.c.header import c_header
from volatility3_btf.btf.recover.lost_header import recover
from volatility3_btf.btf.recover.mend import mend
from volatility3_btf.btf.views.difference import diff
from volatility3_btf.btf.views.table_rows import rows_of
from volatility3_btf.btf.views.text import render
from volatility3_btf.files.avml import avml_frames
from volatility3_btf.files.formats import FLATTENED, HEAD, FormatError
from volatility3_btf.files.images import open_memory
from volatility3_btf.files.kdump.dump import read_kdump
from volatility3_btf.files.kdump.flattened import Flattened
from volatility3_btf.files.kdump.memory import KdumpMemory
from volatility3_btf.files.packed import is_packed, unpacked
from volatility3_btf.files.qemu_stream import read_stream
from volatility3_btf.files.segments import elf_segments, lime_segments, tidy_segments
from volatility3_btf.files.xen_core import core_segments
from volatility3_btf.isf import TypeEntries, build_isf
from volatility3_btf.isf.declarations import Declarations
from volatility3_btf.kernel import Kernel, KernelError, identify_kernels, parse_banner, parse_vmcoreinfo
from volatility3_btf.kernel.kallsyms.kallsyms import read_kallsyms
from volatility3_btf.kernel.kallsyms.lookup import lookup_at
from volatility3_btf.kernel.kallsyms.tokens import tokens_at_digits
from volatility3_btf.kernel.loaded import loaded_btf as loading
from volatility3_btf.kernel.loaded.module_list import listed_modules
from volatility3_btf.kernel.stored import CompactError, pack_kernel, unpack_kernel
from volatility3_btf.memory.memory import BytesMemory, SegmentedMemory, UnreadableError
from volatility3_btf.survey import DIGITS

ENDIANS: tuple[Endian, ...] = ("little", "big")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Target:
    """Something to fuzz.

    Attributes:
        run: takes the bytes.
        seeds: inputs to start from.
        longest: bytes of an input.
        words: byte strings to mix in.
        runs: inputs for one process, 0 for any number: the fuzzer keeps something of every comparison, and
            where each input stands among many records that fills its memory.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]
    longest: int = 1024
    words: tuple[bytes, ...] = ()
    runs: int = 0


def header(data: bytes) -> None:
    try:
        found = Header.parse(data)
        found.check(len(data))
        outline(data)
    except BtfError:
        return
    assert found.size <= 2 * len(data)


def _blob_of(data: bytes) -> bytes:
    """A blob with a sound header around bytes: so every input reaches the decoder."""
    endian, cut = data[0] & 1, data[1] | data[2] << 8
    body = data[3:]
    cut = min(cut, len(body)) & ~3
    return struct.pack(("<", ">")[endian] + "HBB5I", 0xEB9F, 1, 0, 24, 0, cut, cut, len(body) - cut) + body


def _body_of(blob: bytes) -> bytes:
    """The input from which `_blob_of` makes a blob."""
    found = Header.parse(blob)
    prefix = bytes([found.endian == "big", found.type_len & 0xFF, found.type_len >> 8])
    return prefix + blob[found.hdr_len :]


def types(data: bytes) -> None:
    """The decoder, and then every question about every type."""
    found = _decode(data)
    if found is not None:
        touch_everything(found)


def isf(data: bytes) -> None:
    """Every ISF entry of a blob."""
    found = _decode(data)
    if found is None:
        return
    entries = TypeEntries(found)
    document: list[object] = [entries.base_types]
    document += [entries.user_type(name) for name in entries.user_types]
    document += [entries.enum(name) for name in entries.enums]
    orjson.dumps(document)


def text(data: bytes) -> None:
    """Every type as text, rows and C."""
    found = _decode(data)
    if found is None:
        return
    for one in found:
        assert not CONTROL.search(render(one).replace("\n", ""))
        for row in rows_of(one):
            assert not CONTROL.search(f"{row.type}{row.member}{row.member_type}")
    header = c_header(found)
    assert not CONTROL.search((header.text + header.assertion_text()).replace("\n", "").replace("\t", ""))


def split(data: bytes) -> None:
    """A module's blob on a sound base."""
    if len(data) < 4:
        return
    base = BASES["big" if data[0] & 1 else "little"]
    blob = _blob_of(data)
    try:
        fits = outline(blob).fits(base)
        found = Types(blob, base)
    except BtfError:
        return
    assert fits in (True, False)
    touch_everything(found)
    TypeEntries(found).user_types  # noqa: B018


def _decode(data: bytes) -> Types | None:
    if len(data) < 4:
        return None
    try:
        return Types(_blob_of(data))
    except BtfError:
        return None


def scan(data: bytes) -> None:
    """The scanner, over three runs of which two touch."""
    cut = len(data) // 3
    pieces = [(0, data[:cut]), (cut, data[cut : 2 * cut]), (2 * cut + 64, data[2 * cut :])]
    for blob in find_btf(SegmentedMemory(pieces)):
        assert blob.state == "complete" or blob.problem
        assert len(blob.data) <= blob.size


def headless(data: bytes) -> None:
    """Records and names behind enough sound records to be a kernel's, without a header."""
    if len(data) < 4:
        return
    blob = _blob_of(data)
    found = Header.parse(blob)
    body = bytes(64) + LEADING[found.endian] + blob[found.hdr_len :]
    names = len(body) - found.str_len
    try:
        whole = recover(body, min(names + 1, len(body) - 1))
    except BtfError:
        return
    assert whole.start >= 0 and len(whole.types) >= FUNCTIONS
    assert Types(whole.blob).counts == whole.types.counts


def mending(data: bytes) -> None:
    """The same with a header, and holes: where is said by the input's first bytes."""
    if len(data) < 12:
        return
    whole, holes = _holed_kernel(data)
    for start, end in holes:
        whole = whole[:start] + bytes(max(0, end - start)) + whole[max(start, end) :]
    try:
        mended = mend(whole, holes)
    except BtfError:
        return
    assert not CONTROL.search(mended.describe())
    for number in range(0, len(mended.types), 64):
        render(mended.types[number])


def copies(data: bytes) -> None:
    """The same, with one hole that is not in the image, and a copy with the other hole behind it."""
    if len(data) < 12:
        return
    whole, ((start, end), (low, high)) = _holed_kernel(data)
    copy = whole[:low] + bytes(high - low) + whole[high:]
    image = SegmentedMemory([(0, whole[:start]), (end, whole[end:]), (len(whole) + 512, copy)])
    rescue = Mender(image).rescue(0, Header.parse(whole))
    if rescue is not None:
        assert len(rescue.data) == len(whole)
        assert not CONTROL.search(rescue.problem)


def _holed_kernel(data: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """A blob with so many functions and names that it may be a kernel's, and two ranges of it."""
    ends = struct.unpack_from("<4H", data)
    blob = _blob_of(data[8:])
    found = Header.parse(blob)
    order, size = "<" if found.endian == "little" else ">", len(LEADING[found.endian])
    fields = (found.hdr_len, 0, found.type_len + size, found.type_len + size, found.str_len + len(MORE_NAMES))
    whole = struct.pack(order + "HBB5I", 0xEB9F, 1, 0, *fields)
    whole += LEADING[found.endian] + blob[found.hdr_len :] + MORE_NAMES
    pairs = zip(ends[::2], ends[1::2], strict=True)
    return whole, [(min(*pair, len(whole)), min(max(pair), len(whole))) for pair in pairs]


def loaded(data: bytes) -> None:
    """The lists of BTF and of modules, and all BTF in them; without page tables if the first byte is 0."""
    image = memory(data[1:])
    space = mapped(image)
    with patch.object(loading, "address_space_of", lambda *_: None if data[:1] < b"\1" else space):
        found = loading.loaded_btf(image, KERNEL)
    for entry in found.entries:
        assert not CONTROL.search(entry.name)
        blob = entry.read()
        assert blob.state == "complete" or blob.problem
        found.module(entry.name)
    modules = listed_modules(space, KERNEL)
    assert len({module.address for module in modules.modules}) == len(modules.modules)


def differences(data: bytes) -> None:
    """What differs between two blobs; the first two bytes say where the second one starts."""
    cut = int.from_bytes(data[:2], "little")
    old, new = _decode(data[2 : 2 + cut]), _decode(data[2 + cut :])
    if old is None or new is None:
        return
    for change in diff(old, new):
        names = [change.name, *(member.member for member in change.members)]
        assert not CONTROL.search("".join(names))
        # A typedef of a struct may have become one of a union with the same members.
        assert change.old_size != change.new_size or change.members or change.kind == "typedef"


def kallsyms(data: bytes) -> None:
    place = BytesMemory(data)
    for hit in islice(place.find(DIGITS), 4):
        found = tokens_at_digits(place, hit)
        if found is None:
            continue
        lookup = lookup_at(place, found)
        if lookup is not None:
            number = lookup.number("linux_banner")
            assert number is None or 0 <= number < lookup.tables.count
            for _, values in lookup.addresses(("linux_banner", "_text")):
                assert values.keys() <= {"linux_banner", "_text"}
                assert all(0 <= value < 1 << 64 for value in values.values())
        try:
            tables = read_kallsyms(place, found)
        except KernelError:
            continue
        for reading in tables.readings:
            assert len(reading.values) == tables.tables.count
            tables.values(reading, "linux_banner")


def identify(data: bytes) -> None:
    """Everything from one image: BTF, banner, note and symbols tied, and the symbol table made of them."""
    image = memory(data)
    blobs = [blob for blob in find_btf(image) if blob.kind == "kernel" and blob.state == "complete"]
    for kernel in identify_kernels(image, blobs):
        text = "".join([kernel.release or "", *kernel.evidence, *kernel.doubts])
        assert not CONTROL.search(text)
        if kernel.symbols is not None:
            assert len(list(kernel.symbols)) == len(kernel.symbols)
        document = build_isf(kernel)
        assert re.fullmatch(r"[\w.+~-]{1,100}", document.file_name())
        orjson.dumps(document.content)
        assert pack_kernel(unpack_kernel(pack_kernel(kernel)))


def compact(data: bytes) -> None:
    """The kept kernel: the digest is put right, so that what it protects is reached."""
    try:
        kernel = unpack_kernel(data + hashlib.sha256(data).digest())
    except CompactError:
        return
    if kernel.symbols is not None:
        assert len(kernel.symbols.names) == len(kernel.symbols)
        kernel.symbols.get("linux_banner")
    build_isf(kernel)


def note(data: bytes) -> None:
    found = parse_vmcoreinfo(data)
    if found is None:
        return
    for key in found.entries:
        assert not CONTROL.search(key)
        found.number(key[7:-1])
        found.hexadecimal(key)
    assert len(found.symbols) <= len(found.entries)
    assert found.release is None or not CONTROL.search(found.release)


def banner(data: bytes) -> None:
    found = parse_banner(data)
    assert found is None or not CONTROL.search(found.release)


def declarations(data: bytes) -> None:
    text = data.decode("ascii", "replace")
    try:
        found = Declarations(text)
        found.match(["init_task", "module_kset", "tk_core", "abc_def", "sys_call_table", "x.5"])
    except ValueError:
        return


def elf(data: bytes) -> None:
    read_at = _reader(data)
    try:
        segments = list(elf_segments(read_at))
    except FormatError:
        return
    tidy_segments(segments)


def lime(data: bytes) -> None:
    read_at = _reader(data)
    try:
        segments = list(lime_segments(read_at, len(data)))
    except FormatError:
        return
    tidy_segments(segments)


def xen(data: bytes) -> None:
    read_at = _reader(data)
    try:
        segments = core_segments(read_at)
    except FormatError:
        return
    assert sum(segment.length for segment in tidy_segments(segments)) < 1 << 63


def avml(data: bytes) -> None:
    frames, damage = avml_frames(_reader(data), len(data))
    assert all(0 < frame.length <= 1 << 16 for frame in frames)
    assert damage is None or 0 <= damage <= len(data)


def stream(data: bytes) -> None:
    """A migration stream; its pages are read as a search reads them."""
    read_at = _reader(data)
    try:
        found = read_stream(read_at, len(data))
        for start, length in found.runs():
            assert len(found.read(read_at, start, min(length, 1 << 16))) == min(length, 1 << 16)
    except (FormatError, UnreadableError):
        return


def kdump_file(data: bytes) -> None:
    """A compressed kdump file, in pieces or not; read and searched."""
    read_at, size = _reader(data), len(data)
    try:
        if data.startswith(FLATTENED):
            whole = Flattened(read_at, size)
            read_at, size = whole.read, whole.size
        found = KdumpMemory(read_kdump(read_at, size))
        list(islice(found.find(b"\x9f\xeb\x01\0"), 64))
        for run in found.runs[:64]:
            assert len(found.read(run.start, min(run.length, 1 << 16))) == min(run.length, 1 << 16)
    except (FormatError, UnreadableError):
        return


def packed_file(data: bytes) -> None:
    """A file that is packed as a whole."""
    with os.fdopen(os.memfd_create("image"), "w+b") as file:
        file.write(data)
        try:
            whole = unpacked(file)
        except FormatError:
            return
        assert whole is file or whole.read(1)
        whole.close()


def image(data: bytes) -> None:
    """A file of any format, opened, read and searched."""
    descriptor = os.memfd_create("image")
    try:
        os.write(descriptor, data)
        with open_memory(f"/proc/self/fd/{descriptor}") as found:
            assert found.size <= 2 * len(data) or is_packed(data[:HEAD])
            for run in found.runs:
                assert len(found.read(run.start, min(run.length, 64))) == min(run.length, 64)
            list(islice(found.find(b"\x9f\xeb\x01\0"), 64))
    except (FormatError, UnreadableError):
        return
    finally:
        os.close(descriptor)


def _reader(data: bytes) -> Callable[[int, int], bytes]:
    def read_at(offset: int, length: int) -> bytes:
        assert offset >= 0 and 0 <= length <= 1 << 26
        return data[offset : offset + length]

    return read_at


BASES = {endian: Types(every_kind(endian).blob()) for endian in ENDIANS}


FUNCTIONS = 1200


def _leading(endian: Endian) -> bytes:
    """A prototype and its functions."""
    words = (0, Kind.FUNC_PROTO << 24, 0) + (1, Kind.FUNC << 24, 1) * FUNCTIONS
    return struct.pack(f"{'<' if endian == 'little' else '>'}{len(words)}I", *words)


LEADING = {endian: _leading(endian) for endian in ENDIANS}
MORE_NAMES = b"".join(b"name_%d\0" % number for number in range(500))
"""So many that a string section is as long as a kernel's is at least."""


def _blobs() -> Iterator[bytes]:
    for endian in ENDIANS:
        yield every_kind(endian).blob()
        yield every_kind(endian).blob(32, b"\1\2\3\4" * 4)


def _bodies() -> Iterator[bytes]:
    yield from map(_body_of, _blobs())
    for endian in ENDIANS:
        writer = Writer(endian)
        size = writer.integer("unsigned int", 4, bits=5, shift=3)
        writer.struct("old", 8, [("bit", size, 0), ("next", size, 5)])
        writer.typedef("endless", 4)
        writer.typedef("loop", 3)
        writer.struct("", 4, [("", 5, 0)])
        writer.array(6, 1, 1 << 31)
        yield _body_of(writer.blob())


HEADER = 24  # bytes


def _holed() -> Iterator[bytes]:
    for number, body in enumerate(_bodies()):
        for hole in (HEADER + len(LEADING["little"]) + 60 * number, 400):
            yield struct.pack("<4H", hole, hole + 32, hole + 700, hole + 740 + number) + body


def _lists() -> Iterator[bytes]:
    yield from (flag + small_lists() for flag in (b"\0", b"\1"))


def _pairs() -> Iterator[bytes]:
    bodies = list(_bodies())
    for one, other in zip(bodies, [*bodies[2:], *bodies[:2]], strict=True):
        yield len(one).to_bytes(2, "little") + one + other


def _modules() -> Iterator[bytes]:
    for endian in ENDIANS:
        writer = Writer(endian, every_kind(endian))
        writer.struct("state", 8, [("owner", 4, 0), ("comm", 5, 64)])
        writer.func("start", 16)
        yield _body_of(writer.blob())


def _images(symbols: int = 300) -> Iterator[bytes]:
    for rule in ("relative", "per-CPU absolute", "self-relative", "absolute"):
        yield small_kernel("little", symbols, rule)
    yield small_kernel("big", symbols)
    yield from wiped_kernels(symbols)


def _tables() -> Iterator[bytes]:
    """The images up to the end of kallsyms."""
    return (whole[:0x8000].rstrip(b"\0") + bytes(8) for whole in _images())


def _kept() -> Iterator[bytes]:
    for whole in _images():
        place = memory(whole)
        blobs = list(find_btf(place))
        for kernel in identify_kernels(place, blobs):
            yield pack_kernel(kernel)[:-32]
        yield pack_kernel(Kernel(blobs[0]))[:-32]


def _notes() -> Iterator[bytes]:
    yield small_kernel()[small_kernel().index(b"OSRELEASE=") :]
    yield b"OSRELEASE=5.10\nNUMBER(phys_base)=-4096\nKERNELOFFSET=1c000000\nSIZE(page)=64\nCRASHTIME=1\n\0"


def _declared() -> Iterator[bytes]:
    yield b"struct task_struct init_task;\nstruct kset *module_kset;\nstruct { u64 a, b; } tk_core;\n"
    yield b"/* c */ int (*abc_$[4])(void); unsigned long $_table[], *x[0x10]; enum e y; // z\n"


def _elves() -> Iterator[bytes]:
    for order, wide in (("<", True), (">", True), ("<", False), (">", False)):
        ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
        if wide:
            head = struct.pack(order + "HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
            table = struct.pack(order + "IIQQQQQQ", 1, 7, 200, 0, 4096, 32, 32, 0)
            table += struct.pack(order + "IIQQQQQQ", 1, 7, 232, 0, 0, 32, 32, 0)
        else:
            head = struct.pack(order + "HHIIIIIHHHHHH", 4, 3, 1, 0, 64, 0, 0, 52, 32, 2, 0, 0, 0).ljust(
                48, b"\0"
            )
            table = struct.pack(order + "8I", 1, 200, 0, 4096, 32, 32, 0, 0)
            table += struct.pack(order + "8I", 1, 232, 0, 0, 32, 32, 0, 0)
        yield (ident + head + table).ljust(200, b"\0") + b"\x9f\xeb\x01\0" * 16


def _xens() -> Iterator[bytes]:
    for p2m in (False, True):
        yield xen_core([(0, bytes(4096)), (5, b"\1" * 4096)], p2m)


def _streams() -> Iterator[bytes]:
    part = streams.pages(b"pc.ram", [(0, 0), (4096, b"a" * 4096), (3 * 4096, 255)])
    whole = streams.stream({b"pc.ram": 64 << 20}, part, behind=streams.clock(32 << 20, 32 << 20))
    yield whole
    yield streams.libvirts(whole)
    yield whole.replace(streams.FIRST_PART[:5], streams.FIRST_PART[:5] + streams.command(7, b"\0\1"), 1)


def _kdumps() -> Iterator[bytes]:
    pages = {0: b"\x9f\xeb\x01\0" * 1024, 1: bytes(4096), 5: b"ab" * 2048}
    for packing in (0, *kdumps.PACK):
        yield kdumps.kdump(pages, packing=packing, excluded=(2, 3), notes=bytes(64))
    yield kdumps.kdump(pages, part=(0, 3), order=">")
    yield kdumps.kdump(pages, wide=False)
    yield kdumps.flattened(kdumps.kdump(pages), 3000, shift=1)


def _packed() -> Iterator[bytes]:
    content = bytes(3000) + bytes(range(100))
    for pack in (gzip.compress, bz2.compress, lzma.compress, zstd.compress):
        yield pack(content)
    yield zlib.compress(lime_file([(0, content)]))
    yield gzip.compress(zstd.compress(content))
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("memory", content)
    yield buffer.getvalue()
    yield streams.libvirts(gzip.compress(content), packed=1)


def _limes() -> Iterator[bytes]:
    ranges = ((0, 16), (4096, 8), (64, 4))
    yield b"".join(
        struct.pack("<IIQQ8x", 0x4C694D45, 1, start, start + size - 1) + bytes(size) for start, size in ranges
    )


def _files() -> Iterator[bytes]:
    yield from _elves()
    yield from _limes()
    yield BANNER + b"\x1f\x8b"
    yield b"\x1f\x8b\x08\0"


NAMES = (b"task_struct", b".data..percpu", b".maps", b"long unsigned int", b"\x1b[31m", b"../../x", b"\n")

TARGETS: dict[str, Target] = {
    "header": Target(header, _blobs, 1024, (b"\x9f\xeb\x01\0", b"\xeb\x9f\x01\0")),
    "types": Target(types, _bodies, 1024, NAMES),
    "isf": Target(isf, _bodies, 1024, NAMES),
    "text": Target(text, _bodies, 1024, NAMES),
    "split": Target(split, _modules, 512, NAMES),
    "scan": Target(scan, _blobs, 2048, (b"\x9f\xeb\x01\0\x18\0\0\0", b"\xeb\x9f\x01\0\0\0\0\x18", *NAMES)),
    "mending": Target(mending, _holed, 1024, NAMES, runs=1500),
    "copies": Target(copies, _holed, 1024, NAMES, runs=1500),
    "headless": Target(headless, _bodies, 1024, NAMES, runs=1500),
    "loaded": Target(loaded, _lists, 2048, (b"\x9f\xeb\x01\0\x18\0\0\0",)),
    "differences": Target(differences, _pairs, 2048, NAMES),
    "kallsyms": Target(kallsyms, _tables, 12 << 10),
    "identify": Target(identify, _images, 40 << 10),
    "compact": Target(compact, _kept, 24 << 10),
    "note": Target(note, _notes, 1024, (b"SYMBOL(", b"NUMBER(", b"KERNELOFFSET=", b"OSRELEASE=")),
    "banner": Target(
        banner, lambda: iter([BANNER, BANNER.replace(b"#1 ", b"# ")]), 512, (b"Linux version ",)
    ),
    "declarations": Target(declarations, _declared, 256, (b"struct ", b"(*$)(void)", b"[]", b"enum ", b"};")),
    "elf": Target(elf, _elves, 512, (b"\x7fELF\2\1\1", struct.pack("<H", 0xFFFF))),
    "lime": Target(lime, _limes, 256, (b"EMiL\1\0\0\0",)),
    "xen": Target(xen, _xens, 1 << 14, (b".xen_pages\0", b".xen_p2m\0", b".xen_pfn\0")),
    "avml": Target(avml, lambda: iter([avml_file([(0x1000, bytes(9000)), (0x9000, b"abc")])]), 1024),
    "stream": Target(stream, _streams, 9000, (b"QEVM\0\0\0\3", b"\x06pc.ram", b"LibvirtQemudSave")),
    "kdump": Target(kdump_file, _kdumps, 29 << 10, (b"KDUMP   ", b"makedumpfile\0\0\0\0")),
    "packed": Target(packed_file, _packed, 1024, (b"PK\3\4", b"LibvirtQemudSave", b"\x28\xb5\x2f\xfd")),
    "kernel_file": Target(diskfiles.kernel_file, diskfiles.kernel_files, 48 << 10, diskfiles.WORDS),
    "package": Target(diskfiles.kernel_file, diskfiles.packages, 24 << 10, diskfiles.PACKAGE_WORDS),
    "module_file": Target(diskfiles.module_file, diskfiles.module_files, 24 << 10, diskfiles.PACKAGE_WORDS),
    "code": Target(codes.compared, codes.codes, 4 << 10),
    "image": Target(image, _files, 512, (b"EMiL\1\0\0\0", b"\x7fELF\2\1\1")),
}
"""The fuzz targets by name; the names of the folders under `crashers`."""
