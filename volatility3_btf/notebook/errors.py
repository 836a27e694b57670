# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What can go wrong for an analyst, each in one line."""

from __future__ import annotations

from typing import Any


class NotebookError(Exception):
    """Something cannot be done with an image; the message is one line that says why."""


class NoImageError(NotebookError):
    """The image cannot be opened."""


class NoKernelError(NotebookError):
    """No usable kernel was found in the image, so no Linux plugin can run."""


class NoTaskError(NotebookError, LookupError):
    """No task in the kernel's list has this PID."""


class UnknownPluginError(NotebookError, LookupError):
    """There is no plugin of this name, or more than one."""


class OptionError(NotebookError, TypeError):
    """The plugin has no such option, a required one is missing, or a value has the wrong type."""


class MissingPackageError(NotebookError, ImportError):
    """A package of the extra `notebook` is not installed."""


class SaveError(NotebookError):
    """Results cannot be saved at this place."""


class QueryError(NotebookError):
    """DuckDB refuses the query."""


class PluginError(NotebookError):
    """A plugin stopped before its end.

    Attributes:
        rows: a DataFrame of what it had found until then; None if it could not start.
    """

    def __init__(self, message: str, rows: Any = None) -> None:
        super().__init__(message)
        self.rows = rows
