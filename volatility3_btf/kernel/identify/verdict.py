# SPDX-License-Identifier: Apache-2.0
"""What speaks for a kernel and what against it, in sentences, and the state that follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..evidence.crosscheck import FEW, unlisted
from ..evidence.witnesses import Testimony
from ..kallsyms.kallsyms import Kallsyms
from ..kernel import Kernel
from ..symbols import Symbols
from .placement import Placement


def tell_evidence(kernel: Kernel, kallsyms: Kallsyms, placement: Placement) -> list[str]:
    """Tell what agreed and what was inferred.

    Returns:
        What should have agreed and did not, a sentence each.
    """
    own = [name for name in placement.direct if name.startswith("kallsyms_")]
    if "__start_BTF" in placement.direct:
        kernel.evidence.append(f"__start_BTF is the address of the BTF at {kernel.blob.offset:#x}")
    if placement.banner is not None:
        kernel.evidence.append(f"linux_banner is the address of the banner at {placement.banner.offset:#x}")
    if own:
        kernel.evidence.append(f"the kallsyms tables lie at their own addresses ({len(own)} compared)")
    if placement.tables > 1:
        kernel.evidence.append(f"{placement.tables} kallsyms tables lie where VMCOREINFO says")
    if placement.inferred:
        kernel.doubts.append(
            "the distance of virtual and physical addresses was inferred from where functions start"
        )
    if placement.shift is None:
        kernel.doubts.append("nothing tells how far virtual and physical addresses are apart")
    return [*_compare_note(kernel, placement), *_compare_pointers(kernel, placement), *_compare_btf(kernel)]


def _compare_note(kernel: Kernel, placement: Placement) -> Iterator[str]:
    """Whether all symbols of the note have the same address, and its release is the banner's."""
    note = placement.note
    if placement.told:
        text = f"VMCOREINFO has the same address for {placement.agreed} of {placement.told} symbols"
        if placement.agreed == placement.told:
            kernel.evidence.append(text)
        else:
            yield text
    if note is not None and None not in (note.release, kernel.release) and note.release != kernel.release:
        yield f"VMCOREINFO's release is {note.release}, that of the banner {kernel.release}"


def _compare_pointers(kernel: Kernel, placement: Placement) -> Iterator[str]:
    """Whether all pointers that can be read agree."""
    agreed, seen = placement.pointers, placement.pointers_seen
    if placement.refuted:
        yield "no pointer in the kernel's data agrees with the symbols: this may be a copy that never ran"
    elif agreed < seen:
        yield f"only {agreed} of {seen} pointers in the kernel's data agree with the symbols"
    elif agreed:
        kernel.evidence.append(f"{agreed} of {seen} pointers in the kernel's data agree with the symbols")


def _compare_btf(kernel: Kernel) -> Iterator[str]:
    """Whether the BTF is as long as the symbols around it say."""
    symbols = kernel.symbols
    start = None if symbols is None else symbols.get("__start_BTF")
    stop = None if symbols is None else symbols.get("__stop_BTF")
    if start is None or stop is None or kernel.blob.state != "complete":
        return
    if stop - start != kernel.blob.size:
        yield f"the BTF has {kernel.blob.size} bytes, and {stop - start} by __start_BTF and __stop_BTF"


def tell_losses(
    kernel: Kernel, kallsyms: Kallsyms, placement: Placement, sources: Sequence[str] = ()
) -> None:
    """What of the tables is damaged, what was lost with it, and what the kernel does not list.

    Args:
        kernel: the kernel, its symbols known.
        kallsyms: its tables.
        placement: how they were placed.
        sources: where addresses come from that kallsyms does not have, a phrase each.
    """
    kernel.doubts += kallsyms.tables.problems
    if placement.reading.rule != "self-relative" and placement.reading.floating:
        kernel.doubts.append("kallsyms_relative_base is damaged; it was derived from other addresses")
    symbols = kernel.symbols
    if symbols is None:
        kernel.doubts.append("no symbol's address is known")
        return
    if symbols.lost:
        kernel.doubts.append(
            f"{symbols.lost} of {kallsyms.tables.count} symbols are lost: kallsyms is damaged there"
        )
    if _functions_only(symbols):
        kernel.doubts.append(_say_functions_only(sources))


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


def _contradictions(kernel: Kernel, testimonies: Sequence[Testimony]) -> list[str]:
    """Tell what the witnesses in memory say in favour; what they say against."""
    kernel.evidence += [testimony.sentence for testimony in testimonies if testimony.verdict == "agrees"]
    return [testimony.sentence for testimony in testimonies if testimony.verdict == "contradicts"]


def judge(
    kernel: Kernel,
    placement: Placement,
    how: str,
    testimonies: Sequence[Testimony] = (),
    against: Sequence[str] = (),
) -> None:
    """Decide the state from how much agrees; what contradicts is told first.

    Args:
        kernel: the kernel, its symbols and page tables known; gets its state.
        placement: what speaks for its addresses.
        how: how its BTF is known to be its own: "address", "image" or "near".
        testimonies: what the kernel's memory says of its types and symbols.
        against: what contradicted itself before, a sentence each.
    """
    symbols = kernel.symbols
    if kernel.blob.problem:
        kernel.doubts.append(f"the BTF is {kernel.blob.state}: {kernel.blob.problem}")
    if symbols is None:
        kernel.state = "types only"
        return
    if how == "image":
        kernel.evidence.append("the BTF lies inside the kernel image, though no symbol names its place")
    elif how == "near":
        kernel.doubts.append("the BTF is the nearest one: no address says that it is this kernel's")
    strangers = _strangers(kernel, symbols)
    against = [*against, *([strangers] if strangers else []), *_contradictions(kernel, testimonies)]
    kernel.doubts[:0] = against
    if symbols.lost or _functions_only(symbols) or strangers or kernel.blob.state != "complete":
        kernel.state = "partial"
    elif against or (kernel.kaslr_shift is not None and not kernel.kaslr_found):
        kernel.state = "unchecked"
    elif how == "address" and _is_confirmed(kernel, placement):
        kernel.state = "exact"
    else:
        kernel.state = "unchecked"
        kernel.doubts.append(
            "nothing else in the image confirms that these types and addresses belong together"
        )


def _is_confirmed(kernel: Kernel, placement: Placement) -> bool:
    """Whether more than the place of the BTF speaks for the addresses, and something that only ran holds."""
    checked = kernel.page_tables is not None and kernel.page_tables.checked
    others = [name for name in placement.direct if name != "__start_BTF"]
    noted = placement.is_own and placement.agreed > 1
    return noted or placement.pointers > 1 or (checked and bool(others))
