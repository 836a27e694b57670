# SPDX-License-Identifier: Apache-2.0
"""Writes BTF blobs, for tests: a record a call, ids in the order of the calls."""

import struct
from collections.abc import Iterable, Sequence

from volatility3_btf.btf import Endian, Kind


class Writer:
    """Collects records and strings; `blob()` gives the bytes.

    Args:
        endian: byte order of the blob.
        base: the writer of the base, for a split blob.
    """

    def __init__(self, endian: Endian = "little", base: "Writer | None" = None) -> None:
        self.endian: Endian = endian
        self._order = "<" if endian == "little" else ">"
        self._types = bytearray()
        self._strings = bytearray() if base else bytearray(b"\0")
        self._base = base
        self._offsets: dict[bytes, int] = {} if base else {b"": 0}
        self.next_id: int = base.next_id if base else 1

    @property
    def strings_end(self) -> int:
        """One past the last string offset, base's strings included."""
        return (self._base.strings_end if self._base else 0) + len(self._strings)

    def string(self, text: str | bytes) -> int:
        """The offset of a string, which is added where it is new."""
        raw = text.encode() if isinstance(text, str) else text
        known = self._known(raw)
        if known is not None:
            return known
        offset = self.strings_end
        self._strings += raw + b"\0"
        self._offsets[raw] = offset
        return offset

    def record(
        self,
        kind: int,
        name: str | bytes = "",
        size_or_type: int = 0,
        words: Iterable[int] = (),
        vlen: int = 0,
        kind_flag: bool = False,
    ) -> int:
        """Add any record, sound or not; returns its type id."""
        info = (vlen & 0xFFFFFF) | (kind & 0x7F) << 24 | kind_flag << 31
        fields = [self.string(name), info, size_or_type, *words]
        self._types += struct.pack(f"{self._order}{len(fields)}I", *(field & 0xFFFFFFFF for field in fields))
        self.next_id += 1
        return self.next_id - 1

    def integer(
        self, name: str, size: int, encoding: int = 0, bits: int | None = None, shift: int = 0
    ) -> int:
        width = size * 8 if bits is None else bits
        return self.record(Kind.INT, name, size, [encoding << 24 | shift << 16 | width])

    def floating(self, name: str, size: int) -> int:
        return self.record(Kind.FLOAT, name, size)

    def reference(self, kind: Kind, type_id: int, name: str = "", kind_flag: bool = False) -> int:
        return self.record(kind, name, type_id, kind_flag=kind_flag)

    def ptr(self, type_id: int) -> int:
        return self.reference(Kind.PTR, type_id)

    def typedef(self, name: str, type_id: int) -> int:
        return self.reference(Kind.TYPEDEF, type_id, name)

    def array(self, type_id: int, index_type: int, count: int) -> int:
        return self.record(Kind.ARRAY, "", 0, [type_id, index_type, count])

    def composite(
        self,
        kind: Kind,
        name: str,
        size: int,
        members: Sequence[tuple[str, int, int] | tuple[str, int, int, int]],
    ) -> int:
        """A struct or union; members are (name, type, bit offset[, bit size]), with bit size: kind_flag."""
        flagged = any(len(member) == 4 for member in members)
        words: list[int] = []
        for name_, type_id, offset, *width in members:
            words += [self.string(name_), type_id, offset | (width[0] if width else 0) << 24]
        return self.record(kind, name, size, words, len(members), flagged)

    def struct(
        self, name: str, size: int, members: Sequence[tuple[str, int, int] | tuple[str, int, int, int]]
    ) -> int:
        return self.composite(Kind.STRUCT, name, size, members)

    def union(
        self, name: str, size: int, members: Sequence[tuple[str, int, int] | tuple[str, int, int, int]]
    ) -> int:
        return self.composite(Kind.UNION, name, size, members)

    def enum(self, name: str, values: Sequence[tuple[str, int]], size: int = 4, signed: bool = False) -> int:
        words = [word for text, value in values for word in (self.string(text), value)]
        return self.record(Kind.ENUM, name, size, words, len(values), signed)

    def enum64(self, name: str, values: Sequence[tuple[str, int]], signed: bool = False) -> int:
        words = [word for text, value in values for word in (self.string(text), value, value >> 32)]
        return self.record(Kind.ENUM64, name, 8, words, len(values), signed)

    def fwd(self, name: str, is_union: bool = False) -> int:
        return self.record(Kind.FWD, name, kind_flag=is_union)

    def func_proto(self, return_type: int, params: Sequence[tuple[str, int]]) -> int:
        words = [word for text, type_id in params for word in (self.string(text), type_id)]
        return self.record(Kind.FUNC_PROTO, "", return_type, words, len(params))

    def func(self, name: str, proto: int, linkage: int = 0) -> int:
        return self.record(Kind.FUNC, name, proto, vlen=linkage)

    def var(self, name: str, type_id: int, linkage: int = 1) -> int:
        return self.record(Kind.VAR, name, type_id, [linkage])

    def datasec(self, name: str, size: int, entries: Sequence[tuple[int, int, int]]) -> int:
        words = [word for entry in entries for word in entry]
        return self.record(Kind.DATASEC, name, size, words, len(entries))

    def decl_tag(self, name: str, type_id: int, component: int = -1) -> int:
        return self.record(Kind.DECL_TAG, name, type_id, [component])

    def blob(self, hdr_len: int = 24, layout: bytes = b"") -> bytes:
        """The blob: header, types, strings, then the layout section if there is one."""
        types, strings = bytes(self._types), bytes(self._strings)
        fields = [0, len(types), len(types), len(strings)]
        if hdr_len >= 32:
            fields += [len(types) + len(strings), len(layout)]
        header = struct.pack(f"{self._order}HBBI{len(fields)}I", 0xEB9F, 1, 0, hdr_len, *fields)
        return header.ljust(hdr_len, b"\0") + types + strings + layout

    def _known(self, raw: bytes) -> int | None:
        known = self._base._known(raw) if self._base else None
        return self._offsets.get(raw) if known is None else known


def every_kind(endian: Endian) -> Writer:
    """A small blob with a record of each kind; `task_struct` has the members of the real one's style."""
    writer = Writer(endian)
    integer = writer.integer("int", 4, encoding=1)
    char = writer.integer("char", 1, encoding=2)
    size = writer.integer("long unsigned int", 8)
    pointer = writer.ptr(0)
    array = writer.array(char, size, 16)
    tagged = writer.reference(Kind.TYPE_TAG, char, "user")
    union = writer.union("", 8, [("word", size, 0), ("pointer", pointer, 0)])
    task = writer.struct(
        "task_struct",
        32,
        [("comm", array, 0, 0), ("", union, 128, 0), ("flag", integer, 192, 3), ("more", integer, 195, 29)],
    )
    writer.enum("state", [("RUNNING", 0), ("DEAD", -1)], signed=True)
    writer.enum64("wide", [("LOW", 1), ("HIGH", 1 << 63)])
    writer.fwd("nothing")
    writer.typedef("task_t", task)
    for kind in (Kind.VOLATILE, Kind.CONST, Kind.RESTRICT):
        writer.reference(kind, tagged)
    proto = writer.func_proto(integer, [("task", pointer), ("", 0)])
    writer.func("task_struct", proto, linkage=1)
    var = writer.var("current_task", pointer)
    writer.datasec(".data..percpu", 8, [(var, 0, 8)])
    writer.floating("double", 8)
    writer.decl_tag("bpf_kfunc", task, -1)
    return writer
