# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What an image's kernel was identified as, kept for later runs on the same image.

A memo is kept only of an image with one kernel that is exact and of which nothing was to be said; it leads
to the kernel's stored table and its address space. It is believed where the file is the very same (device,
inode, size, times) and all that was read of the image to identify its kernel is read again and has the same
hash. So a file that was changed has none, whatever its name, and neither has one that was written to just
before.

Memos lie in a folder beside that of the stored tables. Any of them may be deleted at any time.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...memory.memory import Memory, Run, lies_in
from ...version import VERSION
from ..files import open_regular
from ..symbols import store
from .kernel_layer import KernelSpace, space_of

if TYPE_CHECKING:
    from ...kernel import Kernel
    from ...memory.touched import TouchedMemory

log = logging.getLogger(__name__)

SUFFIX: Final = ".btfmemo"
FORMAT: Final = 1
"""Of memos, and of what they stand for; raise it when kernels are identified in another way."""

MAX_MEMO: Final = 1 << 20
"""Bytes; a memo has a few thousand."""

MAX_MEMOS: Final = 1 << 22
"""Bytes; what all memos together may have: some five hundred images."""

MAX_TOUCHED: Final = 128 << 20
"""Bytes of an image that are read again; an exact kernel's identification reads some 20 MB."""

SETTLED: Final = 2_000_000_000
"""Nanoseconds that a file must have been left alone for its times to tell of the next change."""


@dataclass(frozen=True)
class Memo:
    """A kernel that was identified before.

    Attributes:
        table: the file of its stored table.
        space: its address space.
        sha256: of its BTF, hexadecimal.
        kernel: what the image says of it besides, see `told_of`.
    """

    table: Path
    space: KernelSpace
    sha256: str
    kernel: dict[str, Any]


class Listening(logging.Handler):
    """Whether anything was said to the user meanwhile."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard = False

    def emit(self, record: logging.LogRecord) -> None:
        """Note that something was said."""
        self.heard = True


@contextlib.contextmanager
def listening() -> Iterator[Listening]:
    """Listen to what this package says."""
    ear, voice = Listening(), logging.getLogger(__name__.partition(".")[0])
    voice.addHandler(ear)
    try:
        yield ear
    finally:
        voice.removeHandler(ear)


def recall(memory: Memory) -> Memo | None:
    """The memo of an image, if it has one and nothing of what it rests on has changed."""
    path = _path_of(memory)
    if path is None:
        return None
    from ...memory.touched import digest_of_runs

    try:
        with open_regular(path) as file:
            said = _parsed(file.read(MAX_MEMO))
        touched = [Run(int(start), int(length)) for start, length in said["touched"]]
        if not _may_be_read(memory, touched) or digest_of_runs(memory, touched) != said["digest"]:
            log.info("the image is not what it was when %s was written", path)
            return None
        return _memo(said)
    except FileNotFoundError:
        log.debug("no memo: %s", path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.info("%s is not used: %s", path, error)
    return None


def remember(memory: TouchedMemory, kernel: Kernel, table: Path) -> None:
    """Keep what a kernel was identified as.

    Nothing is kept where that cannot be done, and of a file that was changed since it was opened: what was
    read of it need not be what it holds now.
    """
    path = _path_of(memory.memory)
    touched = memory.touched
    if path is None or memory.stamp() != memory.memory.stamp() or not _may_be_read(memory, touched):
        return
    from ...kernel.stored import told_of
    from ...memory.touched import digest_of_runs

    space = space_of(kernel)
    said = {
        "touched": [[run.start, run.length] for run in touched],
        "digest": digest_of_runs(memory.memory, touched),
        "table": table.name,
        "sha256": kernel.blob.sha256,
        "kernel": told_of(kernel),
        "space": asdict(space)
        | {
            "banner": base64.b64encode(space.banner).decode("ascii"),
            "witnesses": [[str(at), data.hex()] for at, data in space.witnesses.items()],
            "places": [[str(at), str(place)] for at, place in space.places.items()],
        },
    }
    body = json.dumps(said).encode()
    try:
        store.add(path, hashlib.sha256(body).hexdigest().encode("ascii") + body, MAX_MEMOS)
    except OSError as error:
        log.info("the memo could not be stored: %s", error)


def _folder() -> Path:
    """Where memos are kept."""
    return store.folder().with_name("btf-memos")


def _path_of(memory: Memory) -> Path | None:
    """Where the memo of an image is; None for one that is no file, or was written to just now."""
    stamp = memory.stamp()
    if stamp is None or time.time_ns() - max(stamp[-2:]) < SETTLED:
        return None
    name = hashlib.sha256(repr((FORMAT, VERSION, stamp)).encode()).hexdigest()
    return _folder() / f"{name[:32]}{SUFFIX}"


def _may_be_read(memory: Memory, touched: list[Run]) -> bool:
    """Whether what is to be read again is in the image, and little enough."""
    is_little = sum(run.length for run in touched) <= MAX_TOUCHED
    return is_little and all(run.length > 0 and lies_in(run.start, memory.runs) for run in touched)


def _parsed(data: bytes) -> dict[str, Any]:
    digest, body = data[:64], data[64:]
    if hashlib.sha256(body).hexdigest().encode("ascii") != digest:
        raise ValueError("it is damaged")
    said: dict[str, Any] = json.loads(body)
    return said


def _memo(said: dict[str, Any]) -> Memo:
    table = store.folder() / Path(str(said["table"])).name
    if table.suffix != store.SUFFIX:
        raise ValueError("it names no stored table")
    space = said["space"]
    return Memo(
        table,
        KernelSpace(
            **space
            | {
                "banner": base64.b64decode(space["banner"]),
                "witnesses": {int(at): bytes.fromhex(data) for at, data in space["witnesses"]},
                "places": {int(at): int(place) for at, place in space["places"]},
            }
        ),
        str(said["sha256"]),
        dict(said["kernel"]),
    )
