# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""An image that has lost its kernel's BTF, answered with a library's types for its banner."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...survey import Survey
from ..lines import one_line
from ..symbols.library_tables import Library
from ..symbols.user_files import UserSymbols
from .kernel_layer import SpaceError, space_of

if TYPE_CHECKING:
    from ...isf.table_files import Agreement
    from ...kernel import Kernel

log = logging.getLogger(__name__)


def lent_kernels(survey: Survey, user: UserSymbols, wanted: str = "") -> list[Kernel]:
    """The kernels in an image that a library has types for, and whose own symbols agree with its table.

    Args:
        survey: the pass over the image.
        user: the user's symbol files.
        wanted: the release of the kernel that the user asks for, or where its BTF lies.

    Returns:
        Those that an address space can be set up for, best first; their doubts say whose the types are.
    """
    from ...kernel.identify.asked import NotThereError, asked_for
    from ...kernel.lent_types import kernels_with_lent_types

    library = Library(user)
    found = kernels_with_lent_types(survey.memory, survey, library.lend)
    agreeing = list(_agreeing(found, library))
    try:
        meant: Sequence[Kernel] = asked_for(agreeing, wanted) if agreeing else []
    except NotThereError:
        return []
    return [kernel for kernel in meant if _has_space(kernel)]


def _agreeing(kernels: Sequence[Kernel], library: Library) -> Iterator[Kernel]:
    """The kernels that are as the library's table says; a line for each that is not."""
    from ...kernel.evidence.crosscheck import FEW

    for kernel in kernels:
        agreement = library.agreement(kernel)
        if agreement is None:
            log.info("nothing tells whether %s is this kernel's", library.url_of(kernel))
            continue
        sentence = _sentence(agreement)
        if agreement.differing > FEW * agreement.listed:
            log.warning(
                "The library's table %s has this kernel's banner and is passed over, as of another build: %s",
                *(one_line(library.url_of(kernel)), one_line(sentence)),
            )
            continue
        told = [f"{doubt}; {sentence}" * (kernel.blob.lent in doubt) or doubt for doubt in kernel.doubts]
        yield replace(kernel, doubts=told)


def _sentence(agreement: Agreement) -> str:
    """How the image's symbols agree with a table's."""
    if not agreement.differing:
        return f"all {agreement.listed} names of the image's kallsyms are where the table has them"
    return (
        f"{agreement.differing} of {agreement.listed} names of the image's kallsyms are not where the table "
        f"has them ({', '.join(agreement.others)})"
    )


def _has_space(kernel: Kernel) -> bool:
    try:
        space_of(kernel)
    except SpaceError as error:
        log.info("with a library's types: %s", error)
        return False
    return True
