# SPDX-License-Identifier: Apache-2.0
"""Hostile images: each is to cost its reader time or memory out of proportion, or to slip something past.

All are small programs for large files: `write(name, path)` makes an image of `SIZE` bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from support.btfwriter import Writer
from volatility3_btf.btf import Kind

SIZE = 64 << 20  # bytes of an image
BLOB = 9_900_000  # bytes of a type section, nearly as many as are accepted
NOTE = b"OSRELEASE=6.1\nPAGESIZE=4096\nKERNELOFFSET=0\nNUMBER(phys_base)=0\n"
HOLES = 20_000
KERNELS = 17  # one more than modules are held against
UNKNOWN = struct.pack("<3I", 0, 0x60 << 24, 0)  # a record that makes a blob a damaged one
DIGITS = b"".join(b"%d\0" % digit for digit in range(10))


def header(type_len: int, str_len: int) -> bytes:
    """A little-endian BTF header with the strings behind the types."""
    return struct.pack("<HBBI4I", 0xEB9F, 1, 0, 24, 0, type_len, type_len, str_len)


def record(kind: Kind, name: int = 0, vlen: int = 0, word: int = 0, *words: int, flag: bool = False) -> bytes:
    """A type record; `name` is the offset of its name."""
    return struct.pack(f"<{3 + len(words)}I", name, kind << 24 | vlen | flag << 31, word, *words)


def blob(records: Iterable[bytes], strings: bytes = b"") -> bytes:
    """A kernel's blob: `task_struct` first (type 1), filled up so that it is large enough for one."""
    types = record(Kind.STRUCT, 1, 0, 8) + b"".join(records)
    section = b"\0task_struct\0" + strings
    if section[-1:] != b"\0":
        section += b"\0"
    section += b"padding\0" * max(0, (1 << 17) - len(section) // 8)
    return header(len(types), len(section)) + types + section


def filled(data: bytes, size: int = SIZE) -> bytes:
    """Bytes, followed by zeros up to a size."""
    return data.ljust(size, b"\0")


def paged(data: bytes) -> bytes:
    """Bytes, followed by zeros up to a page."""
    return data.ljust(4096, b"\0")


def repeated(data: bytes, size: int = SIZE) -> bytes:
    """Bytes over and over."""
    return (data * (size // len(data) + 1))[:size]


def with_kernel(data: bytes) -> bytes:
    """The bytes with a small kernel's BTF in place of their end."""
    kernel = blob([record(Kind.PTR)])
    return data[: SIZE - len(kernel)] + kernel


def rows(count: int, *columns: int | np.ndarray) -> bytes:  # type: ignore[type-arg]
    """Many records or elements: a column of words each."""
    table = np.empty((count, len(columns)), "<u4")
    for number, column in enumerate(columns):
        table[:, number] = column
    return table.tobytes()


def ids(count: int, first: int = 0) -> np.ndarray:  # type: ignore[type-arg]
    return np.arange(first, first + count, dtype=np.uint32)


def magics() -> bytes:
    """Nothing but BTF's magic, 16 million times."""
    return repeated(b"\x9f\xeb\x01\0")


def headers() -> bytes:
    """A header every 24 bytes, each of a blob of 60 MiB."""
    return repeated(header(60 << 20, 4096))


def headers_with_types() -> bytes:
    """Headers of huge blobs that all start with sound records."""
    return repeated(header(14 << 20, 4096) + record(Kind.PTR) * 20)


def headers_with_names() -> bytes:
    """Headers of blobs with a few names and no types."""
    names = b"\0" + b"".join(b"name%d\0" % i for i in range(20))
    return repeated(header(4096, len(names)) + bytes(4096) + names)


def headers_in_structs() -> bytes:
    """Headers inside a run of members, each followed by a struct of 65,535."""
    return repeated(header(14 << 20, 64) + record(Kind.STRUCT, 0, 0xFFFF, 8))


def tiny_blobs() -> bytes:
    """Whole blobs of 70 bytes."""
    writer = Writer()
    writer.integer("i", 4)
    writer.integer("a_name_of_some_length_to_look_like_names", 4)
    return repeated(writer.blob())


def tiny_kernels() -> bytes:
    """Many kernels' BTF, each just large enough."""
    one = blob([record(Kind.PTR)])
    return repeated(one.ljust(len(one) + -len(one) % 4, b"\0"))


def kernels_and_modules() -> bytes:
    """Kernels' BTF, large and small, and modules' whose names fit none: each may be held against each."""
    pointer = record(Kind.PTR, 0, 0, 0)
    large = b"".join(blob([record(Kind.STRUCT, 1, 0, number), pointer]) for number in range(KERNELS))
    strings = b"\0task_struct\0"
    small = (record(Kind.STRUCT, 1, 0, number) + pointer for number in range(2000))
    kernels = b"".join(paged(header(24, len(strings)) + types + strings) for types in small)
    types = record(Kind.STRUCT, 16, 0, 4) + record(Kind.CONST, 0, 0, 3)
    modules = paged(header(len(types), 2) + types + b"a\0") * 2000
    return filled(large + bytes(-len(large) % 4096) + kernels + modules)


def bases_and_modules() -> bytes:
    """Modules' distilled bases, and modules whose ids and last names fit all of them, but no name does."""
    strings = b"\0task_struct\0"
    bases = (paged(header(12, len(strings)) + record(Kind.STRUCT, 1, 0, at) + strings) for at in range(2000))
    types = record(Kind.STRUCT, 16, 0, 4) + record(Kind.CONST, 0, 0, 1) + record(Kind.STRUCT, 5, 0, 4)
    modules = paged(header(len(types), 6) + types + b"a\0bcd\0") * 12_000
    return filled(b"".join(bases) + modules)


def typedef_loops() -> bytes:
    """A million typedefs, each of the next, the last of the first."""
    count = BLOB // 12
    return filled(blob([rows(count, 1, Kind.TYPEDEF << 24, (ids(count, 3) - 2) % count + 2)]))


def pointer_chain() -> bytes:
    """A million pointers, each to the one before."""
    count = BLOB // 12
    return filled(blob([rows(count, 0, Kind.PTR << 24, ids(count, 1))]))


def doubled_nesting() -> bytes:
    """Unnamed structs with two members of the one before: 2**n members flattened."""
    words = [
        record(Kind.STRUCT, 0, 2, 16, 0, number + 1, 0, 0, number + 1, 64)
        for number in range(BLOB // 36 // 8)
    ]
    return filled(blob(words))


def deep_nesting() -> bytes:
    """Unnamed structs with one member of the one before, 100,000 deep, and named ones around each."""
    count = BLOB // 48
    table = rows(count * 2, 0, Kind.STRUCT << 24 | 1, 8, 0, ids(count * 2, 1), 0)
    return filled(blob([table]))


def flat_wide() -> bytes:
    """1,000 structs that each stand for 60,000 members through unnamed ones."""
    inner = record(Kind.STRUCT, 0, 60_000, 8) + rows(60_000, 1, 1, 0)
    middle = [record(Kind.STRUCT, 0, 1, 8, 0, 2, 0)]
    return filled(blob([inner, *middle, *[record(Kind.STRUCT, 1, 1, 8, 0, 3, 0)] * 20_000]))


def many_functions() -> bytes:
    """200,000 functions of ten parameters."""
    proto = record(Kind.FUNC_PROTO, 0, 10, 1) + rows(10, 1, 1)
    return filled(blob([proto, rows(200_000, 1, Kind.FUNC << 24, 2)]))


def self_nesting() -> bytes:
    """Unnamed structs that contain themselves and each other."""
    count = BLOB // 36
    return filled(
        blob([rows(count, 0, Kind.STRUCT << 24 | 2, 8, 0, ids(count, 2), 0, 0, ids(count, 3) % count + 1, 0)])
    )


def short_struct() -> bytes:
    """A struct of 2**24 - 1 members in a section of 24 bytes."""
    return filled(header(24, 13) + record(Kind.STRUCT, 1, 0xFFFFFF, 8, 1, 1, 0) + b"\0task_struct\0")


def large_struct() -> bytes:
    """A struct with as many members as the section holds."""
    count = BLOB // 12
    return filled(blob([record(Kind.STRUCT, 1, count, 8, flag=True), rows(count, 1, 1, ids(count))]))


def large_enum() -> bytes:
    """An enumeration with as many values as the section holds, all of one name."""
    count = BLOB // 8
    return filled(blob([record(Kind.ENUM, 1, count, 4), rows(count, 1, ids(count))]))


def large_prototype() -> bytes:
    """A function with a million parameters that are that very function type."""
    count = BLOB // 8
    return filled(blob([record(Kind.FUNC_PROTO, 0, count, 2), rows(count, 0, 2)]))


def doubled_prototypes() -> bytes:
    """Function types with two parameters of the one before."""
    words = [
        record(Kind.FUNC_PROTO, 0, 2, number + 1, 0, number + 1, 0, number + 1) for number in range(20_000)
    ]
    return filled(blob([*words, record(Kind.TYPEDEF, 1, 0, 20_001)]))


def large_arrays() -> bytes:
    """Arrays of arrays of 2**32 - 1 elements."""
    words = [record(Kind.ARRAY, 0, 0, 0, number + 1, 1, 0xFFFFFFFF) for number in range(BLOB // 24 // 4)]
    return filled(blob([*words, record(Kind.STRUCT, 1, 1, 8, 1, 30, 0)]))


def long_names() -> bytes:
    """Names of 4 MiB."""
    strings = b"".join(letter * (4 << 20) + b"\0" for letter in (b"a", b"b"))
    count = 1000
    words = [record(Kind.STRUCT, 13 + number, 0, 8) for number in range(count)]
    return filled(blob(words, strings))


def overlapping_names() -> bytes:
    """A million types, each named by another end of one long string."""
    count = BLOB // 12
    return filled(blob([rows(count, ids(count, 13), Kind.STRUCT << 24, 8)], b"a" * (count + 2000)))


def equal_names() -> bytes:
    """A million structs of one name, and one that has a member: else they were a module's distilled base."""
    count = BLOB // 12 - 2
    return filled(blob([rows(count, 1, Kind.STRUCT << 24, 8), record(Kind.STRUCT, 1, 1, 8, 1, 1, 0)]))


def clashing_names() -> bytes:
    """Names that look like those which are made up for unnamed and repeated types."""
    made_up = [b"unnamed_%016x" % number for number in range(2, 40_000)]
    made_up += [b"task_struct___%d" % number for number in range(2, 40_000)]
    strings, places = bytearray(), []
    for name in made_up:
        places.append(13 + len(strings))
        strings += name + b"\0"
    words = [record(Kind.STRUCT, place, 0, 8) for place in places]
    words += [record(Kind.STRUCT, 0, 0, 8), record(Kind.STRUCT, 1, 0, 8)] * 20_000
    return filled(blob(words, bytes(strings)))


def unnamed_members() -> bytes:
    """A struct with 200,000 unnamed members at one place."""
    count = 200_000
    inner = record(Kind.UNION, 0, 1, 8, 1, 1, 0)
    return filled(blob([inner, record(Kind.STRUCT, 1, count, 8), rows(count, 0, 2, 0)]))


def holed_structs() -> bytes:
    """A blob in which every second record has a hole."""
    holed = record(Kind.STRUCT, 1, 5, 64, 1, 2, 0, *[0] * 9, 1, 2, 8) + record(Kind.PTR, 0, 0, 1)
    count = (BLOB - len(holed) * HOLES) // 12 - 2
    return filled(blob([holed * HOLES, rows(count, 0, Kind.PTR << 24, 1), UNKNOWN]))


def records_everywhere() -> bytes:
    """Names before which a function's record starts at every byte, in both byte orders."""
    names = b"\0a" * 32 + b"\0task_struct" + b"\0a_name" * 200 + b"\0\0"
    return filled(b"\x0c" * (12 << 20) + names)


def equal_pieces() -> bytes:
    """A blob with a hole in its strings, all of which lie at every byte of the image."""
    strings = b"a" * (1 << 20) + bytes(8192) + b"a" * (1 << 20)
    return blob([rows(2000, 0, Kind.PTR << 24, 1), UNKNOWN], strings).ljust(SIZE, b"a")


def notes() -> bytes:
    """A VMCOREINFO every 64 bytes, none of which ends."""
    return with_kernel(repeated(NOTE))


def many_notes() -> bytes:
    """VMCOREINFO in every page, all different, as long as one may be."""
    page = NOTE + b"".join(b"SYMBOL(s%d)=%x\n" % (i, i) for i in range(190))
    pages = (b"OSRELEASE=6.%d\n" % number + page[14:4080] for number in range(SIZE // 4096))
    return with_kernel(b"".join(text[:4095].ljust(4096, b"\n") for text in pages))


def banners() -> bytes:
    """Banners end to end, each with brackets that make a careless pattern look twice."""
    return with_kernel(repeated(b"Linux version 6.1 (" + b") #" * 100 + b" "))


def release_path() -> bytes:
    """A kernel whose release is a path."""
    text = b"Linux version ../../../../tmp/x (a@b) (gcc 14) #1 SMP 2026\n\0"
    return filled(blob([record(Kind.PTR)]) + bytes(4096) + text)


def escapes() -> bytes:
    """Terminal escapes, newlines, paths and invalid UTF-8 wherever a name can be."""
    evil = [
        b"\x1b]0;owned\x07\x1b[2J",
        b"a\nb\rc",
        b"../../etc/passwd",
        b"\xff\xfe\xc2\x9b31m",
        b"\xe2\x80\xae",
    ]
    strings = b"".join(name + b"\0" for name in evil)
    places = [13 + strings.index(name) for name in evil]
    words = [record(kind, place, 0, 8) for place in places for kind in (Kind.STRUCT, Kind.UNION, Kind.FWD)]
    words += [record(Kind.STRUCT, places[0], 1, 8, place, 1, 0) for place in places]
    words += [record(Kind.ENUM, place, 1, 4, place, 1) for place in places]
    words += [record(Kind.TYPEDEF, place, 0, 2) for place in places]
    words += [record(Kind.FUNC_PROTO, 0, 1, 0, place, 1) for place in places]
    text = b"Linux version 6.1\x1b[31m (a\x1b[2Jb) (gcc) #1 SMP\n\0"
    text += b"Linux version 6.1 (\x9b31m@b) (gcc) #1 \xff SMP\n\0"
    note = b"OSRELEASE=6.1\x1b[31m\nA=1\nB=2\nC=3\nD=4\n\0"
    return filled(blob(words, strings) + bytes(64) + text + note)


def digits() -> bytes:
    """What a token table looks like at first, over and over."""
    return with_kernel(repeated(DIGITS))


def token_table(**texts: bytes) -> bytes:
    """A token table with its index; texts in place of those of some characters."""
    tokens = [bytes([code]) if 0x20 < code < 0x7F else b"_%02x" % code for code in range(256)]
    for character, text in texts.items():
        tokens[ord(character)] = text
    starts = np.cumsum([0] + [len(text) + 1 for text in tokens[:-1]])
    table = b"".join(text + b"\0" for text in tokens)
    table += bytes(-len(table) % 8) + starts.astype("<u2").tobytes()
    return table + bytes(-len(table) % 8)


def token_tables() -> bytes:
    """Whole token tables with their indexes, and nothing else."""
    return with_kernel(repeated(token_table()))


def kallsyms(names: bytes, count: int, **texts: bytes) -> bytes:
    """Kallsyms of names that take as many bytes each; `texts` are those of tokens."""
    size = len(names) // count
    places = np.arange(0, count, 256, dtype="<u4") * size
    data = struct.pack("<Q", count) + names + bytes(-len(names) % 8) + places.tobytes()
    data += bytes(-len(data) % 8) + token_table(**texts)
    return data + np.arange(count, dtype="<u4").tobytes() + struct.pack("<Q", 0xFFFFFFFF80000000)


def long_tokens() -> bytes:
    """Kallsyms whose million names are all of the longest token."""
    count = 1 << 20
    return filled(kallsyms(b"\2Tx" * count, count, x=b"x" * 500) + blob([record(Kind.PTR)]))


def equal_symbols() -> bytes:
    """Kallsyms whose million names are eight that are asked for."""
    names = b"linux_banner __start_BTF init_task init_cred _text _stext init_top_pgt sys_call_table".split()
    texts = dict(zip("abcdefgh", names, strict=True))
    count = 1 << 20
    return filled(
        kallsyms(b"".join(b"\2D%c" % code for code in b"abcdefgh") * (count >> 3), count, **texts)
        + blob([record(Kind.PTR)])
    )


def shared_names() -> bytes:
    """A million different names, and a dozen token tables that all of them could be made of."""
    count, digits = 1 << 20, np.frombuffer(b"abcdefghijklmnop", np.uint8)
    table = np.full((count, 8), 7, np.uint8)
    table[:, 1:3] = ord("D"), ord("z")
    for place in range(5):
        table[:, 3 + place] = digits[ids(count) >> 4 * place & 15]
    texts = {"z": b"z" * 50}
    data = np.arange(count, dtype="<u4").tobytes() + struct.pack("<Q", 0xFFFFFFFF80000000)
    data += kallsyms(table.tobytes(), count, **texts) + bytes(4096) + token_table(**texts) * 11
    return filled(data + blob([record(Kind.PTR)]))


def asked_names() -> bytes:
    """VMCOREINFO with a hundred thousand symbols, each to be found among long names."""
    count = 120 << 10
    data = kallsyms(b"\2Tx" * count, count, x=b"x" * 500) + blob([record(Kind.PTR)])
    names = (b"SYMBOL(%x)=1\n" % number for number in range(100_000))
    notes = (NOTE + b"A=%d\n" % number + b"".join(islice(names, 4000)) + b"\0" for number in range(25))
    return filled(data + bytes(64) + b"".join(notes))


def numbers_that_fit() -> bytes:
    """A token table before which every word could be the number of symbols, with names behind it."""
    return with_kernel(filled(struct.pack("<I", 0xF0007) * (15 << 18) + token_table()))


def growing_runs() -> bytes:
    """Numbers that grow as markers do, behind numbers that fit how many they are, before token tables."""
    markers = struct.pack("<100I", *range(0, 100_000, 1000))
    run = struct.pack("<I", 99 * 256 + 1) * 256 + b"\3" * 99_000 + markers
    return with_kernel(filled((run + bytes(8)) * 60 + bytes(-len(run) * 60 % 8) + token_table() * 16))


def noise() -> bytes:
    """Random bytes."""
    return with_kernel(np.random.default_rng(6).bytes(SIZE))


BOMBS: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        *(
            magics,
            headers,
            headers_with_types,
            headers_with_names,
            headers_in_structs,
            tiny_blobs,
            tiny_kernels,
            kernels_and_modules,
            bases_and_modules,
        ),
        *(typedef_loops, pointer_chain, doubled_nesting, deep_nesting, flat_wide, self_nesting),
        *(
            many_functions,
            short_struct,
            large_struct,
            large_enum,
            large_prototype,
            doubled_prototypes,
            large_arrays,
        ),
        *(long_names, overlapping_names, equal_names, clashing_names, unnamed_members),
        *(holed_structs, equal_pieces, records_everywhere),
        *(notes, many_notes, banners, release_path, escapes, digits, token_tables, long_tokens, noise),
        *(numbers_that_fit, growing_runs, equal_symbols, shared_names, asked_names),
    )
}
"""The images by name."""


def write(name: str, path: Path) -> Path:
    """Make one of the images."""
    path.write_bytes(BOMBS[name]())
    return path
