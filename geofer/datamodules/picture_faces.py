"""What all data sets of pictures share: from the folder that the user was given to a store of cropped faces."""

from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from geofer.datamodules.indexed_faces import KeptFaces
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.index import FaceIndex, IndexInfo
from geofer.datamodules.preparation.listing import Listing, cache_name, list_records
from geofer.datamodules.preparation.records import FaceRecord, PictureFiles, PictureReader
from geofer.datamodules.preparation.run import REPORT, prepare_faces
from geofer.errors import ConfigError
from geofer.paths import AnyPath, as_path, cache_folder, counted_by_ending
from geofer.ranges import did_you_mean


class PictureFaces(KeptFaces):
    """Base of every data set of pictures.

    A subclass says what its folder holds (`records`), and maybe how its pictures are read (`reader`) and who is on
    which side (`assign_splits`). Finding, cropping and caching the faces is here.

    Args:
        root: The data set's folder.
        expressions: Which of the set's expressions to use, in the order of their labels; None takes `VOCABULARY`.
            Faces with others stay in the cache, and out of training and testing.
        preparation: How faces are found, cropped and kept.
        **common: See `KeptFaces`.

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
        preparation: Preparation = Preparation(),
        **common: Any,  # noqa: ANN401 - typed where they are declared
    ) -> None:
        super().__init__(**common)
        self.root = as_path(root, "root")
        self.preparation = preparation
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
        return self.preparation.image_size

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
        name = cache_name(type(self).__name__, self._listing, self.preparation, getattr(self.reader, "version", ""))
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
        prepare_faces(self.folder, self.records(), self.reader, self.preparation, info)
        faces = len(FaceIndex(str(self.folder)))
        print(
            f"{info.data_set}: {faces} faces in {self.folder}; {info.slots - faces} of {info.slots} pictures were "
            f"skipped, see {self.folder / REPORT}."
        )
        if others := self.left_out():
            print(f"{len(others)} other files are no pictures: {counted_by_ending(others)}; for example {others[0]}.")
        self.tell_unused()
