# SPDX-License-Identifier: Apache-2.0
"""Types and symbols of a kernel as Volatility's intermediate symbol format (ISF)."""

from .document import Compression, Document, build_isf
from .symbols import SymbolEntries
from .types import TypeEntries

__all__ = ["Compression", "Document", "SymbolEntries", "TypeEntries", "build_isf"]
