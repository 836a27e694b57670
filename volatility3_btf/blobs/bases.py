# SPDX-License-Identifier: Apache-2.0
"""The BTF that modules' may stand on."""

import logging

from ..btf import Outline, Types
from ..limits import Once
from .blob import MIN_KERNEL, Blob

log = logging.getLogger(__name__)

MOST_BASES = 16
"""Different kernels' BTF that modules' may stand on; a host's memory has its own and its guests'."""

MOST_DISTILLED = 16
"""Modules' distilled bases that are remembered, the latest; each is of one module only."""


class Bases:
    """The BTF that modules' may stand on: kernels', and distilled bases.

    Args:
        kernels: the kernels' known already, by their SHA-256; more may come.
        distilled: the distilled bases known already.
    """

    def __init__(
        self, kernels: dict[str, Types] | None = None, distilled: dict[str, Types] | None = None
    ) -> None:
        self._kernels = {} if kernels is None else kernels
        self._distilled = {} if distilled is None else distilled
        self._full = Once()

    def add(self, base: Blob) -> None:
        """Take in a base, unless it is too small for a kernel's; copies of one are taken once."""
        if base.kind == "kernel":
            self._add_kernel(base)
            return
        self._distilled[base.sha256] = base.types
        if len(self._distilled) > MOST_DISTILLED:
            del self._distilled[next(iter(self._distilled))]

    def _add_kernel(self, kernel: Blob) -> None:
        if kernel.size < MIN_KERNEL or kernel.sha256 in self._kernels:
            return
        if len(self._kernels) < MOST_BASES:
            self._kernels[kernel.sha256] = kernel.types
        else:
            text = "too many kernels' BTF: no module's is held against that at %#x"
            self._full.warn(log, text, kernel.offset)

    def base_of(self, module: Outline) -> Types | None:
        """The types that a module's ids and names fit; None where no known base has them.

        Distilled bases come first: ids on top of a kernel's fit no other, but a few low ones could fit both.
        """
        known = (*self._distilled.values(), *self._kernels.values())
        same_order = (types for types in known if types.header.endian == module.header.endian)
        return next((types for types in same_order if module.fits(types)), None)
