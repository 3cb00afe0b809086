"""Faces that are prepared already, wherever they lie."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.face_store import RepeatedPictures, open_faces
from geofer.datamodules.index import FaceIndex
from geofer.datamodules.splits import Identities, default_splits
from geofer.errors import ConfigError


class PreparedFaces(FaceDataModule):
    """What ``geofer prepare`` made, without the pictures that it was made from: on this disk or in an object store.

    Args:
        root: The folder that ``geofer prepare`` named, or its address (``s3://bucket/folder``, ``gs://…``); from afar
            only faces prepared with ``cache: litdata`` can be read.
        expressions: Which expressions to use, in the order of their labels; None takes those that the faces show.
        val_share: Share of the training people that choose the checkpoint, where the index names none.
        repeated_pictures: ``raise`` refuses a split with one picture on several sides; ``drop`` leaves it in the test,
            or else in the validation, alone.
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        seed: Splits that are drawn, order of the faces, choice of the pairs.

    Raises:
        ConfigError: A setting is out of its range.
    """

    def __init__(
        self,
        root: str,
        *,
        expressions: tuple[str, ...] | None = None,
        val_share: float = 0.1,
        repeated_pictures: RepeatedPictures = "raise",
        batch_size: int = 36,
        num_workers: int = 0,
        self_pairs: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, self_pairs=self_pairs, seed=seed)
        if not 0 <= val_share < 1:
            raise ConfigError(f"val_share is {val_share}; it is a share, from 0 to below 1.")
        self.root = root
        self.val_share = val_share
        self.repeated_pictures = repeated_pictures
        self._expressions = expressions

    @cached_property
    def index(self) -> FaceIndex:
        """The index, opened once.

        Raises:
            DataError: There is none, or it is damaged.
        """
        return FaceIndex(self.root)

    @property
    def expressions(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""
        return tuple(self._expressions) if self._expressions is not None else self.index.expressions

    @property
    def image_size(self) -> int:
        """Side of the square crops in pixels."""
        return self.index.info.image_size

    @property
    def crop(self) -> str:
        """The rule that the faces are cropped by."""
        return self.index.info.crop

    def assign_splits(self, faces: Identities) -> NDArray[np.str_]:
        """See `geofer.datamodules.splits.default_splits`."""
        return default_splits(faces, self.val_share, self.seed)

    def open_store(self) -> FaceStore:
        """Opens the faces; pictures and landmarks stay where they are until a batch asks for them."""
        return open_faces(self.root, self.expressions, self.assign_splits, self.repeated_pictures)
