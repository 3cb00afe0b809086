"""Training on several data sets at once, each with its share of every batch."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.datasets.joined import JoinedPictures, check_data_sets_apart
from geofer.datamodules.face_dataset import FaceLabels, PictureSource, Rows
from geofer.datamodules.loader import FaceLoader
from geofer.datamodules.pairs import PairDataset
from geofer.errors import ConfigError
from geofer.faces import PairBatch
from geofer.ranges import plain_number
from geofer.ray_cluster import RayCluster

MAX_SUBSETS = 63


class MixedFaces(FaceDataModule):
    """Trains on several data sets at once, and evaluates on all of them; reports tell them apart.

    All have the same classes, picture size and crop. Labels that a data set lacks are missing there: a face without
    votes counts as if all were for its label, blendshapes are handed out only if all data sets have them, and poses
    that nobody knows are NaN. Neither a picture nor a person or group may be on two sides, whatever data set it is in.

    Args:
        sources: The data sets, by names that reports call them.
        weights: Of each, what share of a batch's faces it gives; they are divided by their sum. None takes as many of
            each as it has faces.
        balance: How far training evens out the expressions of each data set, from 0 (as they come) to 1 (all alike): an
            expression with n faces is drawn in proportion to ``n^(1 - balance)``.
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        seed: Which faces are drawn.

    Raises:
        ConfigError: There is no data set, their faces do not go together, or a number is out of its range.
    """

    def __init__(
        self,
        sources: dict[str, FaceDataModule],
        *,
        weights: dict[str, float] | None = None,
        balance: float = 0.0,
        batch_size: int = 36,
        num_workers: int = 0,
        self_pairs: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size, num_workers=num_workers, self_pairs=self_pairs, seed=seed, balance=balance
        )
        _check_sources(sources, weights)
        self.sources = sources
        self.weights = weights and {name: plain_number(weight) for name, weight in weights.items()}
        self.arguments["sources"] = {
            name: {"data_set": type(source).__name__, **source.arguments} for name, source in sources.items()
        }

    @property
    def _first(self) -> FaceDataModule:
        return next(iter(self.sources.values()))

    @property
    def expressions(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""
        return self._first.expressions

    @property
    def image_size(self) -> int:
        """Side of the square pictures in pixels."""
        return self._first.image_size

    @property
    def crop(self) -> str | None:
        """The rule that the faces are cropped by, as far as it is known."""
        return next((source.crop for source in self.sources.values() if source.crop), None)

    def use_cluster(self, cluster: RayCluster) -> None:
        """Let these machines do the work of `prepare_data` for all data sets."""
        for source in self.sources.values():
            source.use_cluster(cluster)

    def prepare_data(self) -> None:
        """Prepares all data sets."""
        for source in self.sources.values():
            source.prepare_data()

    def open_store(self) -> FaceStore:
        """Opens all data sets as one; pictures stay on disk, landmarks are read into memory.

        Raises:
            LeakError: A picture, a person or a group is on several sides; it names them.
        """
        stores = {name: source.open_store() for name, source in self.sources.items()}
        split = np.concatenate([store.split for store in stores.values()])
        if known := [(store.origins, store.split) for store in stores.values() if store.origins]:
            check_data_sets_apart([origins for origins, _ in known], np.concatenate([sides for _, sides in known]))
        self._sizes = [len(store.table) for store in stores.values()]
        tags = tuple(dict.fromkeys([*stores, *(tag for store in stores.values() for tag in store.tags)]))
        if len(tags) > MAX_SUBSETS:
            raise ConfigError(f"The data sets have {len(tags)} names and tags; at most {MAX_SUBSETS} are counted.")
        pictures = JoinedPictures([store.pictures for store in stores.values()])
        return FaceStore(self._joined(stores, tags), pictures, split, tags)

    def _joined(self, stores: Mapping[str, FaceStore], tags: tuple[str, ...]) -> FaceLabels:
        """One table below the other; people of two data sets are different ones."""
        tables = [store.table for store in stores.values()]
        people = np.cumsum([0, *(table.subject.max(initial=-1) + 1 for table in tables)])
        voted = any(table.votes is not None for table in tables)
        blendshapes = [table.blendshapes[np.arange(len(table))] for table in tables if table.blendshapes is not None]
        return FaceLabels(
            expression=np.concatenate([table.expression for table in tables]),
            subject=np.concatenate([first + table.subject for first, table in zip(people, tables, strict=False)]),
            yaw=np.concatenate([table.yaw for table in tables]),
            pitch=np.concatenate([table.pitch for table in tables]),
            landmarks=np.concatenate([table.landmarks[np.arange(len(table))] for table in tables]),
            tags=np.concatenate([_tag_bits(name, store, tags) for name, store in stores.items()]),
            blendshapes=np.concatenate(blendshapes) if len(blendshapes) == len(tables) else None,
            votes=np.concatenate([table.label_fractions(self.num_classes) for table in tables]) if voted else None,
        )

    def _source_of_rows(self) -> NDArray[np.int64]:
        """``(N,)`` which data set each row of the store is of."""
        return np.repeat(np.arange(len(self._sizes)), self._sizes)

    def chances(self) -> NDArray[np.float64]:
        """How likely training draws each face of the store next, ``(N,)``; they sum to 1."""
        source, table = self._source_of_rows(), self.store.table
        training = self.store.split == "train"
        chances = np.zeros(len(table))
        for number, name in enumerate(self.sources):
            rows = np.flatnonzero(training & (source == number))
            label = table.expression[rows]
            own = np.bincount(label, minlength=self.num_classes)[label] ** -float(self.balance)
            weight = len(rows) if self.weights is None else self.weights[name]
            chances[rows] = own * weight / own.sum()
        shares: NDArray[np.float64] = chances / chances.sum()
        return shares

    def class_fractions(self) -> torch.Tensor:
        """What share of the faces that training draws shows each expression, ``(S, K)``, for each data set."""
        source, chances = self._source_of_rows(), self.chances()
        shares = self.store.table.label_fractions(self.num_classes)
        means = [
            np.average(shares[source == number], axis=0, weights=chances[source == number])
            for number in range(len(self.sources))
        ]
        return torch.from_numpy(np.array(means, np.float32))

    def train_dataloader(self) -> FaceLoader:
        """Drawn pairs of training subjects; an epoch is as many as there are training faces."""
        rows = self._rows("train")
        drawn = DrawnPairs(
            self.store.table,
            self.store.pictures,
            rows,
            self.self_pairs,
            chances=self.chances()[rows],
            source=self._source_of_rows()[rows],
        )
        if len(rows) < self.batch_size:
            raise ConfigError(f"batch_size is {self.batch_size}, but there are only {len(rows)} training faces.")
        return self._loader(drawn, training=True)


class DrawnPairs(PairDataset):
    """Pairs whose inputs are drawn by chance, with as many of each data set in a batch as can be.

    Args:
        table: As in `PairDataset`.
        pictures: As in `PairDataset`.
        rows: As in `PairDataset`; n of them.
        self_pairs: As in `PairDataset`.
        chances: ``(n,)`` of each of them, to be drawn next.
        source: ``(n,)`` which data set it is of.
    """

    def __init__(
        self,
        table: FaceLabels,
        pictures: PictureSource,
        rows: Rows,
        self_pairs: float,
        *,
        chances: NDArray[np.float64],
        source: NDArray[np.int64],
    ) -> None:
        super().__init__(table, pictures, rows, self_pairs)
        self._order = np.argsort(source, kind="stable")  # so that one stretch of the line below is one data set
        self._reached = np.cumsum(chances[self._order]) / chances.sum()
        self._source = source

    def draw(self, count: int, rng: np.random.Generator) -> Rows:
        """``(count,)`` positions within this data set.

        One is drawn in each of ``count`` equal parts of the line from 0 to 1 on which each face has its chance: data
        sets, whose faces lie side by side there, get their shares to within one face.
        """
        points = (np.arange(count) + rng.random(count)) / count
        return self._order[np.minimum(np.searchsorted(self._reached, points, side="right"), len(self._order) - 1)]

    def batch(self, indices: Rows, rng: np.random.Generator) -> PairBatch:
        """Gathers one batch of as many faces as there are ``indices``; see `PairDataset.batch`."""
        drawn = self.draw(len(indices), rng)
        batch = super().batch(drawn, rng)
        batch["source"] = torch.from_numpy(self._source[drawn])
        return batch


def _tag_bits(name: str, store: FaceStore, tags: tuple[str, ...]) -> NDArray[np.int64]:
    """The subsets of a data set's faces, by the places of their names in ``tags``; its own name is one."""
    bits = np.full(len(store.table), 1 << tags.index(name), np.int64)
    if store.table.tags is not None:
        for place, tag in enumerate(store.tags):
            bits |= (store.table.tags >> place & 1) << tags.index(tag)
    return bits


def _check_sources(sources: Mapping[str, FaceDataModule], weights: Mapping[str, float] | None) -> None:
    """Refuses data sets that do not go together.

    Raises:
        ConfigError: It says which, and why.
    """
    if not sources:
        raise ConfigError("MixedFaces has no sources; name one data set or more.")
    (first, one), *others = sources.items()
    for name, other in others:
        for what in ("expressions", "image_size"):
            if getattr(one, what) != getattr(other, what):
                raise ConfigError(
                    f"The sources {first} and {name} do not go together: {what} is {getattr(one, what)} and "
                    f"{getattr(other, what)}. Set the same for both."
                )
        if one.crop and other.crop and one.crop != other.crop:
            raise ConfigError(
                f"The faces of {first} are cropped by the rule {one.crop!r} and those of {name} by {other.crop!r}. Set "
                "one crop for both."
            )
    if weights is None:
        return
    if set(weights) != set(sources):
        raise ConfigError(f"weights name {', '.join(weights)}, and the sources are {', '.join(sources)}.")
    if not all(0 < weight < math.inf for weight in weights.values()):
        raise ConfigError("weights are shares of a batch, all above 0; leave out a source that shall give none.")
