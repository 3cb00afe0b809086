"""Processes that share a long job, and the bar that shows how far they are."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from geofer.errors import GeoferError
from geofer.ray_cluster import RayCluster

Job = TypeVar("Job")
Result = TypeVar("Result")


def work_through(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int | None, cluster: RayCluster | None = None
) -> Iterator[Result]:
    """The results of ``work`` for each job, in the order in which they come; jobs are drawn as they are needed.

    Args:
        work: A function that can be pickled, of a module: a process does not know the script that is run.
        jobs: What it is called with.
        workers: Processes; None takes one a core, 1 works in this one.
        cluster: Machines that do the work instead, see `RayCluster.work_through`.

    Raises:
        GeoferError: A process was killed, as by a system that is out of memory.
        Exception: Whatever ``work`` raises; jobs that run are finished first, the others are dropped.
    """
    if cluster is not None:
        yield from cluster.work_through(work, jobs)
        return
    count = workers or os.cpu_count() or 1
    if count == 1:
        yield from map(work, jobs)
        return
    context = multiprocessing.get_context("spawn")  # torch and warp do not survive a fork
    with ProcessPoolExecutor(count, context, initializer=_start_worker) as pool:
        remaining = iter(jobs)
        pending = _submit(pool, work, islice(remaining, 2 * count))
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                pending |= _submit(pool, work, islice(remaining, len(done)))
        except BrokenProcessPool as error:
            raise GeoferError(
                "A working process ended abruptly, perhaps because memory ran out. What was finished is kept: run the "
                "command again, with fewer workers."
            ) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, work: Callable[[Job], Result], jobs: Iterable[Job]) -> set[Future[Result]]:
    with _script_hidden():  # a process may be started for each
        return {pool.submit(work, job) for job in jobs}


@contextmanager
def _script_hidden() -> Iterator[None]:
    """Lets new processes start without the script that is run: they would run it, too, unless it guards its last lines.

    One without ``if __name__ == "__main__":`` would ask for processes again, and wait for a cache that is being made.
    """
    script = sys.modules["__main__"]
    hidden = {name: value for name, value in vars(script).items() if name in ("__spec__", "__file__")}
    vars(script).update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        vars(script).update(hidden)


def _start_worker() -> None:
    """One thread a process; an interrupt is the parent's affair, and nobody outlives the parent."""
    import torch

    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def progress_bar() -> Progress:
    """Done of all, and how long the rest will take."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
