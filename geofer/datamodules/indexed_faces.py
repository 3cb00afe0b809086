"""What opens a complete cache: which faces are used, and who is on which side."""

from abc import abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, get_args

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.datasets.pose_lists import tag_test_faces
from geofer.datamodules.folds import check_folds, fold_splits
from geofer.datamodules.preparation.index import FaceIndex
from geofer.datamodules.preparation.opening import RepeatedPictures, open_faces
from geofer.datamodules.splits import Identities, default_splits
from geofer.errors import ConfigError
from geofer.paths import AnyPath, as_path
from geofer.ranges import check_choice, plain_number

if TYPE_CHECKING:
    import pyarrow as pa


def _texts(batch: "pa.RecordBatch") -> list[str]:
    texts: list[str] = batch["expression"].to_pylist()
    return texts


class KeptFaces(FaceDataModule):
    """Base of the data modules whose faces lie in a cache with an index; all of this is settled when it is opened.

    Args:
        val_fraction: Share of the training people that choose the checkpoint, where the protocol names none.
        folds: So many folds of a cross validation over people (or groups) replace the set's own split; see
            ``geofer cross-validate``.
        fold: Which of them is tested, from 0.
        pose_lists: Tag by tag, such as ``pose>30``, the list of the test pictures that have it; see
            `geofer.datamodules.datasets.pose_lists`.
        all_for_test: Every face is tested, for a model that was trained elsewhere; one that was trained on faces of a
            folder of the same name is refused.
        repeated_pictures: ``raise`` refuses a split with one picture on several sides; ``drop`` leaves it in the test,
            or else in the validation, alone.
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        seed: Splits that are drawn, order of the faces, choice of the pairs.
        balanced: Whether an epoch of training has equally many faces of each expression; rare ones are repeated.

    Raises:
        ConfigError: A setting is out of its range.
    """

    def __init__(
        self,
        *,
        val_fraction: float = 0.1,
        folds: int | None = None,
        fold: int = 0,
        pose_lists: dict[str, AnyPath] | None = None,
        all_for_test: bool = False,
        repeated_pictures: RepeatedPictures = "raise",
        batch_size: int = 36,
        num_workers: int = 0,
        self_pairs: float = 0.1,
        seed: int = 0,
        balanced: bool = False,
    ) -> None:
        super().__init__(
            batch_size=batch_size, num_workers=num_workers, self_pairs=self_pairs, seed=seed, balanced=balanced
        )
        if not 0 <= val_fraction < 1:
            raise ConfigError(f"val_fraction is {val_fraction}; it is a share, from 0 to below 1.")
        check_folds(folds, fold)
        if all_for_test and folds is not None:
            raise ConfigError("all_for_test tests every face and folds tests some of them; leave one of them out.")
        self.val_fraction = plain_number(val_fraction)
        self.folds, self.fold = plain_number(folds), plain_number(fold)
        self.all_for_test = all_for_test
        self.pose_lists = {tag: as_path(path, "pose_lists") for tag, path in (pose_lists or {}).items()}
        check_choice("repeated_pictures", repeated_pictures, get_args(RepeatedPictures))
        self.repeated_pictures = repeated_pictures

    @property
    @abstractmethod
    def location(self) -> str:
        """The cache's folder or address."""

    def tell_unused(self) -> None:
        """Prints how many of the faces show expressions that are not asked for."""
        shown = Counter(name for batch in FaceIndex(self.location).read(["expression"]) for name in _texts(batch))
        if unused := {name: count for name, count in shown.items() if name not in self.expressions}:
            listed = ", ".join(f"{count} show {name}" for name, count in unused.items())
            print(
                f"{sum(unused.values())} of these faces are not used, as `expressions` does not name theirs: {listed}."
            )

    def assign_splits(self, faces: Identities) -> NDArray[np.str_]:
        """Who is on which side; called when the store is opened, so a cache serves every split.

        Args:
            faces: Whom the N faces show that have one of `expressions`.

        Returns:
            ``(N,)`` of ``train``, ``val`` and ``test``.
        """
        return default_splits(faces, self.val_fraction, self.seed)

    def open_store(self) -> FaceStore:
        """Opens the faces; crops and landmarks stay where they are until a batch asks for them."""
        store = open_faces(self.location, self.expressions, self._sides, self.repeated_pictures)
        return tag_test_faces(store, self.pose_lists)

    def _sides(self, faces: Identities) -> NDArray[np.str_]:
        if self.all_for_test:
            return np.full(len(faces.subject), "test")
        if self.folds is None:
            return self.assign_splits(faces)
        return fold_splits(faces.units, self.folds, self.fold, self.val_fraction, self.seed)
