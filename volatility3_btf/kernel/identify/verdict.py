# SPDX-License-Identifier: Apache-2.0
"""What speaks for a kernel and what against it, in sentences, and the state that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..evidence.crosscheck import FEW, unlisted
from ..evidence.witnesses import Testimony
from ..kallsyms.kallsyms import Kallsyms
from ..kernel import Kernel, Said, State
from ..symbols import Symbols
from .placement import Placement

_NOTHING = Said()


def evidence_of(kernel: Kernel, kallsyms: Kallsyms, placement: Placement) -> Said:
    """What of the kernel's placement agreed, what was inferred, and what should have agreed and did not."""
    own = [name for name in placement.direct if name.startswith("kallsyms_")]
    agreed, doubts = [], []
    if "__start_BTF" in placement.direct and not kernel.blob.lent:
        agreed.append(f"__start_BTF is the address of the BTF at {kernel.blob.offset:#x}")
    if placement.banner is not None:
        agreed.append(f"linux_banner is the address of the banner at {placement.banner.offset:#x}")
    if own:
        agreed.append(f"the kallsyms tables lie at their own addresses ({len(own)} compared)")
    if placement.tables > 1:
        agreed.append(f"{placement.tables} kallsyms tables lie where VMCOREINFO says")
    if placement.inferred:
        doubts.append(
            "the distance of virtual and physical addresses was inferred from where functions start"
        )
    if placement.shift is None:
        doubts.append("nothing tells how far virtual and physical addresses are apart")
    said = Said(tuple(agreed), tuple(doubts))
    return said + _compare_note(kernel, placement) + _compare_pointers(placement) + _compare_btf(kernel)


def _compare_note(kernel: Kernel, placement: Placement) -> Said:
    """Whether all symbols of the note have the same address, and its release is the banner's."""
    note, said = placement.note, Said()
    if placement.told:
        text = f"VMCOREINFO has the same address for {placement.agreed} of {placement.told} symbols"
        said += Said((text,)) if placement.agreed == placement.told else Said(against=(text,))
    if note is not None and None not in (note.release, kernel.release) and note.release != kernel.release:
        text = f"VMCOREINFO's release is {note.release}, that of the banner {kernel.release}"
        said += Said(against=(text,))
    return said


def _compare_pointers(placement: Placement) -> Said:
    """Whether all pointers that can be read agree."""
    agreed, seen = placement.pointers, placement.pointers_seen
    if placement.refuted:
        text = "no pointer in the kernel's data agrees with the symbols: this may be a copy that never ran"
        return Said(against=(text,))
    if agreed < seen:
        return Said(
            against=(f"only {agreed} of {seen} pointers in the kernel's data agree with the symbols",)
        )
    if agreed:
        return Said((f"{agreed} of {seen} pointers in the kernel's data agree with the symbols",))
    return Said()


def _compare_btf(kernel: Kernel) -> Said:
    """Whether the BTF is as long as the symbols around it say."""
    symbols = kernel.symbols
    start = None if symbols is None else symbols.get("__start_BTF")
    stop = None if symbols is None else symbols.get("__stop_BTF")
    if start is None or stop is None or kernel.blob.state != "complete" or stop - start == kernel.blob.size:
        return Said()
    text = f"the BTF has {kernel.blob.size} bytes, and {stop - start} by __start_BTF and __stop_BTF"
    return Said(against=(text,))


def losses_of(kernel: Kernel, kallsyms: Kallsyms, placement: Placement, sources: Sequence[str] = ()) -> Said:
    """What of the tables is damaged, what was lost with it, and what the kernel does not list.

    Args:
        kernel: the kernel, its symbols known.
        kallsyms: its tables.
        placement: how they were placed.
        sources: where addresses come from that kallsyms does not have, a phrase each.
    """
    doubts = list(kallsyms.tables.problems)
    if placement.reading.rule != "self-relative" and placement.reading.floating:
        doubts.append("kallsyms_relative_base is damaged; it was derived from other addresses")
    symbols = kernel.symbols
    if symbols is None:
        return Said(doubts=(*doubts, "no symbol's address is known"))
    if symbols.lost:
        doubts.append(
            f"{symbols.lost} of {kallsyms.tables.count} symbols are lost: kallsyms is damaged there"
        )
    if _functions_only(symbols):
        doubts.append(_say_functions_only(sources))
    return Said(doubts=tuple(doubts))


def _say_functions_only(sources: Sequence[str]) -> str:
    """That no variable is listed, and which have an address all the same."""
    sentence = (
        "only the addresses of functions are available: the kernel was built without CONFIG_KALLSYMS_ALL, "
    )
    if not sources:
        return sentence + "so init_task, linux_banner and all other variables have no address here"
    return sentence + "and addresses of variables are known elsewhere: " + ", ".join(sources)


def _functions_only(symbols: Symbols) -> bool:
    """Whether no variable is listed (CONFIG_KALLSYMS_ALL is off)."""
    kinds = np.bincount(symbols.letters | 0x20, minlength=256)
    variables = sum(int(kinds[ord(letter)]) for letter in "dbr")
    return variables * 100 < len(symbols)


def _strangers(kernel: Kernel, symbols: Symbols) -> str:
    """What is to be said of functions that the types name and the symbols do not; empty if there are none."""
    if symbols.lost or _functions_only(symbols) or kernel.blob.state != "complete":
        return ""
    missing, all_names = unlisted(kernel.blob.types, symbols)
    if not missing:
        return ""
    why = "one was changed" if missing <= FEW * all_names else "it may be another kernel's"
    return f"{missing} of {all_names} functions and variables of the BTF are not in kallsyms: {why}"


def _testified(testimonies: Sequence[Testimony]) -> Said:
    """What the witnesses in memory say in favour, and what against."""
    return Said(
        tuple(testimony.sentence for testimony in testimonies if testimony.verdict == "agrees"),
        (),
        tuple(testimony.sentence for testimony in testimonies if testimony.verdict == "contradicts"),
    )


def judged(
    kernel: Kernel,
    placement: Placement,
    how: str,
    testimonies: Sequence[Testimony] = (),
    said: Said = _NOTHING,
) -> Kernel:
    """The kernel with its evidence, its doubts, those that contradict first, and the state that follows.

    Args:
        kernel: the kernel, its symbols and page tables known.
        placement: what speaks for its addresses.
        how: how its BTF is known to be its own: "address", "image" or "near".
        testimonies: what the kernel's memory says of its types and symbols.
        said: what was said before.
    """
    symbols, blob = kernel.symbols, kernel.blob
    if blob.lent:
        said = Said(doubts=(f"its BTF is not in this image: the types are {blob.lent}",)) + said
    if blob.problem:
        said += Said(doubts=(f"the BTF is {blob.state}: {blob.problem}",))
    if symbols is None:
        return replace(kernel, state="types only", evidence=[*said.agreed], doubts=[*said.doubts])
    if blob.lent:
        pass  # where it lies says nothing
    elif how == "image":
        said += Said(("the BTF lies inside the kernel image, though no symbol names its place",))
    elif how == "near":
        said += Said(doubts=("the BTF is the nearest one: no address says that it is this kernel's",))
    strangers = _strangers(kernel, symbols)
    said += Said(against=(strangers,) if strangers else ()) + _testified(testimonies)
    state: State = "unchecked"
    if symbols.lost or _functions_only(symbols) or strangers or blob.state != "complete" or blob.lent:
        state = "partial"
    elif not said.against and (kernel.kaslr_shift is None or kernel.kaslr_found):
        if how == "address" and _is_confirmed(kernel, placement):
            state = "exact"
        else:
            text = "nothing else in the image confirms that these types and addresses belong together"
            said += Said(doubts=(text,))
    return replace(kernel, state=state, evidence=[*said.agreed], doubts=[*said.against, *said.doubts])


def _is_confirmed(kernel: Kernel, placement: Placement) -> bool:
    """Whether more than the place of the BTF speaks for the addresses, and something that only ran holds."""
    checked = kernel.page_tables is not None and kernel.page_tables.checked
    others = [name for name in placement.direct if name != "__start_BTF"]
    noted = placement.is_own and placement.agreed > 1
    return noted or placement.pointers > 1 or (checked and bool(others))
