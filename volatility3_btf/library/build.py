# SPDX-License-Identifier: Apache-2.0
"""Building a library: every file that is not done yet is done somewhere, and what is derived is made anew."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..isf.document import write_aside
from ..system import processors as processors
from .banners import write_banners
from .catalogue import best_of, write_catalogue
from .folder import REPORT, Folder, LibraryError
from .inputs import Input, Inputs, find_inputs
from .progress import Progress
from .spread import MEMORY, spread
from .work import Outcome, make_tables, record_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Summary:
    """What a build did.

    Attributes:
        looked_into: files that were looked into.
        known: files that had been before, and were not looked into again.
        passed_over: files in folders that are no kernels, packages or images by name and first bytes.
        kernels: kernels in the library now.
        problems: path and reason of every file of this build's sources that gave no table, or not all.
    """

    looked_into: int
    known: int
    passed_over: int
    kernels: int
    problems: Sequence[tuple[str, str]]


def build(
    sources: Iterable[str | os.PathLike[str]],
    into: str | os.PathLike[str],
    workers: int | None = None,
    scheduler: str | None = None,
    memory: int = MEMORY,
    url: str | None = None,
) -> Summary:
    """Make a table of every kernel in some files and folders, and add it to a library.

    Args:
        sources: kernel images, packages, memory images, and folders of these.
        into: the library; it is made if it is missing.
        workers: processes on this machine; as many as there are processors if None.
        scheduler: address of a Dask scheduler whose workers are used instead; they must see the sources under
            the same paths.
        memory: bytes that a worker on this machine may take.
        url: where the library will be served, for `banners.json`.

    Raises:
        LibraryError: the library cannot be written, or the workers cannot be had.
    """
    with Folder(into) as folder:
        inputs = find_inputs(sources, leave=folder.path)
        todo = [source for source in inputs.files if not folder.has(source)]
        progress = Progress(len(todo))
        count = min(workers or processors(), max(1, len(todo)))
        try:
            for source, outcome in spread(make_tables, todo, count, scheduler, memory):
                made = _as_outcome(source, outcome)
                folder.add(made)
                progress.step(source.path.name, bool(made.tables))
            records = folder.records
            return _finish(folder, records, inputs, len(todo), url)
        except OSError as error:
            raise LibraryError(f"{error.filename or folder.path}: {error.strerror or error}") from error
        finally:
            progress.end()


def _as_outcome(source: Input, outcome: Outcome | Exception) -> Outcome:
    """What came of a file; a worker that died is no reason of the file's, so that it will be tried again."""
    if isinstance(outcome, Outcome):
        return outcome
    log.debug("%s: %r", source.path, outcome)
    reason = f"its worker was lost, for want of memory perhaps ({type(outcome).__name__})"
    return Outcome(record_of(source, "", [], reason, again=True))


def _finish(
    folder: Folder, records: Sequence[dict[str, Any]], inputs: Inputs, looked_into: int, url: str | None
) -> Summary:
    """Write what is derived from the records, and tell what was done."""
    kernels = best_of(records)
    write_catalogue(folder.path, records)
    write_banners(folder.path, kernels, url)
    paths = {str(source.path) for source in inputs.files}
    problems = {record["path"]: record["problem"] for record in records if record["problem"]}
    unreadable = {str(path): reason for path, reason in inputs.unreadable.items()}
    _report(folder.path, problems | unreadable)
    own = {path: reason for path, reason in problems.items() if path in paths} | unreadable
    known = len(inputs.files) - looked_into
    return Summary(looked_into, known, inputs.passed_over, len(kernels), sorted(own.items()))


def _report(folder: Path, problems: dict[str, str]) -> None:
    """Write the list of files that gave no table. Raises OSError."""
    lines = (f"{path}: {reason}\n" for path, reason in sorted(problems.items()))
    write_aside(folder / REPORT, "".join(lines).encode("utf-8", "backslashreplace"))
