# SPDX-License-Identifier: Apache-2.0
"""What speaks for a kernel and what against it, in sentences, and the state that follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .crosscheck import FEW, unlisted
from .kallsyms import Kallsyms
from .kernel import Kernel
from .placing import Placement
from .symbols import Symbols
from .witnesses import Testimony


def tell_evidence(kernel: Kernel, kallsyms: Kallsyms, placement: Placement) -> None:
    """What agreed, and what should have and did not."""
    own = [name for name in placement.direct if name.startswith("kallsyms_")]
    if "__start_BTF" in placement.direct:
        kernel.evidence.append(f"__start_BTF is the address of the BTF at {kernel.blob.offset:#x}")
    if placement.banner is not None:
        kernel.evidence.append(f"linux_banner is the address of the banner at {placement.banner.offset:#x}")
    if own:
        kernel.evidence.append(f"the kallsyms tables lie at their own addresses ({len(own)} compared)")
    if placement.agreed:
        text = f"VMCOREINFO has the same address for {placement.agreed} of {placement.told} symbols"
        (kernel.evidence if placement.agreed == placement.told else kernel.doubts).append(text)
    if placement.tables > 1:
        kernel.evidence.append(f"{placement.tables} kallsyms tables lie where VMCOREINFO says")
    if placement.pointers:
        seen = placement.pointers_seen
        kernel.evidence.append(
            f"{placement.pointers} of {seen} pointers in the kernel's data agree with the symbols"
        )
    elif placement.pointers_seen > 2:
        kernel.doubts.append(
            "no pointer in the kernel's data agrees with the symbols: this may be a copy that never ran"
        )
    if placement.inferred:
        kernel.doubts.append(
            "the distance of virtual and physical addresses was inferred from where functions start"
        )
    if placement.shift is None:
        kernel.doubts.append("nothing tells how far virtual and physical addresses are apart")


def tell_losses(kernel: Kernel, kallsyms: Kallsyms, placement: Placement) -> None:
    """What of the tables is damaged, what was lost with it, and what the kernel does not list."""
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
        kernel.doubts.append(
            "only the addresses of functions are available: the kernel was built without "
            "CONFIG_KALLSYMS_ALL, so init_task, linux_banner and all other variables have no address here"
        )


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
    if not missing or missing > FEW * all_names:
        return ""
    return f"{missing} of {all_names} functions and variables of the BTF are not in kallsyms: one was changed"


def _tell_testimonies(kernel: Kernel, testimonies: Sequence[Testimony]) -> bool:
    """Add what the witnesses in memory say; whether one of them contradicts."""
    told = {"agrees": kernel.evidence, "contradicts": kernel.doubts}
    for testimony in testimonies:
        if testimony.verdict in told:
            told[testimony.verdict].append(testimony.sentence)
    return any(testimony.verdict == "contradicts" for testimony in testimonies)


def judge(
    kernel: Kernel,
    placement: Placement,
    how: str,
    testimonies: Sequence[Testimony] = (),
    disputed: bool = False,
) -> None:
    """Decide the state from how much agrees.

    Args:
        kernel: the kernel, its symbols and page tables known; gets its state.
        placement: what speaks for its addresses.
        how: how its BTF is known to be its own: "address", "image" or "near".
        testimonies: what the kernel's memory says of its types and symbols.
        disputed: whether there are two answers to how far KASLR moved it.
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
    if strangers:
        kernel.doubts.append(strangers)
    contradicted = _tell_testimonies(kernel, testimonies)
    others = [name for name in placement.direct if name != "__start_BTF"]
    checked = kernel.page_tables is not None and kernel.page_tables.checked
    alive = placement.pointers > 1 or placement.agreed > 1 or checked
    if symbols.lost or _functions_only(symbols) or strangers or kernel.blob.state != "complete":
        kernel.state = "partial"
    elif disputed or contradicted:
        kernel.state = "unchecked"
    elif how == "address" and alive and (others or placement.agreed > 1 or placement.pointers > 1):
        kernel.state = "exact"
    else:
        kernel.state = "unchecked"
        kernel.doubts.append(
            "nothing else in the image confirms that these types and addresses belong together"
        )
