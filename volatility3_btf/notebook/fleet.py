# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Many images: plugins run on all of them with Dask, into a Parquet dataset that one query can ask."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from ..vol.lines import one_line
from .errors import NotebookError, QueryError, SaveError
from .opening import open_image
from .packages import need
from .running import names
from .running.progress import bar

if TYPE_CHECKING:
    from .frame import Rows
    from .image import Image

IMAGES: Final = "images"
"""The table with a row for each image: which kernel, in what state, and what went wrong."""

_ABOUT_IMAGES: Final = pa.schema(
    [
        ("image", pa.string()),
        ("host", pa.string()),
        ("size", pa.int64()),
        ("sha256", pa.string()),
        ("release", pa.string()),
        ("architecture", pa.string()),
        ("state", pa.string()),
        ("evidence", pa.list_(pa.string())),
        ("lines", pa.list_(pa.string())),
        ("errors", pa.list_(pa.string())),
    ]
)


@dataclass
class Found:
    """What was found in one image, as it comes back from where it was looked into.

    Attributes:
        about: the image's row.
        tables: by name, a Parquet file's bytes.
    """

    about: dict[str, Any]
    tables: dict[str, bytes] = field(default_factory=dict)


def collect(
    images: Iterable[str | os.PathLike[str]],
    plugins: Sequence[str],
    scheduler: Any = None,
    into: str | os.PathLike[str] | None = None,
    *,
    hashes: bool = True,
    plugin_dirs: Sequence[str | os.PathLike[str]] = (),
    progress: bool = True,
) -> Collection:
    """Run plugins on many images, into a Parquet dataset that DuckDB queries.

    An image that cannot be read, or on which a plugin stops, is listed in the table `images`; the others are
    not affected.

    Args:
        images: the files. On a cluster every worker must see them under the same paths.
        plugins: what to run, with options as on the command line: `linux.lsof --pid 1`.
        scheduler: the address of a Dask scheduler, or a `distributed.Client`. By default processes on this
            machine, one for each processor.
        into: the folder for the dataset, which must be new or empty. By default a temporary one, which is
            deleted with the collection.
        hashes: whether to record the images' SHA-256; each image is read once more for this.
        plugin_dirs: more folders with plugins.
        progress: whether to show a progress bar.

    Raises:
        UnknownPluginError, OptionError: a plugin or one of its options does not exist.
        SaveError: the folder is not empty, or cannot be written.
    """
    names.add_folders(plugin_dirs)
    wanted = _wanted(plugins)
    paths = list(dict.fromkeys(str(Path(image).expanduser().absolute()) for image in images))
    collection = Collection(_folder(into), is_temporary=into is None)
    folders = [os.fspath(folder) for folder in plugin_dirs]
    with _client(scheduler, len(paths)) as client, bar("images", progress) as drawn:
        futures = {
            client.submit(look_into, path, wanted, hashes, folders, pure=False): path for path in paths
        }
        for number, future in enumerate(need("distributed").as_completed(futures)):
            collection.add(number, _result(future, futures[future]))
            drawn(100 * (number + 1) / len(paths))
    return collection


def look_into(path: str, plugins: dict[str, str], hashes: bool, plugin_dirs: Sequence[str]) -> Found:
    """Run plugins on one image, in a worker; what goes wrong is part of what is found.

    Args:
        path: the image.
        plugins: by the table's name, the plugin with its options.
        hashes: whether the image is hashed.
        plugin_dirs: more folders with plugins.
    """
    found = Found(about={"image": path, "errors": []})
    try:
        with open_image(path, plugin_dirs=plugin_dirs, progress=False) as image:
            _describe(image, found.about, hashes)
            for table, words in plugins.items():
                _run(image, table, words, found)
    except (NotebookError, OSError) as error:
        found.about["errors"].append(one_line(str(error)))
    return found


class Collection:
    """A Parquet dataset of many images: a folder for each table, in it a file for each image.

    Attributes:
        folder: its folder.
    """

    def __init__(self, folder: str | os.PathLike[str], is_temporary: bool = False) -> None:
        """Open a dataset that `collect` has written."""
        self.folder = Path(folder)
        if is_temporary:
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def tables(self) -> list[str]:
        """The tables in it."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir())

    @property
    def images(self) -> Rows:
        """A row for each image: host, kernel, state, warnings, errors."""
        return self.sql(f"select * from {IMAGES} order by image")

    @property
    def failures(self) -> Rows:
        """The images whose results are not complete, and why."""
        return self.sql(f"select image, unnest(errors) as error from {IMAGES} order by image")

    def sql(self, query: str) -> Rows:
        """Query all images at once; each table has `image` and `host` before the plugin's columns.

        Raises:
            QueryError: DuckDB refuses it.
        """
        from .frame import About, Rows, from_arrow

        duckdb = need("duckdb")
        from .sql.database import SETTINGS
        from .sql.tables import literal, quoted

        with duckdb.connect(":memory:") as connection:
            for setting in SETTINGS:
                connection.execute(setting)
            addresses: set[str] = set()
            for table in self.tables:
                files = literal(str(self.folder / table / "*.parquet"))
                source = f"read_parquet({files}, union_by_name = true)"
                connection.execute(f"create view {quoted(table)} as select * from {source}")
                addresses |= self._addresses(table)
            try:
                relation = connection.sql(query)
                data = None if relation is None else relation.to_arrow_table()
            except duckdb.Error as error:
                raise QueryError(one_line(str(error).partition("\n\n")[0])) from error
        if data is None:
            return Rows(about=About(query))
        return from_arrow(data, About(one_line(query), addresses=frozenset(addresses)))

    def add(self, number: int, found: Found) -> None:
        """Write what was found in one image.

        Raises:
            SaveError: it cannot be written.
        """
        about = pa.Table.from_pylist([found.about], schema=_ABOUT_IMAGES)
        tables = {**found.tables, IMAGES: _parquet(about)}
        try:
            for table, data in tables.items():
                folder = self.folder / table
                folder.mkdir(parents=True, exist_ok=True)
                aside = folder / f".{number:05}.parquet.part"
                aside.write_bytes(data)
                aside.rename(folder / f"{number:05}.parquet")
        except OSError as error:
            raise SaveError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def _addresses(self, table: str) -> set[str]:
        """Which columns of a table hold addresses."""
        parquet = need("pyarrow.parquet")
        for path in sorted((self.folder / table).glob("*.parquet"))[:1]:
            told = (parquet.read_schema(path).metadata or {}).get(_ADDRESSES, b"")
            return set(told.decode().split())
        return set()

    def __repr__(self) -> str:
        return f"<{self.folder}: {', '.join(self.tables)}>"


_ADDRESSES: Final = b"volatility3_btf.addresses"


def _wanted(plugins: Sequence[str]) -> dict[str, str]:
    """By the name of its table, each plugin with its options; an error for one that does not exist.

    Raises:
        UnknownPluginError, OptionError: there is no such plugin, or it has no such option.
    """
    from .running.options import configuration
    from .sql.database import plugin_named

    found: dict[str, str] = {}
    for words in [plugins] if isinstance(plugins, str) else plugins:
        plugin, options = plugin_named(words)
        configuration(plugin, options)
        number, name = 1, plugin.short
        while name in found:
            number += 1
            name = f"{plugin.short}_{number}"
        found[name] = words
    return found


def _folder(into: str | os.PathLike[str] | None) -> Path:
    if into is None:
        return Path(tempfile.mkdtemp(prefix="volatility3-btf-"))
    folder = Path(into).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SaveError(f"{folder} is not empty: a dataset goes into a folder of its own")
    except OSError as error:
        raise SaveError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


@contextlib.contextmanager
def _client(scheduler: Any, images: int) -> Iterator[Any]:
    """A Dask client: the user's, or one of a cluster that lasts as long as the context."""
    distributed = need("distributed")
    if isinstance(scheduler, distributed.Client):
        yield scheduler
    elif scheduler is not None:
        with distributed.Client(scheduler) as client:
            yield client
    else:
        subprocess = need("distributed.deploy.subprocess")
        workers = max(1, min(images, os.cpu_count() or 1))
        quiet = {"dashboard": False}
        with (
            subprocess.SubprocessCluster(
                n_workers=workers,
                threads_per_worker=1,
                scheduler_kwargs={"dashboard_address": None},
                worker_kwargs=quiet,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield client


def _result(future: Any, path: str) -> Found:
    """What a worker found, or that it died over the image."""
    try:
        found: Found = future.result()
        return found
    except Exception as error:  # whatever a worker or the network between can raise
        reason = one_line(f"{type(error).__name__}: {error}")
        return Found(about={"image": path, "errors": [f"the worker could not finish: {reason}"]})


def _describe(image: Image, about: dict[str, Any], hashes: bool) -> None:
    """Fill an image's row; NoKernelError where there is no kernel, after what is known without one."""
    from .save import sha256_of

    about["size"] = image.path.stat().st_size
    about["sha256"] = sha256_of(image.path) if hashes else None
    kernel = image.kernel
    about.update(release=kernel.release, architecture=kernel.architecture, state=kernel.state)
    about.update(evidence=list(kernel.evidence), lines=list(image.lines), host=image.host)


def _run(image: Image, table: str, words: str, found: Found) -> None:
    """Run one plugin; what it had found before it stopped is kept, and that it stopped is told."""
    from .sql.database import plugin_named
    from .sql.tables import table_of

    plugin, options = plugin_named(words)
    try:
        result = image.result(plugin.name, **options)
    except NotebookError as error:
        found.about["errors"].append(one_line(str(error)))
        return
    if result.error:
        found.about["errors"].append(f"{result.plugin} stopped, its rows are not all: {result.error}")
    told = [f"{result.plugin}: {line}" for line in result.lines if line not in image.lines]
    found.about["lines"] = [*found.about.get("lines", []), *told]
    made = table_of(result, table, plugin.about)
    data = made.data
    for number, (name, value) in enumerate(
        (("image", found.about["image"]), ("host", found.about.get("host")))
    ):
        data = data.add_column(number, name, pa.array([value] * len(data), pa.string()))
    kept = {_ADDRESSES: " ".join(sorted(made.addresses)).encode()}
    found.tables[table] = _parquet(data.replace_schema_metadata(kept))


def _parquet(data: pa.Table) -> bytes:
    out = io.BytesIO()
    need("pyarrow.parquet").write_table(data, out)
    return out.getvalue()
