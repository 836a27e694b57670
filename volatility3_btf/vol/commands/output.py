# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Files that plugins write: whole, or not there."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from volatility3.framework import exceptions, interfaces


def save(plugin: interfaces.plugins.PluginInterface, name: str, data: bytes) -> str:
    """Write a file where the user interface keeps plugins' files: for `vol`, its output folder.

    Args:
        plugin: what writes.
        name: the file's. Where one with other content has it, a number goes before the suffixes; a file with
            this content is left as it is.
        data: what is in it.

    Returns:
        The name of the file that has the data.

    Raises:
        VolatilityException: it cannot be written, which was logged; nothing is left of it.
    """
    output = None
    with _interrupts_later():
        try:
            output = plugin.open(name)
            name, is_there = _free_name(output, name, data)
            if is_there:
                _discard(output)
                return name
            output.preferred_filename = name
            output.write(data)
            output.flush()
            output.close()
        except OSError as error:
            _discard(output)
            raise unwritable(plugin, name, error) from error
        except BaseException:
            _discard(output)
            raise
    return str(output.preferred_filename)


def _free_name(output: Any, name: str, data: bytes) -> tuple[str, bool]:
    """A name that is free in `vol`'s output folder; see `free_name`."""
    aside = getattr(output, "_name", None)
    from ...isf.document import free_name

    return (name, False) if aside is None else free_name(Path(aside).parent, name, data)


def unwritable(
    plugin: interfaces.plugins.PluginInterface, name: str | os.PathLike[str], error: OSError
) -> exceptions.VolatilityException:
    """Log, as the plugin's word and in one line, that a file cannot be written.

    Returns:
        The exception that ends the command.
    """
    line = f"{name} cannot be written: {error.strerror or error}"
    logging.getLogger(type(plugin).__module__).error(line)
    return exceptions.VolatilityException(line)


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Put Ctrl-C off for as long as the context lasts; the second time it is heeded at once.

    Volatility's file handler gives its file the final name whenever it is closed, and it is closed when an
    exception leaves it behind.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []

    def note(number: int, frame: FrameType | None) -> None:
        if pressed:
            before(number, frame)
        pressed.append((number, frame))

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            before(*pressed[0])


def _discard(output: Any) -> None:
    """Remove what `vol` has written aside.

    Closing its file handler would give the half of a file its final name, and so would the handler's end.
    """
    file, aside = getattr(output, "_file", None), getattr(output, "_name", None)
    if file is None or aside is None:
        return
    with contextlib.suppress(OSError):
        file.close()
    with contextlib.suppress(OSError):
        os.unlink(aside)
