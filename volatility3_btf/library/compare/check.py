# SPDX-License-Identifier: Apache-2.0
"""Which kernel of a library an image has, and where its kernel is not as the library's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from ...btf import Types
from ...btf.spelling import counted, printable
from ...files.images import open_memory
from ...kernel import Kernel
from ...kernel.lent_types import kernels_with_lent_types
from ...memory.memory import UnreadableError
from ...survey import Survey
from ..catalogue import Catalogue
from ..entry import Entry, symbols_digest, text_of
from ..folder import LibraryError
from ..found import Found, NothingFoundError, kernels_in
from ..inputs import Input
from ..work import sha256_of
from .code import NotComparableError, code_lines, compare_code
from .difference import symbol_lines, type_lines
from .sides import Side, kernel_side, side_of_entry

MEMORY: Final = "memory image"
"""What the catalogue says of a source that is none."""

SHOWN: Final = 20
"""Lines of differences that are shown of each kind; `library diff` shows all."""


@dataclass
class Verdict:
    """What the library says of one kernel in an image.

    Attributes:
        kernel: the kernel.
        found: it and the memory that it was found in.
        entry: the entry that it is most like; None where it is like none.
        agrees: whether all that can be compared is the same.
        lines: what was compared, for the user.
    """

    kernel: Kernel
    found: Found
    entry: Entry | None = None
    agrees: bool = False
    lines: list[str] = field(default_factory=list)


def check(path: Path, catalogue: Catalogue, shipped: Path | None = None) -> Iterator[Verdict]:
    """Hold the kernels in an image against a library.

    Args:
        path: a memory image, a kernel image or a package.
        catalogue: the library's.
        shipped: the kernel file or package that the image's code is held against; if None, one that the
            library was made from, where that is still there.

    Raises:
        LibraryError: there is no kernel in it, or the library is damaged.
    """
    try:
        for found in kernels_in(path):
            verdict = _verdict(found, catalogue)
            _compare_code(verdict, catalogue, shipped)
            yield verdict
        return
    except NothingFoundError as error:
        reason = str(error)
    lent = False
    try:
        for verdict in _without_btf(path, catalogue):
            lent = True
            _compare_code(verdict, catalogue, shipped)
            yield verdict
    except (OSError, ValueError, UnreadableError):
        pass
    if not lent:
        raise LibraryError(f"{path}: {reason}")


def _verdict(found: Found, catalogue: Catalogue) -> Verdict:
    """Compare a kernel that has its BTF with the entry that is most like it."""
    kernel, verdict = found.kernel, Verdict(found.kernel, found)
    banner = text_of(kernel.banner or b"") or None
    own = {
        "banner": banner,
        "build_id": found.build_id,
        "btf_sha256": kernel.blob.sha256,
        "symbols_sha256": symbols_digest(kernel),
    }
    entries = catalogue.matching(**own)
    if not entries:
        verdict.lines.append("no kernel in the library has its banner, build ID, BTF or symbols")
        return verdict
    entry = max(entries, key=lambda entry: sum(getattr(entry, name) == own[name] for name in own))
    verdict.entry = entry
    same = {
        name: None in (own[name], getattr(entry, name)) or own[name] == getattr(entry, name) for name in own
    }
    for name, title in (("banner", "banner"), ("build_id", "build ID"), ("btf_sha256", "BTF")):
        verdict.lines.append(f"{title}: {_compared(own[name], getattr(entry, name))}")
    if not same["banner"]:
        verdict.lines += [
            f"    here  {printable(banner or '')}",
            f"    there {printable(entry.banner or '')}",
        ]
    if not (same["btf_sha256"] and same["symbols_sha256"]):
        _compare(verdict, catalogue, own["symbols_sha256"] or "")
    else:
        verdict.lines.append(f"symbols: {_compared(own['symbols_sha256'], entry.symbols_sha256)}")
    verdict.agrees = all(same.values())
    return verdict


def _compared(here: str | None, there: str | None) -> str:
    if here is None or there is None:
        return "not compared: " + ("it has none" if here is None else "the library has none")
    return "the same" if here == there else "another one"


def _compare(verdict: Verdict, catalogue: Catalogue, symbols: str) -> None:
    """Say what differs in structures and symbols."""
    assert verdict.entry is not None
    here, there = kernel_side(verdict.kernel, "this image"), side_of_entry(catalogue, verdict.entry)
    verdict.lines += _shown("structures that differ", type_lines(there, here))
    if symbols == verdict.entry.symbols_sha256:
        verdict.lines.append("symbols: the same")
    elif not symbols:
        verdict.lines.append("symbols: not compared: the image has no usable kallsyms")
    else:
        verdict.lines += _shown("symbols that differ", symbol_lines(there, here))


def _shown(title: str, lines: Iterator[str]) -> list[str]:
    first = list(islice(lines, SHOWN))
    left = sum(1 for _ in lines)
    if not first:
        return [f"{title}: none, by name, place and type"]
    more = [f"    and {counted(left, 'more line')}: library diff shows all"] if left else []
    return [f"{title}:", *(f"    {line}" for line in first), *more]


def _without_btf(path: Path, catalogue: Catalogue) -> Iterator[Verdict]:
    """The kernels of a memory image that has lost their BTF, by banner and symbols."""
    lenders: dict[str, Entry] = {}

    def lend(banner: bytes) -> Iterator[tuple[Types, str]]:
        for entry in catalogue.matching(banner=text_of(banner)):
            lenders[entry.name] = entry
            yield side_of_entry(catalogue, entry).types, entry.name

    with open_memory(path) as memory:
        for kernel in kernels_with_lent_types(memory, Survey(memory), lend):
            entry = lenders[kernel.blob.lent]
            found = Found(kernel, memory, None, ("memory image",), has_run=True)
            verdict = Verdict(kernel, found, entry, lines=["banner: the same", "BTF: not in the image"])
            here, there = kernel_side(kernel, "this image"), side_of_entry(catalogue, entry)
            differing = _differing(here, there)
            verdict.agrees = not differing
            listed = counted(len(here.addresses), "name")
            verdict.lines.append(
                f"symbols: all {listed} of the image's kallsyms lie where the library has them"
            )
            if differing:
                verdict.lines[-1:] = _shown("symbols that differ", iter(differing))
            yield verdict


def _compare_code(verdict: Verdict, catalogue: Catalogue, shipped: Path | None) -> None:
    """Hold the code of a kernel in memory against the code that was shipped, if that is at hand."""
    if not verdict.found.has_run or verdict.entry is None:
        return
    path = shipped or _shipped(catalogue, verdict.entry)
    if path is None:
        verdict.lines.append("code: not compared: no kernel file is there that the library was made from")
        return
    try:
        for other in kernels_in(path):
            if other.kernel.banner == verdict.kernel.banner:
                code = compare_code(verdict.found, other)
                verdict.agrees &= not code.changed
                verdict.lines += code_lines(code, path)
                return
        verdict.lines.append(f"code: not compared: {path} has no kernel with this banner")
    except (NothingFoundError, NotComparableError) as error:
        verdict.lines.append(f"code: not compared: {error}")


def _shipped(catalogue: Catalogue, entry: Entry) -> Path | None:
    """A file on disk that an entry was made from, as it was then."""
    for row in catalogue.sources(entry):
        path = Path(row["path"])
        if row["layers"] == MEMORY:
            continue
        try:
            if sha256_of(Input(path, row["size"], 0)) == row["sha256"]:
                return path
        except (OSError, ValueError):
            continue
    return None


def _differing(here: Side, there: Side) -> Sequence[str]:
    """Names that the image lists and the library has not, or elsewhere; it may list fewer."""
    return [
        f"~ {printable(name)} {address:#x}"
        for name, address in sorted(here.addresses.items())
        if there.addresses.get(name) != address
    ]
