# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Which layer and which symbol table an image gets: the user's own, or one made from the image."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from volatility3.framework import interfaces

from .addressing import PlaceError, build_layer, place_of, place_of_note
from .arranged import laid_out
from .glance import glance_at, notes_in
from .layers import layer_memory
from .lines import one_line
from .running import NoTableError, Taken, asked, running_kernel
from .store import keep
from .usersymbols import UserSymbols

if TYPE_CHECKING:
    from ..kernel import Banner, Kernel, Vmcoreinfo

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface
Layer: TypeAlias = interfaces.layers.DataLayerInterface

BANNERS_OF_ONE: Final = 2
"""Times that a kernel's memory holds its whole banner: `linux_banner`, and a copy that was made at boot."""

OWN_CLASS: Final = "volatility3_btf.vol.table.BtfKernelSymbols"
STOCK_CLASS: Final = "volatility3.framework.symbols.linux.LinuxKernelIntermedSymbols"


UNKNOWN_LEVELS: Final = (
    "Neither BTF nor VMCOREINFO is in this image to tell how many levels its page tables have: "
    "Volatility takes them for four, and where they are five, it finds nothing"
)


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
    """What a plugin's kernel module needs.

    Attributes:
        layer: the configuration of the layer, down to the file.
        offset: by how much KASLR moved the kernel.
        symbol_mask: the layer's address mask.
        source: the symbol table.
    """

    layer: interfaces.configuration.HierarchicalDict
    offset: int
    symbol_mask: int
    source: Source


def decide(context: Context, physical: str, progress: Any = None) -> Answer | None:
    """Look into an image and choose.

    Args:
        context: a context that may be changed.
        physical: the name of its physical layer.
        progress: Volatility's progress callback.

    Returns:
        The answer; None where Volatility does right by itself: there is no Linux in the image, or the user
        has a symbol file for it.

    Raises:
        NoTableError, PlaceError: there is a Linux kernel, and no table can be made for it.
    """
    memory = layer_memory(context, physical)
    glance = glance_at(memory, progress)
    if not glance.is_linux:
        log.info("there is no Linux kernel in this image")
        return None
    user = UserSymbols.load()
    known = [banner for banner in glance.banners if banner.text in user]
    notes = notes_in(memory, progress) if known else []
    wanted = asked(context)
    if not wanted and _is_plain(notes, glance.banners, known, user):
        log.info("left to Volatility: there is a symbol file for this kernel")
        return None
    try:
        taken = running_kernel(memory, glance, progress, wanted, user.has_foreign)
    except (NoTableError, PlaceError) as error:
        if wanted or not known:
            raise
        log.info("only the user's symbol file serves: %s", error)
        if isinstance(error, NoTableError) and not notes:
            log.warning("%s", UNKNOWN_LEVELS)
        return _by_note(context, physical, notes, known, user)
    laid = laid_out(context, physical, memory, taken.kernel)
    if laid is None:
        return _by_first_that_serves(context, physical, taken, user)
    there = f"{taken.kernel.blob.offset + (taken.kernel.layer_base or 0):#x}"
    again = running_kernel(layer_memory(context, laid), glance, progress, there)
    return _by_first_that_serves(context, laid, replace(again, is_alone=False), user)


def source_for(kernel: Kernel) -> Source:
    """The symbol table of a kernel: stored, or, where nothing can be stored, for this run only."""
    from .table import hand_over

    try:
        path, was_there = keep(kernel)
        log.info("symbol table %s: %s", "found" if was_there else "stored", path)
    except OSError as error:
        path = Path(error.filename)
        log.warning("The symbol table could not be stored and serves for this run only: %s", error)
    url = path.as_uri()
    hand_over(url, kernel)
    return Source(OWN_CLASS, url, kernel)


def _by_first_that_serves(context: Context, physical: str, taken: Taken, user: UserSymbols) -> Answer | None:
    """The answer for the kernel that was taken, or, with a word, for the next one that has a layer."""
    try:
        return _by_kernel(context, physical, taken, user)
    except PlaceError as error:
        if not taken.others:
            raise
        following, *rest = taken.others
        log.warning(
            "The kernel with BTF at %#x cannot be used (%s): the one with BTF at %#x is taken",
            *(taken.kernel.blob.offset, one_line(str(error)), following.blob.offset),
        )
    return _by_first_that_serves(context, physical, Taken(following, False, rest), user)


def _by_kernel(context: Context, physical: str, taken: Taken, user: UserSymbols) -> Answer | None:
    """The answer for a kernel that was identified; None where Volatility can serve the image itself."""
    kernel = taken.kernel
    place = place_of(kernel)
    for sentence in kernel.evidence:
        log.info("evidence: %s", sentence)
    for sentence in kernel.doubts:
        log.info("doubt: %s", sentence)
    choice = user.choose(place.banner, kernel.blob.sha256)
    if choice is not None and choice.is_ours and kernel.state == "exact":
        log.info("the image has all that is in %s, which linux.btfisf wrote", choice.url)
        choice = None
    if choice is not None and choice.is_stock and place.levels == 4 and taken.is_alone:
        log.info("left to Volatility: there is a symbol file for this kernel, %s", choice.url)
        return None
    layer = build_layer(context, physical, place)
    log.info(
        "Linux %s, state %s: BTF at %#x, %d-level page tables at %#x, KASLR shift %#x",
        *(kernel.release, kernel.state, kernel.blob.offset, place.levels, place.root, place.kaslr_shift),
    )
    if choice is not None:
        log.info("symbol table: the user's own, %s", choice.url)
        tell(kernel, own_file=True)
        return _answer(layer, place.kaslr_shift, Source(STOCK_CLASS, choice.url))
    tell(kernel)
    return _answer(layer, place.kaslr_shift, source_for(kernel))


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
    context: Context, physical: str, notes: Iterable[Vmcoreinfo], known: Iterable[Banner], user: UserSymbols
) -> Answer | None:
    """A user's symbol file on a 5-level kernel of which only VMCOREINFO tells; else Volatility's own way."""
    for note, banner in product(notes, known):
        url = user.url_of(banner.text)
        if url is not None and note.number("pgtable_l5_enabled") and note.release == banner.release:
            place = place_of_note(note, banner.text)
            layer = build_layer(context, physical, place)
            log.info("5-level page tables by VMCOREINFO; symbol table: the user's own, %s", url)
            return _answer(layer, place.kaslr_shift, Source(STOCK_CLASS, url))
    return None


def _is_plain(
    notes: Sequence[Vmcoreinfo], banners: Iterable[Banner], known: Iterable[Banner], user: UserSymbols
) -> bool:
    """Whether there is one kernel only, with 4-level page tables, that the user's file is for."""
    releases = {note.release for note in notes}
    places = {(note.release, note.kernel_offset, note.number("phys_base")) for note in notes}
    if len(places) != 1 or any(note.number("pgtable_l5_enabled") for note in notes):
        return False
    if sum(banner.kind == "banner" for banner in banners) > BANNERS_OF_ONE:
        return False
    return any(user.has_foreign(banner.text) for banner in known if banner.release in releases)


def _answer(layer: Layer, shift: int, source: Source) -> Answer:
    return Answer(layer.build_configuration(), shift, layer.address_mask, source)
