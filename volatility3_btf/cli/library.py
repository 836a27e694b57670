# SPDX-License-Identifier: Apache-2.0
"""`library`: symbol tables of many kernels, made before the incident."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from ..btf.spelling import counted, printable
from ..library.folder import CATALOGUE, LibraryError
from ..library.spread import MEMORY

DESCRIPTION: Final = "make, list and compare symbol tables of all the kernels that a fleet may run"

_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SHOWN: Final = 10
"""Problems that are printed; all are in the report."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The commands of the command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_build(actions.add_parser("build", help="make a table of every kernel in files and folders"))
    checked = actions.add_parser("check", help="tell which kernel of a library an image has")
    checked.add_argument("image", metavar="IMAGE", type=Path, help="memory image, kernel or package")
    checked.add_argument("--in", dest="folder", metavar="DIR", type=Path, required=True, help="the library")
    checked.add_argument(
        "--kernel", metavar="FILE", type=Path, help="hold the code against this kernel file or package"
    )
    checked.set_defaults(action_run=_check)
    differing = actions.add_parser("diff", help="show what changed in structures and symbols")
    differing.add_argument("old", metavar="A", help="a file, or a kernel of the library: release, name, hash")
    differing.add_argument("new", metavar="B", help="the same")
    differing.add_argument("--in", dest="folder", metavar="DIR", type=Path, help="the library")
    differing.add_argument("--types", metavar="PATTERN", default="*", help="only these, such as 'sock*'")
    differing.add_argument("--symbols", metavar="PATTERN", default="*", help="only these, '' for none")
    differing.set_defaults(action_run=_diff)
    listed = actions.add_parser("list", help="list the kernels of a library")
    listed.add_argument("folder", metavar="DIR", type=Path, help="the library")
    listed.set_defaults(action_run=_list)


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", metavar="SOURCE", nargs="*", type=Path, help="file or folder")
    parser.add_argument("--into", metavar="DIR", type=Path, required=True, help="the library")
    parser.add_argument("--workers", metavar="N", type=_count, help="processes (one for each processor)")
    parser.add_argument("--memory", metavar="SIZE", type=_size, default=MEMORY, help="of a worker (2G)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="use the workers of this Dask scheduler")
    parser.add_argument("--url", help="where DIR will be served, for banners.json")
    parser.set_defaults(action_run=_build)


def run(options: argparse.Namespace) -> int:
    """Do what was asked for; returns the exit code."""
    try:
        code: int = options.action_run(options)
        return code
    except LibraryError as error:
        print(printable(str(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: what was done is kept", file=sys.stderr)
        return 130


def _build(options: argparse.Namespace) -> int:
    from ..library.build import build, processors
    from ..library.spread import NO_DASK

    workers = options.workers
    if workers is None and options.scheduler is None and not _has_dask():
        workers = 1
        if processors() > 1:
            print(f"{NO_DASK}: one process does all", file=sys.stderr)
    done = build(options.sources, options.into, workers, options.scheduler, options.memory, options.url)
    print(
        f"{counted(done.kernels, 'kernel')} in {options.into / CATALOGUE}: "
        f"{counted(done.looked_into, 'file')} looked into, {done.known} known, {done.passed_over} passed over"
    )
    for path, reason in done.problems[:_SHOWN]:
        print(printable(f"{path}: {reason}"), file=sys.stderr)
    if len(done.problems) > _SHOWN:
        print(f"and {len(done.problems) - _SHOWN} more, in report.txt", file=sys.stderr)
    return 1 if done.problems or not done.kernels else 0


def _list(options: argparse.Namespace) -> int:
    from ..library.catalogue import Catalogue

    with Catalogue(options.folder) as catalogue:
        for entry in catalogue.kernels():
            about = (entry.release or "unknown", entry.architecture or "unknown", entry.state)
            print(*about, entry.distribution or "", entry.name, sep="\t")
    return 0


def _check(options: argparse.Namespace) -> int:
    from ..library.catalogue import Catalogue
    from ..library.compare.check import check

    agree = True
    with Catalogue(options.folder) as catalogue:
        for verdict in check(options.image, catalogue, options.kernel):
            agree &= verdict.agrees
            kernel, entry = verdict.kernel, verdict.entry
            where = f", {verdict.found.member}" if verdict.found.member else ""
            state = "" if kernel.blob.lent else f", {kernel.state}"
            print(printable(f"Linux {kernel.release or 'of unknown release'}{where}{state}"))
            if entry is not None:
                whose = f" ({entry.distribution})" if entry.distribution else ""
                print(f"  {'is' if verdict.agrees else 'is most like'} {entry.name}{whose}")
            for line in verdict.lines:
                print(f"  {line}")
            for row in catalogue.sources(entry) if entry is not None else ():
                inside = f": {row['member']}" if row["member"] else ""
                print(printable(f"  from {row['path']}{inside}, SHA-256 {row['sha256']}"))
    return 0 if agree else 1


def _diff(options: argparse.Namespace) -> int:
    from contextlib import ExitStack

    from ..library.catalogue import Catalogue
    from ..library.compare.difference import symbol_lines, type_lines
    from ..library.compare.sides import side_of

    with ExitStack() as stack:
        catalogue = None if options.folder is None else stack.enter_context(Catalogue(options.folder))
        old, new = side_of(options.old, catalogue), side_of(options.new, catalogue)
    print(f"--- {old.name}", f"+++ {new.name}", sep="\n")
    for line in type_lines(old, new, options.types):
        print(line)
    for line in symbol_lines(old, new, options.symbols):
        print(line)
    return 0


def _has_dask() -> bool:
    from importlib.util import find_spec

    return find_spec("distributed") is not None


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError("from 1 to 1024")
    return number


def _size(text: str) -> int:
    """Bytes of `512M`, `2G`, `2GiB`."""
    match = re.fullmatch(r"(\d{1,9})([KMGT]?)(?:i?B)?", text.upper().replace("IB", "B"))
    if match is None:
        raise argparse.ArgumentTypeError("a number with K, M, G or T behind it")
    return int(match[1]) * _UNITS[match[2]]
