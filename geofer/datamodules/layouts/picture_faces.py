"""What all data sets of pictures share: from the folder that the user was given to a store of cropped faces."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.layouts.pose_lists import tag_test_faces
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.index import FaceIndex, IndexInfo
from geofer.datamodules.preparation.listing import Listing, cache_name, list_records
from geofer.datamodules.preparation.opening import RepeatedPictures, open_faces
from geofer.datamodules.preparation.records import FaceRecord, PictureFiles, PictureReader
from geofer.datamodules.preparation.run import REPORT, prepare_faces
from geofer.datamodules.splits import Identities, check_folds, default_splits, fold_splits, with_fewer_to_train
from geofer.errors import ConfigError, printable
from geofer.paths import AnyPath, as_path, cache_folder, counted_by_ending
from geofer.ranges import check_choice, check_range, did_you_mean, plain_number

if TYPE_CHECKING:
    import pyarrow as pa


class IndexedFaces(FaceDataModule):
    """Base of the data modules whose faces lie in a cache with an index; all of this is settled when it is opened.

    Args:
        val_fraction: Share of the training people that choose the checkpoint, where the protocol names none.
        train_fraction: Share of the training people (or groups) that are trained on; ``seed`` draws them, and a larger
            share holds those of a smaller one. The others are not used at all.
        folds: So many folds of a cross validation over people (or groups) replace the set's own split; see
            ``geofer cross-validate``.
        fold: Which of them is tested, from 0.
        pose_lists: Tag by tag, such as ``pose>30``, the list of the test pictures that have it; see
            `geofer.datamodules.layouts.pose_lists`.
        all_for_test: Every face is tested, for a model that was trained elsewhere; one that was trained on faces of a
            folder of the same name is refused.
        repeated_pictures: ``raise`` refuses one picture in several splits; ``drop`` leaves it in the test,
            or else in the validation, alone.
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        seed: Splits that are drawn, order of the faces, choice of the pairs.
        balance: How far an epoch of training evens out the expressions, from 0 (as they come) to 1 (all alike): an
            expression with n faces gets a share in proportion to ``n^(1 - balance)``; rare ones are repeated.

    Raises:
        ConfigError: A setting is out of its range.
    """

    def __init__(
        self,
        *,
        val_fraction: float = 0.1,
        train_fraction: float = 1.0,
        folds: int | None = None,
        fold: int = 0,
        pose_lists: dict[str, AnyPath] | None = None,
        all_for_test: bool = False,
        repeated_pictures: RepeatedPictures = "raise",
        batch_size: int = 36,
        num_workers: int = 0,
        self_pairs: float = 0.1,
        seed: int = 0,
        balance: float = 0.0,
    ) -> None:
        super().__init__(
            batch_size=batch_size, num_workers=num_workers, self_pairs=self_pairs, seed=seed, balance=balance
        )
        if not 0 <= val_fraction < 1:
            raise ConfigError(f"val_fraction is {val_fraction}; it is a share, from 0 to below 1.")
        if not 0 < train_fraction <= 1:
            raise ConfigError(f"train_fraction is {train_fraction}; it is a share, above 0 and up to 1.")
        check_folds(folds, fold)
        if all_for_test and folds is not None:
            raise ConfigError("all_for_test tests every face and folds tests some of them; leave one of them out.")
        self.val_fraction = plain_number(val_fraction)
        self.train_fraction = plain_number(train_fraction)
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
        """Who is in which split; called when the store is opened, so a cache serves every split.

        Args:
            faces: Whom the N faces show that have one of `expressions`.

        Returns:
            ``(N,)`` of ``train``, ``val`` and ``test``.
        """
        return default_splits(faces, self.val_fraction, self.seed)

    def open_store(self) -> FaceStore:
        """Opens the faces; crops and landmarks stay where they are until a batch asks for them."""
        store = open_faces(self.location, self.expressions, self._splits, self.repeated_pictures)
        return tag_test_faces(store, self.pose_lists)

    def _splits(self, faces: Identities) -> NDArray[np.str_]:
        if self.all_for_test:
            return np.full(len(faces.subject), "test")
        if self.folds is None:
            splits = self.assign_splits(faces)
        else:
            splits = fold_splits(faces.units, self.folds, self.fold, self.val_fraction, self.seed)
        return with_fewer_to_train(splits, faces.units, self.train_fraction, self.seed)


def _texts(batch: "pa.RecordBatch") -> list[str]:
    texts: list[str] = batch["expression"].to_pylist()
    return texts


class PictureFaces(IndexedFaces):
    """Base of every data set of pictures.

    A subclass says what its folder holds (`records`), and maybe how its pictures are read (`reader`) and who is in
    which split (`assign_splits`). Finding, cropping and caching the faces is here.

    Args:
        root: The data set's folder.
        expressions: Which of the set's expressions to use, in the order of their labels; None takes `VOCABULARY`.
            Faces with others stay in the cache, and out of training and testing.
        image_size: Side of the square crops in pixels, 16 to 2048.
        preparation: How faces are found, cropped and kept.
        **common: See `IndexedFaces`.

    Raises:
        ConfigError: A setting is out of its range.
    """

    VOCABULARY: ClassVar[tuple[str, ...]]
    """Every expression that the data set knows, in the default order of the labels."""

    def __init__(
        self,
        root: AnyPath,
        *,
        expressions: tuple[str, ...] | None = None,
        image_size: int = 64,
        preparation: Preparation = Preparation(),
        **common: Any,  # noqa: ANN401 - typed where they are declared
    ) -> None:
        super().__init__(**common)
        self.root = as_path(root, "root")
        self.preparation = preparation
        self.cluster = preparation.cluster
        self.resize(image_size)
        self._expressions = tuple(expressions) if expressions is not None else self.VOCABULARY
        if unknown := [name for name in self._expressions if name not in self.vocabulary]:
            raise ConfigError(
                f"{type(self).__name__} has no expression {unknown[0]!r}; it has {', '.join(self.vocabulary)}."
                f"{did_you_mean(unknown[0], self.vocabulary)}"
            )

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every expression that a record may have."""
        return self.VOCABULARY

    @property
    def expressions(self) -> tuple[str, ...]:
        """Class names, in the order of the labels."""
        return self._expressions

    @property
    def image_size(self) -> int:
        """Side of the square crops in pixels."""
        return self._image_size

    def resize(self, image_size: int) -> None:
        """Take crops of another size, before they are prepared.

        Raises:
            ConfigError: The size is not within 16 and 2048 pixels.
        """
        check_range("image_size", image_size, 16, 2048)
        self._image_size: int = plain_number(image_size)

    @property
    def crop(self) -> str:
        """The rule that the faces are cropped by."""
        return self.preparation.crop

    @abstractmethod
    def records(self) -> Iterator[FaceRecord]:
        """Every labeled picture under ``root``, in a fixed order.

        Raises:
            DataError: The folder does not follow the set's layout; it says what was looked for, and where.
        """

    def left_out(self) -> list[str]:
        """Files that are neither labeled pictures nor reported elsewhere, relative to ``root``; none by default."""
        return []

    @property
    def reader(self) -> PictureReader:
        """How the pictures are read."""
        return PictureFiles(self.root)

    @cached_property
    def _listing(self) -> Listing:
        return list_records(self.records(), self.root, self.vocabulary)

    @cached_property
    def folder(self) -> Path:
        """Where the faces are kept; its name covers the pictures, their labels and how faces are found."""
        name = cache_name(
            type(self).__name__, self._listing, self.preparation, self.image_size, getattr(self.reader, "version", "")
        )
        folder = self.preparation.folder
        return (cache_folder() if folder is None else as_path(folder)) / name

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.folder)

    def prepare_data(self) -> None:
        """Finds, crops and keeps the faces, in parallel; resumes where a killed run stopped.

        Raises:
            DataError: The folder does not follow the set's layout, or most pictures have no usable face.
        """
        info = IndexInfo(
            data_set=type(self).__name__,
            vocabulary=self.vocabulary,
            image_size=self.image_size,
            crop=self.preparation.crop,
            cache=self.preparation.cache,
            slots=self._listing.count,
        )
        prepare_faces(self.folder, self.records(), self.reader, self.preparation, info, self.cluster)
        faces = len(FaceIndex(str(self.folder)))
        print(
            f"{info.data_set}: {faces} faces in {self.folder}; {info.slots - faces} of {info.slots} pictures were "
            f"skipped, see {self.folder / REPORT}."
        )
        if others := self.left_out():
            print(
                f"{len(others)} other files are no pictures: {counted_by_ending(others)}; for example "
                f"{printable(others[0])}."
            )
        self.tell_unused()
