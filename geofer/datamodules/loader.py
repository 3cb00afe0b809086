"""Batches of faces in an order that follows from the seed alone, so that a run can stop and go on anywhere."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from geofer.errors import CheckpointError, ConfigError
from geofer.faces import FaceBatch


class BatchSource(Protocol):
    """Faces that can be gathered by their numbers."""

    def __len__(self) -> int:
        """Number of faces, N."""
        ...

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> FaceBatch:
        """The faces with these numbers, ``(B,)`` in [0, N); ``rng`` decides whatever is left to chance."""
        ...


class LoaderState(TypedDict):
    """Where a `FaceLoader` stands; plain numbers, as it travels in checkpoints.

    Attributes:
        epoch: The running epoch.
        batches_done: How many of its batches this process has handed out.
        seed: The loader's seed.
        batch_size: Faces in a batch.
        world_size: Number of processes that share an epoch.
    """

    epoch: int
    batches_done: int
    seed: int
    batch_size: int
    world_size: int


class FaceLoader:
    """One process's share of the faces, in batches that depend on (seed, epoch, batch number) and nothing else.

    With ``shuffle`` the epoch is one permutation of the faces, cut into full batches numbered 0, 1, 2, … and dealt out
    to the processes like cards: the sequence of batches is the same for any number of processes, and each gets equally
    many. What does not fill a round is left out (``drop_last``) or completed with faces from the epoch's beginning.

    Without ``shuffle`` each process gets a contiguous share, each face exactly once, every epoch alike. All processes
    get equally many batches, whose sizes differ by one at most; ``drop_last`` is not used.

    Lightning passes the loader through as it is, tells it the epoch through `sampler`, and stores its place within the
    epoch in checkpoints through `state_dict`.

    Args:
        faces: Where the faces come from.
        batch_size: Faces in a batch of one process; without ``shuffle`` the largest batch.
        shuffle: Permute the faces anew each epoch, for training.
        seed: What the order and every random choice follow from.
        rank: Number of this process.
        world_size: Number of processes.
        num_workers: Threads that gather batches ahead of time; 0 gathers when asked.
        drop_last: Leave out what does not fill a round of batches, rather than completing it.
        classes: ``(N,)`` of each face, for ``balance``; None are all alike.
        balance: With ``shuffle``, from 0, where an epoch has each face once, to 1, where it has equally many faces of
            each class: one of n faces gets a share in proportion to ``n^(1 - balance)``, and its faces are left out or
            repeated as evenly as can be.

    Raises:
        ConfigError: There are too few faces to give every process a batch.
    """

    def __init__(
        self,
        faces: BatchSource,
        batch_size: int,
        *,
        shuffle: bool,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        num_workers: int = 0,
        drop_last: bool = False,
        classes: NDArray[np.int64] | None = None,
        balance: float = 0.0,
    ) -> None:
        self.faces = faces
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.num_workers = num_workers
        self.drop_last = drop_last
        self.classes = classes
        self.balance = balance
        self._epoch = 0
        self._batches_done = 0
        self._resume_from: LoaderState | None = None
        needed = batch_size * world_size if shuffle and drop_last else world_size
        if len(faces) < needed:
            hint = ", or set drop_last to false" if shuffle and drop_last else ""
            raise ConfigError(
                f"{len(faces)} faces do not give {world_size} process(es) a batch of {batch_size} each; "
                f"lower the batch size or the number of devices{hint}."
            )

    @property
    def sampler(self) -> Self:
        """The loader itself: Lightning calls ``set_epoch`` on a loader's sampler."""
        return self

    @property
    def batch_sampler(self) -> None:
        """Nothing: Lightning looks for it where there is a sampler."""
        return None

    def __len__(self) -> int:
        """Number of batches of this process in an epoch; the same on every rank."""
        if self.shuffle and self.drop_last:
            return len(self.faces) // (self.batch_size * self.world_size)
        return -(-len(self.faces) // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[FaceBatch]:
        """The rest of the current epoch after `load_state_dict`, else all of it.

        The epoch counts as it is when the first batch is asked for: Lightning sets it after calling ``iter``.
        """
        self._batches_done = self._take_resume_point()
        order = self._order()
        for batch in self._gather_ahead(order, range(self._batches_done, len(self))):
            self._batches_done += 1
            yield batch

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch, from 0; takes effect with the next iteration."""
        self._epoch = epoch

    def state_dict(self) -> LoaderState:
        """The place behind the batch that was handed out last."""
        return LoaderState(
            epoch=self._epoch,
            batches_done=self._batches_done,
            seed=self.seed,
            batch_size=self.batch_size,
            world_size=self.world_size,
        )

    def load_state_dict(self, state_dict: LoaderState) -> None:
        """Lets the next iteration go on from a stored place, provided that it is in the same epoch."""
        self._epoch, self._batches_done = state_dict["epoch"], state_dict["batches_done"]
        self._resume_from = state_dict

    def _take_resume_point(self) -> int:
        """Number of the epoch's batches to skip; forgets the stored place.

        Raises:
            CheckpointError: The place was stored by a loader that cuts the epoch into other batches.
        """
        state, self._resume_from = self._resume_from, None
        if state is None or state["epoch"] != self._epoch:
            return 0
        own = self.state_dict()
        changed = [
            f"{name} was {state[name]} and is {own[name]}"
            for name in ("seed", "batch_size", "world_size")
            if state[name] != own[name]
        ]
        if changed:
            raise CheckpointError(
                f"The checkpoint was written inside epoch {self._epoch}, which cannot go on with other batches: "
                f"{', '.join(changed)}. Set them back, or resume from a checkpoint written at the end of an epoch."
            )
        return state["batches_done"]

    def _order(self) -> NDArray[np.int64]:
        """All face numbers in this epoch's order, ``(N,)``."""
        if not self.shuffle:
            return np.arange(len(self.faces))
        chance = self._generator(self._epoch)
        if self.classes is None or self.balance == 0:
            return chance.permutation(len(self.faces))
        members = [np.flatnonzero(self.classes == one) for one in np.unique(self.classes)]
        shares = np.array([len(rows) for rows in members]) ** (1.0 - self.balance)
        counts = np.ceil(len(self.faces) * shares / shares.sum()).astype(int)
        drawn = np.concatenate(
            [np.resize(chance.permutation(rows), count) for rows, count in zip(members, counts, strict=True)]
        )
        order: NDArray[np.int64] = chance.permutation(drawn)[: len(self.faces)]
        return order

    def _gather(self, order: NDArray[np.int64], number: int) -> FaceBatch:
        """This process's batch ``number`` of the epoch."""
        if not self.shuffle:
            share = np.array_split(order, self.world_size)[self.rank]
            return self.faces.batch(np.array_split(share, len(self))[number], self._generator(0, self.rank, number))
        card = number * self.world_size + self.rank
        rows = np.arange(card * self.batch_size, (card + 1) * self.batch_size)
        return self.faces.batch(order.take(rows, mode="wrap"), self._generator(self._epoch, card))

    def _gather_ahead(self, order: NDArray[np.int64], numbers: range) -> Iterator[FaceBatch]:
        """The batches with these numbers, in order, with up to two in the making for each worker."""
        if self.num_workers == 0:
            yield from (self._gather(order, number) for number in numbers)
            return
        pool = ThreadPoolExecutor(self.num_workers, thread_name_prefix="face-loader")
        pending: deque[Future[FaceBatch]] = deque()
        try:
            for number in numbers:
                pending.append(pool.submit(self._gather, order, number))
                if len(pending) > 2 * self.num_workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _generator(self, *key: int) -> np.random.Generator:
        """A generator of its own for each key; a key and the same one with zeros behind it are different."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))
