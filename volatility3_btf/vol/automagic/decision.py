# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Which layer and which symbol table an image gets: the user's own, or one made from the image."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from volatility3.framework import interfaces

from ...memory.memory import Run
from ...memory.touched import TouchedMemory
from ...survey import Survey
from ..layers import layer_memory
from ..layers.arranged import laid_out
from ..lines import one_line
from ..symbols.store import StoreError, keep, read_kernel
from ..symbols.user_files import UserSymbols
from .glance import Glance, glance_at, notes_in
from .kernel_layer import OnDiskError, ProcessorError, SpaceError, build_layer, space_of, space_of_note
from .memo import listening, recall, remember
from .running import NoTableError, Taken, asked, running_kernel

if TYPE_CHECKING:
    from ...kernel import Banner, Kernel, Vmcoreinfo
    from ...memory.memory import Memory

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface

OWN_CLASS: Final = "volatility3_btf.vol.symbols.kernel_table.BtfKernelSymbols"
OWN_CLASSES: Final = (OWN_CLASS, "volatility3_btf.vol.table.BtfKernelSymbols")
"""The path of our table's class, and those that saved configurations may have."""

STOCK_CLASS: Final = "volatility3.framework.symbols.linux.LinuxKernelIntermedSymbols"


UNKNOWN_LEVELS: Final = (
    "Neither BTF nor VMCOREINFO is in this image to tell how many levels its page tables have: "
    "Volatility takes them for four, and where they are five, it finds nothing"
)

ON_DISK: Final = (
    "this is a kernel as it lies on disk, and no memory: nothing has run in it that a plugin could list. "
    "linux.btfscan, linux.btftypes and linux.btfisf read it"
)

MOST_NOTES: Final = 1024
"""VMCOREINFO notes that are tried where there is a symbol file and no BTF; a kernel has two or three."""


@dataclass(frozen=True)
class Source:
    """Where a symbol table comes from.

    Attributes:
        class_name: the class that reads it.
        url: the file.
        kernel: what it is made of, if it is ours; held so that it need not be read again.
    """

    class_name: str
    url: str
    kernel: Kernel | None = None


@dataclass(frozen=True)
class Answer:
    """What the plugins get that are run on an image.

    Attributes:
        layer: the configuration of the kernel's address space, down to the file.
        offset: by how much KASLR moved the kernel.
        symbol_mask: the layer's address mask.
        files: the user's own symbol files for the kernel, to be tried in this order.
        kernel: the kernel, whose own table serves where none of them does; None if the image has no BTF.
        reason: why it has none, for the user.
        source: the kernel's table, where it is known already.
        keep: keeps what the kernel was identified as, given the file of its table; None where it must not be.
        others: kernels in the image that could be taken in its place, best first.
    """

    layer: interfaces.configuration.HierarchicalDict
    offset: int
    symbol_mask: int
    files: Sequence[str] = ()
    kernel: Kernel | None = None
    reason: str = ""
    source: Source | None = None
    keep: Callable[[Path], None] | None = None
    others: Sequence[Kernel] = ()


def decide(context: Context, physical: str, progress: Any = None) -> Answer | None:
    """Look into an image and choose.

    Args:
        context: a context that may be changed.
        physical: the name of its physical layer.
        progress: Volatility's progress callback.

    Returns:
        The answer; None where it is left to Volatility: there is no Linux in the image, or nothing but the
        user's symbol file that something could be made of.

    Raises:
        NoTableError, SpaceError: there is a Linux kernel, and no table can be made for it.
    """
    memory = layer_memory(context, physical)
    if not memory.has_run:
        raise OnDiskError(ON_DISK)
    user = UserSymbols.load()
    wanted = asked(context)
    answer = None if wanted else _by_memo(context, physical, memory, user)
    if answer is not None:
        return answer
    touched = TouchedMemory(memory)
    survey = Survey(touched, progress=progress)
    glance = glance_at(survey)
    if not glance.is_linux:
        log.info("there is no Linux kernel in this image")
        return None
    try:
        with listening() as ear:
            taken = _taken(survey, glance, wanted, user)
    except (NoTableError, SpaceError) as error:
        known = [banner for banner in glance.banners if banner.text in user]
        if wanted or not known or isinstance(error, ProcessorError):
            raise
        log.info("only the user's symbol file serves: %s", error)
        notes = notes_in(survey)
        if isinstance(error, NoTableError) and not notes:
            log.warning("%s", UNKNOWN_LEVELS)
        return _by_note(context, physical, notes, known, user, str(error))
    laid = laid_out(context, physical, survey.memory, taken.kernel)
    if laid is None:
        answer = _by_first_that_serves(context, physical, taken, user)
        is_plain = taken.is_alone and taken.kernel.state == "exact" and not (wanted or ear.heard)
        return replace(answer, keep=partial(remember, touched, taken.kernel)) if is_plain else answer
    again = _taken(
        Survey(layer_memory(context, laid), progress=progress),
        *(glance, "", user),
        home=_home_in_physical_memory(taken.kernel),
        place=taken.kernel.blob.offset + (taken.kernel.layer_base or 0),
    )
    return _by_first_that_serves(context, laid, again, user)


def _by_memo(context: Context, physical: str, memory: Memory, user: UserSymbols) -> Answer | None:
    """The answer for an image whose kernel was identified before; None where it is to be done again."""
    from ...kernel.stored import CompactError
    from ...kernel.stored import running_kernel as as_it_runs
    from ..symbols.kernel_table import hand_over

    memo = recall(memory)
    if memo is None or user.choose(memo.space.banner, memo.sha256, is_exact=True):
        return None
    try:
        kernel = as_it_runs(read_kernel(memo.table), memo.kernel)
        layer = build_layer(context, physical, memo.space)
    except (StoreError, SpaceError, CompactError) as error:
        log.info("the kernel is identified again: %s", error)
        return None
    log.info("identified before, and all that was read of the image for it is what it was")
    log.info("symbol table found: %s", memo.table)
    for sentence in kernel.evidence:
        log.info("evidence: %s", one_line(sentence))
    url = memo.table.as_uri()
    hand_over(url, kernel)
    source = Source(OWN_CLASS, url, kernel)
    shift, mask = memo.space.kaslr_shift, layer.address_mask
    return Answer(layer.build_configuration(), shift, mask, (), kernel, source=source)


def _home_in_physical_memory(kernel: Kernel) -> tuple[Run, ...]:
    """Where a kernel's image lies once its image file is laid out as physical memory."""
    image = None if kernel.symbols is None else kernel.symbols.image
    if image is None or kernel.physical_shift is None:
        return ()
    start = image.start - kernel.physical_shift + (kernel.layer_base or 0)
    return (Run(start, len(image)),) if start >= 0 else ()


def _taken(
    survey: Survey,
    glance: Glance,
    wanted: str,
    user: UserSymbols,
    home: Sequence[Run] = (),
    place: int | None = None,
) -> Taken:
    """The kernel that a plugin gets; where its BTF is lost or damaged, with the types of a library's table.

    Args:
        survey: the pass over the image.
        glance: what was seen in it.
        wanted: the release of the kernel that the user asks for, or where its BTF lies.
        user: the user's symbol files.
        home: where the kernel lies, and
        place: where its BTF does, if it was chosen before.

    Raises:
        NoTableError, SpaceError: there is none, and no library has its banner.
    """
    try:
        wanted = wanted if place is None else f"{place:#x}"
        taken = running_kernel(survey, glance, wanted, user.has_foreign, home=home, place=place)
    except (NoTableError, SpaceError):
        lent = _lent(survey, glance, wanted, user)
        if not lent:
            raise
        return Taken(lent[0], lent[1:])
    if taken.kernel.untyped:
        return _with_untyped(taken, survey, _lent(survey, glance, wanted, user))
    if taken.kernel.blob.state == "complete":
        return taken
    lent = [kernel for kernel in _lent(survey, glance, "", user) if kernel.banner == taken.kernel.banner]
    return Taken(lent[0], [taken.kernel, *taken.others]) if lent else taken


def _with_untyped(taken: Taken, survey: Survey, lent: Sequence[Kernel]) -> Taken:
    """Rank a kernel together with those that have no BTF in the image, and types of a library's."""
    from ...kernel.identify.asked import name_of
    from ...kernel.identify.rank import ranked

    place = taken.kernel.find("linux_banner")
    others = [kernel for kernel in lent if kernel.find("linux_banner") != place]
    first, *rest = ranked(survey.memory, [taken.kernel, *others])
    if not others or not first.blob.lent:
        return taken
    log.warning("A library has its types: %s is taken after all", one_line(name_of(first)))
    return Taken(first, [*rest, *taken.others])


def _lent(survey: Survey, glance: Glance, wanted: str, user: UserSymbols) -> list[Kernel]:
    """The kernels whose types a library has; nothing is looked for where it has none of the banners."""
    if not any(user.library_tables(banner.text) for banner in glance.banners):
        return []
    from .lent import lent_kernels

    return lent_kernels(survey, user, wanted)


def source_for(kernel: Kernel) -> Source:
    """The symbol table of a kernel: stored, or, where nothing can be stored, for this run only."""
    from ..symbols.kernel_table import hand_over

    try:
        path, was_there = keep(kernel)
        log.info("symbol table %s: %s", "found" if was_there else "stored", path)
    except OSError as error:
        path = Path(error.filename)
        log.warning("The symbol table could not be stored and serves for this run only: %s", error)
    url = path.as_uri()
    hand_over(url, kernel)
    return Source(OWN_CLASS, url, kernel)


def _by_first_that_serves(context: Context, physical: str, taken: Taken, user: UserSymbols) -> Answer:
    """The answer for the kernel that was taken, or, with a word, for the next one that has a layer."""
    try:
        return replace(_by_kernel(context, physical, taken.kernel, user), others=taken.others)
    except SpaceError as error:
        if not taken.others:
            raise
        following, *rest = taken.others
        log.warning(
            "The kernel with BTF at %#x cannot be used (%s): the one with BTF at %#x is taken",
            *(taken.kernel.blob.offset, one_line(str(error)), following.blob.offset),
        )
    return _by_first_that_serves(context, physical, Taken(following, rest), user)


def _by_kernel(context: Context, physical: str, kernel: Kernel, user: UserSymbols) -> Answer:
    """The answer for a kernel that was identified."""
    space = space_of(kernel)
    for sentence in kernel.evidence:
        log.info("evidence: %s", sentence)
    for sentence in kernel.doubts:
        log.info("doubt: %s", sentence)
    layer = build_layer(context, physical, space)
    log.info(
        "Linux %s, state %s: BTF at %#x, %d-level page tables at %#x, KASLR shift %#x",
        *(kernel.release, kernel.state, kernel.blob.offset, space.levels, space.root, space.kaslr_shift),
    )
    has_all = kernel.state == "exact" or bool(kernel.blob.lent)
    files = user.choose(space.banner, kernel.blob.sha256, has_all)
    return Answer(layer.build_configuration(), space.kaslr_shift, layer.address_mask, files, kernel)


def tell(kernel: Kernel, own_file: bool = False) -> None:
    """One line for the user, without -v, about a kernel that is not exact: what is missing or contradicts.

    Args:
        kernel: the kernel that a plugin gets.
        own_file: whether types and symbols come from a file of the user's; then only what makes the kernel
            unchecked matters (where it lies, what contradicts), not what the image has lost.
    """
    if kernel.lacking is not None:
        log.warning("%s: lists may be incomplete", one_line(kernel.lacking[:1].upper() + kernel.lacking[1:]))
    if kernel.state == "exact" or (own_file and kernel.state != "unchecked"):
        return
    what = "What this image says of its kernel" if own_file else "The symbol table from this image"
    reasons = "; ".join(kernel.doubts) or "nothing else in the image confirms it"
    log.warning("%s is %s: %s", what, kernel.state, one_line(reasons))


def _by_note(
    context: Context,
    physical: str,
    notes: Iterable[Vmcoreinfo],
    known: Iterable[Banner],
    user: UserSymbols,
    reason: str,
) -> Answer | None:
    """A user's symbol file for a kernel of which only VMCOREINFO tells; its levels are tried, not believed.

    Raises:
        SpaceError: a note tells of 5-level page tables, and they are not there.
    """
    failed: SpaceError | None = None
    banners = {banner.text: banner.release for banner in known}
    pairs = ((note, text) for note in notes for text, release in banners.items() if release == note.release)
    for note, text in islice(pairs, MOST_NOTES):
        files = user.choose(text)
        for levels in (5, 4) if note.number("pgtable_l5_enabled") else (4, 5):
            try:
                space = space_of_note(note, text, levels)
                layer = build_layer(context, physical, space)
            except SpaceError as error:
                if note.number("pgtable_l5_enabled"):
                    failed = error
                continue
            log.info("%d-level page tables by VMCOREINFO, tried; symbol tables: the user's own", levels)
            return Answer(
                layer.build_configuration(), space.kaslr_shift, layer.address_mask, files, None, reason
            )
    if failed is not None:
        raise failed
    return None
