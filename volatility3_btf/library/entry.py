# SPDX-License-Identifier: Apache-2.0
"""A kernel as a library has it: what tells it from others, and what it is told by."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from ..btf import Kind
from ..isf.document import Document, safe_name
from ..kernel import Kernel
from ..kernel.kernel import STATES

DIGITS: Final = 12
"""Of a hash, in file names."""

_DISTRIBUTIONS: Final = (
    ("Debian", rb"debian-kernel@lists\.debian\.org"),
    ("Ubuntu", rb"\(buildd@[^)]*\).*Ubuntu|-Ubuntu "),
    ("Fedora", rb"\.fc\d+\b|fedoraproject\.org"),
    ("Amazon Linux", rb"\.amzn\d+\b"),
    ("Oracle Linux", rb"\bel\d+uek\b|oracle\.com"),
    ("Rocky Linux", rb"rockylinux\.org"),
    ("AlmaLinux", rb"almalinux\.org"),
    ("CentOS", rb"centos\.org"),
    ("Red Hat Enterprise Linux", rb"redhat\.com"),
    ("Arch Linux", rb"@archlinux\)"),
    ("SUSE", rb"\(geeko@buildhost\)"),
    ("Alpine Linux", rb"-alpine[@)]|\(buildozer@"),
    ("Android", rb"-android\d+-|android-build@"),
)
"""Distributions by what their build machines write into banners; a custom kernel has none."""


@dataclass(frozen=True)
class Entry:
    r"""One kernel in a library.

    Attributes:
        name: its files' name without suffix: release, digits of the BTF's hash, digits of the identity.
        identity: hexadecimal SHA-256 of its BTF, banner and symbols; equal kernels have the same.
        release: as uname(1) prints it; None where nothing tells.
        banner: the text of `linux_banner`, without `\n\0`; bytes that are no ASCII are shown as `\xNN`.
        build_id: hexadecimal digits of the GNU build ID; None where it was not found.
        architecture: "x86-64", "arm64", …
        distribution: whose build machine wrote the banner; None for others.
        btf_sha256: of the BTF.
        symbols_sha256: of names, letters and link-time addresses, in kallsyms' order; None without them.
        types, structs, functions: how many the BTF has.
        symbols, typed_symbols: how many the table has.
        state: what the table is worth, as in `Kernel.state`.
    """

    name: str
    identity: str
    release: str | None
    banner: str | None
    build_id: str | None
    architecture: str | None
    distribution: str | None
    btf_sha256: str
    symbols_sha256: str | None
    types: int
    structs: int
    functions: int
    symbols: int
    typed_symbols: int
    state: str

    @property
    def rank(self) -> tuple[int, int, bool]:
        """What is better is smaller: by the state, by how many symbols there are, by the build ID.

        A dump can tell of symbols that a kernel on disk does not list.
        """
        return STATES.index(self.state), -self.symbols, self.build_id is None

    def as_dict(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)


def entry_of(kernel: Kernel, document: Document, build_id: str | None = None) -> Entry:
    """The entry of a kernel.

    Args:
        kernel: the kernel.
        document: its symbol table.
        build_id: hexadecimal digits, where it is known.
    """
    btf, counts = kernel.blob.sha256, kernel.blob.types.counts
    symbols, banner = symbols_digest(kernel), kernel.banner or b""
    parts = (btf, banner.hex(), symbols or "", kernel.release or "", kernel.blob.state)
    identity = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return Entry(
        name=f"{safe_name(kernel.release)}-{btf[:DIGITS]}-{identity[:DIGITS]}",
        identity=identity,
        release=kernel.release,
        banner=text_of(banner) or None,
        build_id=build_id,
        architecture=kernel.architecture,
        distribution=distribution_of(banner),
        btf_sha256=btf,
        symbols_sha256=symbols,
        types=sum(counts.values()),
        structs=counts.get(Kind.STRUCT, 0),
        functions=counts.get(Kind.FUNC, 0),
        symbols=document.symbols,
        typed_symbols=document.typed,
        state=kernel.state,
    )


def symbols_digest(kernel: Kernel) -> str | None:
    """Hexadecimal SHA-256 of what kallsyms lists, at link-time addresses; None without symbols."""
    symbols = kernel.symbols
    if symbols is None or not len(symbols):
        return None
    digest = hashlib.sha256(symbols.link_addresses(kernel.kaslr_shift or 0).astype("<u8").tobytes())
    digest.update(symbols.letters.tobytes())
    for piece in symbols.pieces():
        digest.update(("\n".join(piece) + "\n").encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def distribution_of(banner: bytes) -> str | None:
    """Whose kernel it is by its banner; None for a custom one."""
    return next((name for name, pattern in _DISTRIBUTIONS if re.search(pattern, banner)), None)


def text_of(banner: bytes) -> str:
    r"""A banner as text, without the newline and NUL at its end."""
    return banner.rstrip(b"\n\0").decode("ascii", "backslashreplace")
