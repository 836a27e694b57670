# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Memory images in notebooks: DataFrames, SQL, types as C, over Volatility's own interface.

```python
from volatility3_btf import notebook

image = notebook.open("memory.raw")
image.pslist()
```

Importing it imports Volatility; pandas, DuckDB and Dask are imported when they are used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .errors import (
    MissingPackageError,
    NoImageError,
    NoKernelError,
    NoTaskError,
    NotebookError,
    OptionError,
    PluginError,
    QueryError,
    SaveError,
    UnknownPluginError,
)
from .image import Image
from .opening import open_image as open

if TYPE_CHECKING:
    from .fleet import Collection

__all__ = [
    "Image",
    "MissingPackageError",
    "NoImageError",
    "NoKernelError",
    "NoTaskError",
    "NotebookError",
    "OptionError",
    "PluginError",
    "QueryError",
    "SaveError",
    "UnknownPluginError",
    "collect",
    "open",
]


def collect(
    images: Iterable[str | os.PathLike[str]],
    plugins: Sequence[str],
    scheduler: Any = None,
    into: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Collection:
    """Run plugins on many images, into a Parquet dataset that DuckDB queries; see `fleet.collect`."""
    from .fleet import collect as run

    return run(images, plugins, scheduler, into, **options)
