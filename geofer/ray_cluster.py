"""Work that outgrows one machine: Ray maps a function over parts, on all machines of a cluster.

A part whose worker or machine is lost is done again elsewhere: these are the retries of Ray's tasks, and its scheduler
decides what runs where. The machines share a disk, so a path means the same file on each of them.
"""

import os
import platform
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeVar

from geofer.errors import ConfigError, GeoferError, printable
from geofer.version import __version__

Job = TypeVar("Job")
Result = TypeVar("Result")

Engine = Literal["processes", "ray"]
"""What works on the parts of a long job: processes of this machine, or those of a Ray cluster."""

RETRIES = 3
"""How often a part is done again whose worker or machine was lost."""

ADDRESS = "RAY_ADDRESS"
"""Environment variable of Ray that names the cluster where no address is given."""

HANDED_ON = ("GEOFER_", "XDG_CACHE_HOME")
"""How the environment variables begin that hold on all machines, such as where caches lie."""


@dataclass(frozen=True)
class RayCluster:
    """Machines that Ray has joined, and what each part needs of them.

    Attributes:
        address: ``HOST:PORT`` of a cluster that runs, or ``auto`` for the one that this machine belongs to; None takes
            ``$RAY_ADDRESS``, or else starts a cluster of this machine alone, which ends with the work.
        cpus: Cores of a part. Ray sets ``OMP_NUM_THREADS`` to it, unless the machines have that variable.
        gpus: GPUs of a part; a fraction shares one.
    """

    address: str | None = None
    cpus: int = 1
    gpus: float = 0

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ConfigError: One is out of its range.
        """
        if self.cpus < 1 or self.gpus < 0:
            raise ConfigError(f"A part needs 1 core or more and 0 GPUs or more, not {self.cpus} and {self.gpus:g}.")

    def work_through(self, work: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
        """The results of ``work`` for each job, in the order in which they come; jobs are drawn as they are needed.

        Args:
            work: A function that can be pickled, of a module that all machines have. What it keeps in itself on one
                call is there on the next: each worker unpickles it once.
            jobs: What it is called with.

        Raises:
            ConfigError: Ray is not installed, or no cluster answers.
            GeoferError: A part was lost more than `RETRIES` times, or the machines are not alike.
            Exception: Whatever ``work`` raises; the other parts are dropped.
        """
        with self._joined() as ray:
            place = Place(os.getcwd(), _handed_on(os.environ))
            held = ray.put(work)
            task = ray.remote(_do_part).options(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=RETRIES)
            remaining = iter(jobs)
            pending: list[Any] = []
            try:
                while True:
                    more = max(0, self._parts_at_a_time(ray.cluster_resources()) - len(pending))
                    pending += [task.remote([held], job, place) for job in islice(remaining, more)]
                    if not pending:
                        return
                    done, pending = ray.wait(pending, fetch_local=False)
                    yield _result(ray, done[0])
            finally:
                for part in pending:
                    ray.cancel(part)

    def _parts_at_a_time(self, resources: Mapping[str, float]) -> int:
        """Twice as many as the cluster works on at once, so that nobody waits for the next one."""
        fitting = [resources.get("CPU", 0) / self.cpus]
        if self.gpus:
            fitting.append(resources.get("GPU", 0) / self.gpus)
        return 2 * max(1, int(min(fitting)))

    @contextmanager
    def _joined(self) -> Iterator[Any]:
        """Ray, connected; a connection that is there already is taken, and stays."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would tell its authors that it is used
        try:
            import ray
        except ImportError as error:
            raise ConfigError("The engine ray needs Ray; install it with `pip install 'geofer[ray]'`.") from error
        if ray.is_initialized():
            yield ray
            return
        address = self.address or os.environ.get(ADDRESS) or "local"
        with _signals_kept():
            try:
                own = {"include_dashboard": False} if address == "local" else {}
                ray.init(address=address, logging_level="warning", **own)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise ConfigError(
                    f"No Ray cluster can be joined at {printable(address)}: {printable(str(error)[:300])} "
                    "`ray start --head` starts one, and prints its address."
                ) from error
            try:
                yield ray
            finally:
                ray.shutdown()


def cluster_of(engine: Engine, address: str | None) -> RayCluster | None:
    """The cluster that the two options of a command or a data set stand for; None where processes do the work.

    Raises:
        ConfigError: An address is given without the engine that it belongs to.
    """
    if engine == "ray":
        return RayCluster(address)
    if address is not None:
        raise ConfigError("An address belongs to the engine ray; choose that, too.")
    return None


@dataclass(frozen=True)
class Place:
    """Where the command runs that has the parts done.

    Attributes:
        folder: Its working folder, from which relative paths count.
        environment: Its variables that hold on all machines.
        version: Of geofer.
    """

    folder: str
    environment: Mapping[str, str]
    version: str = __version__


_WORK: dict[str, Any] = {}
"""What this worker does: the function by its number in Ray's store, one at most."""


def _do_part(held: list[Any], job: Any, place: Place) -> Any:  # noqa: ANN401 - of any function
    """One part, in a worker process of Ray."""
    import ray

    if place.version != __version__:
        raise GeoferError(
            f"The machine {platform.node()} has geofer {__version__}, and the command runs geofer {place.version}. "
            "Install the same version on all machines of the cluster."
        )
    try:
        os.chdir(place.folder)
    except OSError as error:
        raise GeoferError(
            f"The machine {platform.node()} does not see the folder {printable(place.folder)}. The machines of a "
            "cluster must share a disk; run the command in a folder on it."
        ) from error
    os.environ.update(place.environment)
    number = held[0].hex()
    if number not in _WORK:
        _WORK.clear()
        _WORK[number] = ray.get(held[0])
    return _WORK[number](job)


def _result(ray: Any, part: Any) -> Any:  # noqa: ANN401 - Ray has no types here
    """What a part came to, or the error that ended it, as if it had been raised in this process."""
    try:
        return ray.get(part)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise GeoferError(
            f"A part of the work was lost {1 + RETRIES} times, perhaps because memory ran out on its machines "
            f"({type(error).__name__}). What was finished is kept: run the same command again to go on."
        ) from error


def _handed_on(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(HANDED_ON)}


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Gives SIGTERM back to who had it: Ray takes it for itself."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread() and handler is not None:
            signal.signal(signal.SIGTERM, handler)
