"""What all data modules share: splits by subject, loaders, the landmark bank, normalization."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from lightning import LightningDataModule
from numpy.typing import NDArray

from geofer.arguments import constructor_arguments, described
from geofer.datamodules.face_dataset import FaceDataset, FaceLabels, PictureSource
from geofer.datamodules.leaks import check_apart
from geofer.datamodules.loader import FaceLoader
from geofer.datamodules.pairs import PairDataset
from geofer.datamodules.splits import Identities
from geofer.errors import AssumptionWarning, ConfigError, DataError
from geofer.faces import FaceBatch, LandmarkBank, Split, normalize_image
from geofer.ranges import check_range, plain_number
from geofer.ray_cluster import RayCluster

PICTURES = ("image", "target_image")
SPLITS: tuple[Split, ...] = ("train", "val", "test")

MAX_BANK = 100_000
"""Geometries of a landmark bank at most: 54 MB."""


@dataclass(frozen=True)
class Origins:
    """Where the N faces of a store come from: what two data sets are compared by.

    Attributes:
        data_set: The data set's name.
        faces: Whom they show.
        digests: ``(N,)`` uint64, the first half of each picture's digest; None of rendered pictures, which only the
            same person can share.
        files: Names of the pictures of some rows.
    """

    data_set: str
    faces: Identities
    digests: NDArray[np.uint64] | None
    files: Callable[[NDArray[np.int64]], Sequence[str]]


@dataclass(frozen=True)
class FaceStore:
    """All faces of a data set, with the split of each.

    Attributes:
        table: One row a face.
        pictures: The pictures, in the order of ``table``.
        split: ``(N,)`` of ``train``, ``val`` and ``test``; ``""`` for faces that are not used.
        tags: Names of the evaluation subsets, in the order of the bits of ``table.tags``.
        origins: Where the faces come from; None if nobody knows.
    """

    table: FaceLabels
    pictures: PictureSource
    split: NDArray[np.str_]
    tags: tuple[str, ...] = ()
    origins: Origins | None = None


class FaceDataModule(LightningDataModule, ABC):
    """Base of every data set of faces.

    A subclass says what its labels and picture size are, makes its store in `prepare_data`, and opens it in
    `open_store`. Everything else is here: training batches are pairs of one person, evaluation batches are faces,
    and a subject in two splits is an error.

    Args:
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead; 0 gathers in the training thread, which is enough for
            pictures in a memory map.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        seed: Order of the faces and choice of the pairs.
        balance: How far an epoch of training evens out the expressions, from 0 (as they come) to 1 (all alike): an
            expression with n faces gets a share in proportion to ``n^(1 - balance)``; rare ones are repeated.

    Attributes:
        arguments: What it was made with, as plain data, see `geofer.arguments.described`.
        cluster: Machines that `prepare_data` works on; None takes processes of this one.
    """

    def __init__(
        self, *, batch_size: int, num_workers: int, self_pairs: float, seed: int, balance: float = 0.0
    ) -> None:
        super().__init__()
        self.arguments = described(constructor_arguments(self))
        if batch_size < 2:
            raise ConfigError(f"batch_size is {batch_size}; batch normalization needs at least 2 faces.")
        if not 0 <= self_pairs <= 1:
            raise ConfigError(f"self_pairs is {self_pairs}; it is a share, between 0 and 1.")
        if num_workers < 0:
            raise ConfigError(f"num_workers is {num_workers}; choose 0, or a number of threads.")
        self.batch_size, self.num_workers = plain_number(batch_size), plain_number(num_workers)
        self.self_pairs, self.seed = plain_number(self_pairs), plain_number(seed)
        check_range("balance", balance, 0, 1)
        self.balance = plain_number(balance)
        self.cluster: RayCluster | None = None
        self._store: FaceStore | None = None

    @property
    @abstractmethod
    def expressions(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""

    @property
    @abstractmethod
    def image_size(self) -> int:
        """Side of the square pictures in pixels."""

    def resize(self, image_size: int) -> None:
        """Take pictures of another size, before they are prepared.

        Raises:
            ConfigError: These faces have one size, and it is another.
        """
        if image_size != self.image_size:
            raise ConfigError(
                f"The faces of {type(self).__name__} have {self.image_size} pixels a side, and image_size asks for "
                f"{image_size}. Prepare them again, or leave image_size out."
            )

    def use_cluster(self, cluster: RayCluster) -> None:
        """Let these machines do the work of `prepare_data`."""
        self.cluster = cluster

    @property
    def crop(self) -> str | None:
        """The rule that the faces are cropped by, see `geofer.landmarks.alignment`; None if it is not known."""
        return None

    @abstractmethod
    def open_store(self) -> FaceStore:
        """Opens what `prepare_data` made; called once in every process.

        Raises:
            DataError: It is not there, or damaged.
        """

    @property
    def num_classes(self) -> int:
        """Number of expressions."""
        return len(self.expressions)

    @property
    def tags(self) -> tuple[str, ...]:
        """Names of the evaluation subsets, in the order of the bits of a batch's ``tags``."""
        return self.store.tags

    @property
    def store(self) -> FaceStore:
        """The opened store."""
        if self._store is None:
            raise DataError("The data module is not set up; call prepare_data() and setup() first.")
        return self._store

    def setup(self, stage: str | None = None) -> None:
        """Opens the store and checks that no subject is in two splits.

        Raises:
            LeakError: A subject is in two splits.
            DataError: A split that this stage needs is empty.
        """
        if self._store is None:
            self._store = self.open_store()
            subject = self._store.table.subject
            check_apart("subject", subject, self._store.split, lambda rows: subject[rows].tolist())
        needed: tuple[Split, ...] = {"fit": SPLITS[:2], "validate": SPLITS[1:2], None: SPLITS}.get(stage, SPLITS[2:])
        for split in needed:
            if not len(self._rows(split)):
                raise DataError(
                    f"{type(self).__name__} has no face in its {split} split, which this command needs. Put somebody "
                    "there in the data settings, or check the data set's folder."
                )
        if "train" in needed:
            self._check_classes()

    def _check_classes(self) -> None:
        """Refuses training faces of one expression alone; tells of expressions that none of them shows.

        Raises:
            DataError: There is one expression.
        """
        shown = np.unique(self.store.table.expression[self._rows("train")])
        if len(shown) < 2:
            raise DataError(
                f"Every training face of {type(self).__name__} shows {self.expressions[shown[0]]}. A classifier needs "
                "faces of two expressions or more."
            )
        if missing := [name for label, name in enumerate(self.expressions) if label not in shown]:
            warnings.warn(
                f"No training face of {type(self).__name__} shows {' or '.join(missing)}, so that cannot be learned. "
                "Leave it out of `expressions`, or add faces that show it.",
                AssumptionWarning,
                stacklevel=3,
            )

    def _rows(self, split: Split) -> NDArray[np.int64]:
        return np.flatnonzero(self.store.split == split)

    def faces(self, split: Split) -> FaceDataset:
        """The faces of one split."""
        return FaceDataset(self.store.table, self.store.pictures, self._rows(split))

    def subjects(self, split: Split) -> frozenset[int]:
        """Subject numbers of one split."""
        return frozenset(self.store.table.subject[self._rows(split)].tolist())

    def provenance(self) -> dict[str, Any]:
        """What a model that is trained on these faces says of them, in its checkpoints and its model card.

        Returns:
            ``data_set``, the name of the class; ``arguments``, those that it was made with; ``expressions`` in the
            order of their labels; ``image_size``; ``crop``, None if it is not known; and ``subjects`` and ``faces``,
            how many there are in each split. All of it is plain data.
        """
        return {
            "data_set": type(self).__name__,
            "arguments": self.arguments,
            "expressions": list(self.expressions),
            "image_size": self.image_size,
            "crop": self.crop,
            "subjects": {split: len(self.subjects(split)) for split in SPLITS},
            "faces": {split: len(self._rows(split)) for split in SPLITS},
        }

    def landmark_bank(self) -> LandmarkBank:
        """The geometries that synthesis may aim at: those of the training faces, and of nobody else.

        They are held in memory, so of more than `MAX_BANK` training faces that many are drawn by ``seed``.
        """
        table, rows = self.store.table, self._rows("train")
        if len(rows) > MAX_BANK:
            rows = np.sort(np.random.default_rng(self.seed).choice(rows, MAX_BANK, replace=False))
        return LandmarkBank(
            landmarks=torch.from_numpy(table.landmarks[rows]),
            expression=torch.from_numpy(table.expression[rows]),
            subject=torch.from_numpy(table.subject[rows]),
            blendshapes=None if table.blendshapes is None else torch.from_numpy(table.blendshapes[rows]),
        )

    def class_fractions(self) -> torch.Tensor:
        """What share of the faces that training sees shows each expression, ``(1, K)``; by votes where there are."""
        rows = self._rows("train")
        label = self.store.table.expression[rows]
        often = np.bincount(label)[label] ** -float(self.balance)
        shares = np.average(self.store.table.label_fractions(self.num_classes)[rows], axis=0, weights=often)
        return torch.from_numpy(shares[None].astype(np.float32))

    def _loader(self, dataset: FaceDataset, *, training: bool) -> FaceLoader:
        return FaceLoader(
            dataset,
            self.batch_size,
            shuffle=training,
            drop_last=training,
            seed=self.seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
            num_workers=self.num_workers,
            classes=dataset.table.expression if training else None,
            balance=self.balance if training else 0.0,
        )

    def train_dataloader(self) -> FaceLoader:
        """Shuffled pairs of training subjects."""
        pairs = PairDataset(self.store.table, self.store.pictures, self._rows("train"), self.self_pairs)
        if len(pairs) < self.batch_size:
            raise ConfigError(
                f"batch_size is {self.batch_size}, but there are only {len(pairs)} training faces. Lower it, or train "
                "on more faces."
            )
        return self._loader(pairs, training=True)

    def val_dataloader(self) -> FaceLoader:
        """Faces of the validation subjects, in order."""
        return self._loader(self.faces("val"), training=False)

    def test_dataloader(self) -> FaceLoader:
        """Faces of the test subjects, in order."""
        return self._loader(self.faces("test"), training=False)

    def predict_dataloader(self) -> FaceLoader:
        """The faces that `test_dataloader` gives."""
        return self.test_dataloader()

    def on_after_batch_transfer(self, batch: FaceBatch, dataloader_idx: int) -> FaceBatch:
        """Brings the pictures from uint8 to floats in [-1, 1], on the device."""
        pictures = {
            name: normalize_image(cast(torch.Tensor, value)) for name, value in batch.items() if name in PICTURES
        }
        return cast(FaceBatch, {**batch, **pictures})
