# SPDX-License-Identifier: Apache-2.0
"""Work spread over processes of this machine, or over a cluster of machines, with Dask."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .folder import LibraryError

if TYPE_CHECKING:
    from distributed import Client


class LostError(Exception):
    """A task of which nothing came, for reasons of the cluster's."""


Task = TypeVar("Task")
Result = TypeVar("Result")

MEMORY: Final = 2 << 30
"""Bytes that one worker may take; an image of a machine with a million symbols takes a quarter of it."""

_AHEAD: Final = 2
"""Tasks that are handed out for each worker: one that it works on and one that waits."""

ANSWER = 20
"""Seconds in which a scheduler must answer."""

_OWN_CLUSTER: Final = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1},
}
"""Dask's settings on this machine. A task may go down with its worker once before it is given up. Dask has
its workers give memory back to the system after each use (MALLOC_TRIM_THRESHOLD_), which costs a quarter more
time here: tables are made of arrays that come and go."""

NO_DASK: Final = "dask.distributed is not installed (pip install 'volatility3-btf[library]')"


def spread(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    workers: int,
    scheduler: str | None = None,
    memory: int = MEMORY,
) -> Iterator[tuple[Task, Result | Exception]]:
    """Do every task somewhere, and yield what came of it in the order in which they are done.

    Args:
        function: what is done; importable by its name, since other processes call it.
        tasks: what it is done with.
        workers: how many processes; with 1 it is done in this one.
        scheduler: the address of a Dask scheduler, whose workers are used instead.
        memory: bytes that a worker on this machine may take: beyond it the worker ends and its task fails.

    Raises:
        LibraryError: Dask is needed and not there, or the scheduler does not answer.
    """
    if workers <= 1 and scheduler is None:
        yield from ((task, _done(function, task)) for task in tasks)
        return
    with ExitStack() as stack:
        client = _client(stack, workers, scheduler, memory)
        yield from _on(client, function, iter(tasks))


def _done(function: Callable[[Task], Result], task: Task) -> Result | Exception:
    try:
        return function(task)
    except Exception as error:
        return error


def _client(stack: ExitStack, workers: int, scheduler: str | None, memory: int) -> Client:
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise LibraryError(NO_DASK) from error
    if scheduler is not None:
        try:
            client: Client = stack.enter_context(Client(scheduler, timeout=ANSWER, set_as_default=False))
        except (OSError, ValueError) as error:
            raise LibraryError(f"the scheduler at {scheduler} does not answer: {error}") from error
        return client
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it tells of its own start and end
    stack.enter_context(dask.config.set(_OWN_CLUSTER))
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        memory_limit=memory,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    )
    own: Client = stack.enter_context(Client(stack.enter_context(cluster), set_as_default=False))
    return own


def _on(
    client: Client, function: Callable[[Task], Result], tasks: Iterator[Task]
) -> Iterator[tuple[Task, Result | Exception]]:
    """As many tasks as keep the workers busy are out at any time, so that results never pile up."""
    from distributed import as_completed

    out: dict[Any, Task] = {}

    def hand_out(task: Task) -> Any:
        future = client.submit(function, task, pure=False)
        out[future.key] = task
        return future

    room = _AHEAD * max(1, sum(client.nthreads().values()))
    completed = as_completed([hand_out(task) for task in islice(tasks, room)], loop=client.loop)
    for future in completed:
        task = out.pop(future.key)
        yield task, _outcome(future)
        future.release()
        for following in islice(tasks, 1):
            completed.add(hand_out(following))


def _outcome(future: Any) -> Any:
    """What came of a task that is over: its result, or an exception."""
    if future.status == "finished":
        return future.result()
    error = future.exception() if future.status == "error" else None
    return error if isinstance(error, Exception) else LostError("the cluster has lost it")
