# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""List and delete the stored symbol tables: `python -m volatility3_btf.vol`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..pipes import reader_may_leave
from .symbols.store import SUFFIX, StoreError, folder, read_kernel, stored


def main(arguments: list[str] | None = None) -> int:
    """List or delete stored tables; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m volatility3_btf.vol",
        description="The symbol tables that were made from images and are kept for later runs of Volatility.",
    )
    parser.add_argument("--delete", nargs="+", metavar="NAME", default=[], help="delete these tables")
    parser.add_argument("--delete-all", action="store_true", help="delete every table")
    options = parser.parse_args(arguments)
    if options.delete or options.delete_all:
        named = [folder() / name for name in options.delete]
        return _delete(list(stored()) if options.delete_all else named)
    print(folder())
    for path in stored():
        print(_describe(path))
    return 0


def _delete(paths: list[Path]) -> int:
    """Delete files of the store and say which."""
    code = 0
    for path in paths:
        try:
            if path.parent != folder() or path.suffix != SUFFIX:
                raise OSError(0, f"not a table in {folder()}")
            path.unlink()
            print(f"deleted {path.name}")
        except OSError as error:
            print(f"{path.name}: {error.strerror}", file=sys.stderr)
            code = 1
    return code


def _describe(path: Path) -> str:
    """A table's line in the list: size, day, name, and what is wrong with it if anything is."""
    note = ""
    try:
        state = path.stat()
        read_kernel(path)
    except FileNotFoundError:
        return f"{path.name} is gone"
    except StoreError:
        note = "  damaged: made again when it is needed"
    day = time.strftime("%Y-%m-%d", time.localtime(state.st_mtime))
    return f"{state.st_size / 1e6:8.1f} MB  {day}  {path.name}{note}"


if __name__ == "__main__":
    with reader_may_leave():
        exit_code = main()
    sys.exit(exit_code)
