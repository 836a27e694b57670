# SPDX-License-Identifier: Apache-2.0
"""`isf`: symbol tables of kernels on disk, in packages or in memory images, without Volatility."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ..kernel import Kernel
    from ..sources.kernel_image import KernelImage

DESCRIPTION: Final = (
    "make Volatility's symbol tables from kernel files (vmlinux, vmlinuz, UKI, .deb, .rpm, …)"
)

_LONGEST: Final = 400
"""Characters of a line of what a file says."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a kernel file, or a package")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(), metavar="DIR", help="where to write (here, if not said)"
    )
    parser.add_argument(
        "--modules",
        nargs="+",
        type=Path,
        metavar="FILE",
        default=[],
        help="write the types of these modules too (.ko, .ko.xz, …, or packages of them), a file each",
    )
    parser.add_argument(
        "--compression", choices=["xz", "gz", "none"], default="xz", help="of the tables (xz, if not said)"
    )


def run(options: argparse.Namespace) -> int:
    """Write a table for each kernel; a file that has none does not stop the others. Returns the exit code."""
    from ..sources.errors import SourceError
    from ..sources.kernels import open_kernels

    code = 0
    try:
        options.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return _fail(f"{options.output}: {error.strerror or error}")
    for path in options.files:
        try:
            for image in open_kernels(path):
                code |= _write(image, options) or _write_modules(image, options)
        except SourceError as error:
            code = _fail(str(error))
    return code


def _write_modules(image: KernelImage, options: argparse.Namespace) -> int:
    """Write the tables of a kernel's modules. Returns the exit code."""
    from ..btf import BtfError
    from ..isf import TypeEntries
    from ..isf.module_types import module_document
    from ..sources.errors import SourceError
    from ..sources.modules import open_modules

    code, entries = 0, TypeEntries(image.types)
    for path in options.modules:
        try:
            for module in open_modules(path):
                try:
                    blob = module.read(image.types)
                    document = module_document(image.kernel, module.name, blob, entries)
                    print(document.write_beside(options.output, options.compression))
                except BtfError as error:
                    code = _fail(f"{module.member or path}: {error}")
        except SourceError as error:
            code = _fail(str(error))
        except OSError as error:
            return _fail(f"{error.filename or options.output}: {error.strerror or error}")
    return code


def _write(image: KernelImage, options: argparse.Namespace) -> int:
    """Write one table and say of what it is. Returns the exit code."""
    from ..btf import BtfError
    from ..isf import build_isf
    from ..sources.errors import SourceError

    try:
        kernel = image.kernel
        document = build_isf(kernel)
        written = document.write_beside(options.output, options.compression)
    except SourceError as error:
        return _fail(str(error))
    except BtfError as error:
        return _fail(f"{image.provenance}: {error}")
    except OSError as error:
        return _fail(f"{error.filename or options.output}: {error.strerror or error}")
    print(written)
    numbers = f"{document.symbols} symbols, {document.typed} of them with types"
    print(
        f"  Linux {kernel.release or 'of unknown release'}, {kernel.architecture}: {kernel.state}, {numbers}"
    )
    for line in _about(image, kernel):
        print(f"  {_one_line(line)}")
    return 0


def _about(image: KernelImage, kernel: Kernel) -> Iterator[str]:
    """Where a kernel comes from, what its file says of itself, and what is to be doubted."""
    from ..sources.images.uki import TOLD

    yield f"from {image.provenance}"
    yield f"SHA-256 of the kernel file {image.sha256}"
    if image.build_id:
        yield f"build ID {image.build_id}"
    if signed := image.facts.get("signed"):
        yield "EFI signature: " + ("there, not checked" if signed == "yes" else "none")
    for name, text in image.facts.items():
        if name != "signed":
            yield f"{'.' * (f'.{name}' in TOLD)}{name}: {text}"
    for doubt in kernel.doubts:
        yield f"doubt: {doubt}"


def _one_line(text: str) -> str:
    """A text for one line, whatever a file has put into it."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + " …"


def _fail(reason: str) -> int:
    print(_one_line(reason), file=sys.stderr)
    return 1
