"""Commands of geofer, each in a process of its own; where it can be, in the fork of one that has imported everything.

Importing torch, Lightning and the rest takes longer than the smallest runs. A server process (Python's ``forkserver``)
imports them once and does nothing else, so that no thread, seed or signal handler of it reaches a command: each command
is a fork of it that begins as a new interpreter would, and that ends with the command.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

import torch

import geofer
from geofer.cli.command import main
from geofer.study.running import THREADS
from geofer.study.settings import Settings

Job = TypeVar("Job")
Done = TypeVar("Done")

IMPORTED = (
    "geofer.cli.command_processes",
    "geofer.cli.trainer",
    "geofer.datamodules",
    "geofer.modules",
    "geofer.study.baselines.generators",
    "geofer.study.baselines.siamese",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "timm",
)
"""What the server imports; what cannot be imported is left to the command that needs it."""

ONE_AT_A_TIME = threading.Lock()
"""Held where a process is started and where its end is read: starting one asks all others whether they have ended, and
the server tells that only once, so that of two threads that ask, one would take a success for a failure."""

OUTPUTS = (1, 2)
"""Numbers of the streams for output and for errors."""

SEVERAL_PROCESSES = ("--trainer", "--config")
"""Arguments of `geofer fit` that may ask for several devices, whose processes Lightning starts from a command line."""


def can_fork(settings: Settings, extra: Sequence[str]) -> bool:
    """Whether a run may be a fork: on Linux, and only if it surely has one device.

    Args:
        settings: Of the row.
        extra: Further arguments of the command line.
    """
    trainer = settings.get("trainer", {})
    one = trainer.get("devices", 1 if trainer.get("accelerator") == "cpu" else "auto") in (1, "1")
    return sys.platform == "linux" and one and not any(argument.startswith(SEVERAL_PROCESSES) for argument in extra)


def in_parallel(work: Callable[[Job], Done], jobs: Iterable[Job], count: int) -> Iterator[Done]:
    """The results of ``work`` for each job, as they come; one after another in this thread if ``count`` is 1.

    Args:
        work: Waits for commands, mostly.
        jobs: What it is called with.
        count: How many run at a time, in threads.

    Raises:
        Exception: What ``work`` raises; jobs that run are finished first, the others are dropped.
    """
    if count == 1:
        yield from map(work, jobs)
        return
    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def run_command(arguments: Sequence[str], environment: Mapping[str, str], *, fork: bool) -> None:
    """Runs ``geofer …`` to its end.

    Args:
        arguments: Behind ``geofer``.
        environment: All environment variables of the command.
        fork: Whether to fork the server, see `can_fork`; else a new interpreter is started.

    Raises:
        subprocess.CalledProcessError: It failed, and has said why.
    """
    command = [sys.executable, "-m", "geofer", *arguments]
    if not fork:
        _run_interpreter(command, environment)
        return
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(IMPORTED))
    outputs = [Connection(os.dup(stream), readable=False) for stream in OUTPUTS]
    process = context.Process(target=_run, args=(list(arguments), dict(environment), os.getcwd(), outputs))
    with ONE_AT_A_TIME:
        process.start()
    for output in outputs:
        output.close()
    try:
        _join(process)
    except KeyboardInterrupt:
        process.terminate()  # where Ctrl-C did not reach it; it writes its checkpoint either way
        _join(process)
        raise
    if process.exitcode:
        raise subprocess.CalledProcessError(process.exitcode, command)


def _run_interpreter(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """One command in a new interpreter; after Ctrl-C it has the time to write its checkpoint."""
    with subprocess.Popen(command, env=environment) as process:
        try:
            returncode = process.wait()
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
    if returncode:
        raise subprocess.CalledProcessError(returncode, command)


def ending(returncode: int) -> str:
    """How a command that failed has ended: "failed", or "was killed by SIGKILL" if it could not say why itself."""
    return "failed" if returncode >= 0 else f"was killed by {signal.Signals(-returncode).name}"


def _join(process: BaseProcess) -> None:
    """Waits for the end of a process that another thread may see first."""
    wait([process.sentinel])
    with ONE_AT_A_TIME:
        process.join()


def _run(arguments: list[str], environment: dict[str, str], folder: str, outputs: list["Connection[Any, Any]"]) -> None:
    """One command, in the fork, with the streams of who asked for it in the place of the server's."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for stream, output in zip(OUTPUTS, outputs, strict=True):
        os.dup2(output.fileno(), stream)
    os.environ.clear()
    os.environ.update(environment)
    _compute_with(environment.get(THREADS, ""))
    os.chdir(folder)
    sys.argv = [str(Path(geofer.__file__).with_name("__main__.py")), *arguments]
    sys.exit(main(arguments))


def _compute_with(threads: str) -> None:
    """As a new interpreter with this number in `THREADS` would; a torch that is imported reads it no more."""
    if threads.isdecimal() and int(threads):
        torch.set_num_threads(int(threads))


def _end_with_parent() -> None:
    """Ends this process, with its checkpoint, when who asked for it has ended: the server stays for as long as it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
