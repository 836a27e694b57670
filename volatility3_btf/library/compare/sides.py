# SPDX-License-Identifier: Apache-2.0
"""A kernel as it is compared: out of a file, or out of a library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ...btf import Types
from ...btf.spelling import printable
from ...isf.symbols import SymbolEntries
from ...isf.table_files import TableFileError, addresses_of, read_btf, read_document
from ...isf.types import TypeEntries
from ...kernel import Kernel
from ..catalogue import Catalogue
from ..entry import Entry
from ..folder import LibraryError
from ..found import NothingFoundError, kernels_in


@dataclass(frozen=True, eq=False)
class Side:
    """What is compared of a kernel.

    Attributes:
        name: what to call it.
        types: its types.
        addresses: the lowest link-time address of each symbol, by name; empty without symbols.
    """

    name: str
    types: Types = field(repr=False)
    addresses: Mapping[str, int] = field(repr=False)


def side_of(text: str, catalogue: Catalogue | None) -> Side:
    """The kernel that a user means.

    Args:
        text: a file, or a release, name or digits of a hash in a library.
        catalogue: the library's, if there is one.

    Raises:
        LibraryError: it is none, or several.
    """
    if Path(text).is_file():
        return _from_file(Path(text))
    if catalogue is None:
        raise LibraryError(f"{text} is no file (of a kernel in a library, --in DIR says which library)")
    entries = catalogue.named(text)
    if not entries:
        raise LibraryError(f"{text} is no file, and no kernel in {catalogue.folder}")
    if len(entries) > 1:
        names = ", ".join(entry.name for entry in entries[:4])
        raise LibraryError(f"{text} is {len(entries)} kernels in {catalogue.folder}: {names}")
    return side_of_entry(catalogue, entries[0])


def side_of_entry(catalogue: Catalogue, entry: Entry) -> Side:
    """A kernel of a library. Raises LibraryError: its files are gone, damaged, or not those of its name."""
    try:
        types = read_btf(catalogue.btf(entry).read_bytes(), entry.btf_sha256)
        addresses = addresses_of(read_document(catalogue.isf(entry).read_bytes()))
    except OSError as error:
        raise LibraryError(f"{error.filename}: {error.strerror}") from error
    except TableFileError as error:
        raise LibraryError(f"{entry.name}: {error}") from error
    return Side(entry.name, types, addresses)


def kernel_side(kernel: Kernel, name: str) -> Side:
    """A kernel that was identified. Raises BtfError: its types are lost."""
    entries = SymbolEntries(kernel, TypeEntries(kernel.blob.types))
    return Side(name, kernel.blob.types, addresses_of({"symbols": entries.all()}))


def _from_file(path: Path) -> Side:
    try:
        found = next(kernels_in(path), None)
        if found is None:
            raise LibraryError(f"{path}: no kernel in it")
        kernel = found.kernel
        return kernel_side(kernel, f"{printable(kernel.release or 'unknown')} in {path}")
    except NothingFoundError as error:
        raise LibraryError(f"{path}: {error}") from error
    except ValueError as error:
        raise LibraryError(f"{path}: {error}") from error
