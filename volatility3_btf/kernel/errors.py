# SPDX-License-Identifier: Apache-2.0
"""What can go wrong when a kernel is looked for."""

from __future__ import annotations


class KernelError(ValueError):
    """Something about a kernel in the image could not be made out; the message says what."""


class KallsymsError(KernelError):
    """The kallsyms tables at a place are none, or are damaged beyond use."""


class TooManySymbolsError(KallsymsError):
    """There are kallsyms tables at a place, of more symbols than are wanted."""


class NoKernelError(KernelError):
    """The image holds no kernel with BTF."""
