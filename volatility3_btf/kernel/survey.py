# SPDX-License-Identifier: Apache-2.0
"""One pass over an image for everything that a kernel says of itself: banners, VMCOREINFO, kallsyms."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..memory import Memory, Progress
from . import banner as banners_
from . import vmcoreinfo as notes_
from .banner import Banner
from .errors import KernelError
from .kallsyms import Kallsyms, read_kallsyms
from .tokens import DIGITS, Tokens, tokens_at, tokens_at_digits
from .vmcoreinfo import Vmcoreinfo

log = logging.getLogger(__name__)

_MOST_HITS = 1 << 12
"""Places at which one kind of text is looked at; an honest image of 512 MiB has about ten."""

_MOST_TABLES, _MOST_THOROUGH = 32, 4
"""Token tables of an image that are followed at all, and with all means; each kernel has one."""

_KALLSYMS_NAMES = (
    "kallsyms_num_syms",
    "kallsyms_names",
    "kallsyms_token_index",
    "kallsyms_offsets",
    "kallsyms_relative_base",
)


@dataclass
class Findings:
    """What one pass over the image found.

    Attributes:
        banners: every `Linux version` text but format strings.
        notes: every VMCOREINFO.
        kallsyms: every kallsyms that could be read.
        complaints: what was found and could not be read, a sentence each.
    """

    banners: list[Banner] = field(default_factory=list)
    notes: list[Vmcoreinfo] = field(default_factory=list)
    kallsyms: list[Kallsyms] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def survey(memory: Memory, progress: Progress | None = None) -> Findings:
    """Look for banners, VMCOREINFO and kallsyms in one pass."""
    hits: tuple[list[int], ...] = ([], [], [])
    needles = (banners_.SIGNATURE, notes_.SIGNATURE, DIGITS)
    for offset, number in memory.search(needles, 0, None, progress, "Searching kernels", _MOST_HITS):
        if len(hits[number]) < _MOST_HITS:
            hits[number].append(offset)
    findings = Findings(banners_.read_banners(memory, hits[0]), notes_.read_vmcoreinfo(memory, hits[1]))
    findings.complaints += ["too many places look like a kernel's text: not all were looked at"] * any(
        len(places) == _MOST_HITS for places in hits
    )
    _read_all_kallsyms(memory, hits[2], findings)
    return findings


def _read_all_kallsyms(memory: Memory, hits: Iterable[int], findings: Findings) -> None:
    """Read the kallsyms at every token table: those that VMCOREINFO tells, and those found by their shape."""
    found: dict[int, Tokens] = {}
    for tokens in (*_told_tables(memory, findings.notes), *(tokens_at_digits(memory, hit) for hit in hits)):
        if tokens is not None:
            found.setdefault(tokens.table, tokens)
    likely = sorted(found.values(), key=lambda tokens: (tokens.endian is None, len(tokens.lost)))
    if len(likely) > _MOST_TABLES:
        findings.complaints.append(f"{len(likely)} places look like a token table; {_MOST_TABLES} were read")
    if not likely:
        told = any(note.symbol("kallsyms_token_table") is not None for note in findings.notes)
        why = "VMCOREINFO tells of one, so it is damaged" if told else "there is none, or it is damaged"
        findings.complaints.append(f"no kallsyms_token_table was found: {why}")
    for number, tokens in enumerate(likely[:_MOST_TABLES]):
        try:
            found_there = _read_with_notes(memory, tokens, findings.notes, number < _MOST_THOROUGH)
            findings.kallsyms.append(found_there)
        except KernelError as error:
            findings.complaints.append(str(error))
            log.info("%s", error)


def _read_with_notes(memory: Memory, tokens: Tokens, notes: Iterable[Vmcoreinfo], thorough: bool) -> Kallsyms:
    """Read kallsyms with the help of the note whose distance between the two token tables fits."""
    for note in notes:
        table, index = note.symbol("kallsyms_token_table"), note.symbol("kallsyms_token_index")
        if table is None or index is None or index - table != tokens.index - tokens.table:
            continue
        told = {name: note.symbol(name) for name in _KALLSYMS_NAMES}
        moved = {name: at - table + tokens.table for name, at in told.items() if at is not None}
        places = {name: at for name, at in moved.items() if at >= 0}
        return read_kallsyms(memory, tokens, places, thorough)
    return read_kallsyms(memory, tokens, None, thorough)


def _told_tables(memory: Memory, notes: Iterable[Vmcoreinfo]) -> Iterator[Tokens | None]:
    """The token tables at the places that VMCOREINFO tells, if the layer's addresses are physical."""
    for note in notes:
        table, shift = note.symbol("kallsyms_token_table"), note.physical_shift
        index = note.symbol("kallsyms_token_index")
        if table is not None and index is not None and shift is not None:
            yield tokens_at(memory, table - shift, index - shift)
