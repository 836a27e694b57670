# SPDX-License-Identifier: Apache-2.0
"""What cannot be read from a file, in one line."""

from __future__ import annotations


class SourceError(ValueError):
    """A file that no kernel, or no types, can be read from; the message says why."""


class TooLargeError(SourceError):
    """A layer of wrapping that holds more than may be unpacked."""


class MissingReaderError(SourceError):
    """A compression whose Python package is not installed; the message names it."""
