# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Images packed as a whole (gzip, bzip2, xz, zstd, zip, LiME's zlib): unpacked once, whatever their name.

The framework unpacks gzip, bzip2 and xz by their names, and again from the start at each step back.
"""

from __future__ import annotations

import io
import logging
import os
from typing import IO, Any, BinaryIO, Final
from urllib import parse, request

from volatility3.framework import constants, interfaces
from volatility3.framework.layers import physical

from ....files.descriptors import open_file, read_some
from ....files.formats import HEAD, FormatError
from ....files.packed import Progress, is_packed, unpacked
from ..ranges import Layer
from ..scans.quick import QuickScans

log = logging.getLogger(__name__)

Key = tuple[str, int, int, int, int]

_unpacked: Final[dict[Key, BinaryIO | FormatError]] = {}
"""What has been unpacked in this process, or why it could not be: layers are made anew again and again."""


class UnpackedLayer(QuickScans, physical.FileLayer):
    """An unpacked file; its configuration names the packed one."""

    _file_: IO[Any] | None

    @property
    def _file(self) -> IO[Any]:
        if self._file_ is None:
            made = unpacked_file(self._location)
            if made is None:
                raise FormatError("not a packed file any more")
            self._file_ = _opened_again(made)
        return self._file_


class UnpackedStacker(interfaces.automagic.StackerLayerInterface):
    """Puts `UnpackedLayer` in the place of a packed local file's layer."""

    stack_order = 8

    @classmethod
    def stack(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        progress_callback: constants.ProgressCallback = None,
    ) -> Layer | None:
        """Return a new layer in place of `layer_name`, or None."""
        layer = context.layers[layer_name]
        if type(layer) is not physical.FileLayer:
            return None
        try:
            if unpacked_file(layer.location, progress_callback) is None:
                return None
        except (FormatError, OSError) as error:
            log.info("not a packed file that can be used: %s", error)
            return None
        name = context.layers.free_layer_name(UnpackedLayer.__name__)
        context.config[interfaces.configuration.path_join(name, "location")] = layer.location
        return UnpackedLayer(context, name, name)


def unpacked_file(location: str, progress: Progress | None = None) -> BinaryIO | None:
    """A packed local file, unpacked; None where a location leads to another one, or to none.

    Raises:
        FormatError: it cannot be unpacked.
        OSError: it cannot be read.
    """
    url = parse.urlparse(location)
    if url.scheme != "file":
        return None
    path = request.url2pathname(url.path)
    with os.fdopen(open_file(path), "rb") as file:
        if not is_packed(file.read(HEAD)):
            return None
        state = os.fstat(file.fileno())
        key = (path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        if key not in _unpacked:
            try:
                _unpacked[key] = unpacked(file, progress)
            except FormatError as error:
                _unpacked[key] = error
    found = _unpacked[key]
    if isinstance(found, FormatError):
        raise found
    return found


class _Apart(io.RawIOBase):
    """A file that another object has open, with a position of its own."""

    def __init__(self, file: BinaryIO) -> None:
        self._base, self._at = file, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to another place."""
        size = os.fstat(self._base.fileno()).st_size
        self._at = offset + (0, self._at, size)[whence]
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read as much as one call gives."""
        data = read_some(self._base.fileno(), self._at, len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _opened_again(file: BinaryIO) -> IO[Any]:
    """A file without a name, opened once more: where the system can, as a plain one that can be mapped."""
    try:
        return open(f"/proc/self/fd/{file.fileno()}", "rb")
    except OSError:
        return io.BufferedReader(_Apart(file))
