# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What can go wrong for an analyst, each in one line."""

from __future__ import annotations

from typing import Any


class NotebookError(Exception):
    """Something that was asked of an image cannot be done; the message is one line that says why."""


class NoImageError(NotebookError):
    """The image cannot be opened."""


class NoKernelError(NotebookError):
    """No kernel could be taken from the image, so that no Linux plugin can run."""


class NoTaskError(NotebookError, LookupError):
    """No task in the kernel's list has this PID."""


class UnknownPluginError(NotebookError, LookupError):
    """No plugin, or more than one, has this name."""


class OptionError(NotebookError, TypeError):
    """A plugin has no such option, needs another one, or the value is of the wrong kind."""


class MissingPackageError(NotebookError, ImportError):
    """A package of the extra `notebook` is not installed."""


class SaveError(NotebookError):
    """Results cannot be saved where they were to go."""


class QueryError(NotebookError):
    """A query that DuckDB refuses."""


class PluginError(NotebookError):
    """A plugin stopped before its end.

    Attributes:
        rows: a DataFrame of what it had found until then; None where it could not even begin.
    """

    def __init__(self, message: str, rows: Any = None) -> None:
        super().__init__(message)
        self.rows = rows
