"""Static Facial Expressions in the Wild, both versions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

from geofer.datamodules.layouts.layout import check_count, list_files, report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.layouts.pose_lists import picture_name, read_picture_list
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import ConfigError, DataError
from geofer.faces import EXPRESSIONS, Split
from geofer.paths import AnyPath, as_path
from geofer.ranges import check_choice

CLASSES = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
}
"""Expressions by the name of the class's folder, in lower case."""

NAME = re.compile(r"(.+)_\d{9}_\d{8}\.png", re.IGNORECASE)
"""Movie, time of the clip, frame; the movie may hold ``_``."""

SETS: dict[str, tuple[Split, int]] = {"train": ("train", 958), "val": ("test", 436)}
"""Split and number of frames by the name of the set's folder in version 2.0."""


Version = Literal["1.0", "2.0"]


class SFEW(PictureFaces):
    """SFEW: frames of movies that show one of seven expressions.

    A. Dhall, R. Goecke, S. Lucey and T. Gedeon, Static facial expression analysis in tough conditions, ICCV Workshops
    2011; version 2.0 is that of the EmotiW challenge 2015. The frames of one movie resemble each other, so a movie
    never is in two splits. Versions 1.0 and 2.0 share most of their frames. Who is in a frame is not told,
    and neither is the pose, so it is estimated. Results are the mean of the classes' accuracies, which reports call
    ``balanced_accuracy``.

    Version 1.0 has 700 frames in two sets. ``root`` holds them in folders named after their classes, at any depth. With
    ``set_lists``, Set 1 is for training and Set 2 for testing; without, movies are drawn by ``seed``. The paper tests
    on all 700 after training on BU-3DFE: see `geofer.datamodules.CrossDataSet`.

    Version 2.0 has ``Train`` (958 frames) and ``Val`` (436), in folders named after their classes, maybe under another
    folder such as ``Train_Aligned_Faces``. ``Val`` is for testing, since the labels of ``Test`` were not given out, and
    the checkpoint is chosen on ``val_fraction`` of the movies of ``Train``.

    Args:
        root: The data set's folder.
        version: Which version lies there.
        set_lists: For version 1.0, the lists of Set 1 and of Set 2, one frame a line; in the other order, Set 2 is
            for training.
        aligned: For version 2.0: True takes frames under a folder whose name says ``aligned``, False the others; None
            takes what is there, if it is of one kind.
        **common: See `PictureFaces`.

    Raises:
        ConfigError: An option does not belong to the version.
    """

    VOCABULARY = EXPRESSIONS

    def __init__(
        self,
        root: AnyPath,
        *,
        version: Version = "2.0",
        set_lists: tuple[AnyPath, AnyPath] | None = None,
        aligned: bool | None = None,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, **common)
        if set_lists and version == "2.0":
            raise ConfigError("set_lists belong to version 1.0; version 2.0 has the folders Train and Val.")
        if aligned is not None and version == "1.0":
            raise ConfigError("aligned belongs to version 2.0; version 1.0 has whole frames.")
        check_choice("version", version, get_args(Version))
        self.version = version
        self.set_lists = tuple(as_path(path, "set_lists") for path in set_lists or ())
        self.aligned = aligned

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        files = list_files(self.root, (".png",))
        records = [record for file in files if (record := labeled(file))]
        if self.version == "2.0":
            records = self._in_folders(records)
        if not records:
            where = "a folder" if self.version == "1.0" else "Train or Val, in a folder"
            raise DataError(
                f"SFEW {self.version}: no frame like Movie_010203040_00000012.png in {where} Angry, Disgust, Fear, "
                f"Happy, Neutral, Sad or Surprise under {self.root}; there are {len(files)} PNG files. Check "
                "data.init_args.root, version and aligned."
            )
        _refuse_twins(records)
        if self.version == "1.0":
            check_count("SFEW 1.0", "frames", 700, len(records), self.root)
            if self.set_lists:
                records = self._in_lists(records, *self.set_lists)
        yield from records

    def _in_folders(self, records: Sequence[FaceRecord]) -> list[FaceRecord]:
        """Those under ``Train`` and ``Val``, and aligned or not as was asked for."""
        kinds = {"aligned" in record.file.lower() for record in records}
        if self.aligned is None and len(kinds) > 1:
            raise DataError(
                f"SFEW 2.0: {self.root} holds both whole frames and aligned faces. Choose with data.init_args.aligned."
            )
        chosen = [r for r in records if self.aligned is None or ("aligned" in r.file.lower()) == self.aligned]
        found = []
        for name, (split, size) in SETS.items():
            part = [replace(r, split=split) for r in chosen if name in r.file.lower().split("/")]
            check_count("SFEW 2.0", f"frames in {name.title()}", size, len(part), self.root)
            found += part
        return found

    def _in_lists(self, records: Sequence[FaceRecord], *lists: Path) -> list[FaceRecord]:
        """Those that a list names, the first for training and the second for testing."""
        train, test = map(read_picture_list, lists)
        if both := sorted(train & test):
            raise DataError(f"{lists[0]} and {lists[1]} share {len(both)} frames, such as {both[0]!r}.")
        splits = {**dict.fromkeys(train, "train"), **dict.fromkeys(test, "test")}
        names = {picture_name(record.file) for record in records}
        report("SFEW 1.0: frames of the lists that are not there", sorted(splits.keys() - names))
        report("SFEW 1.0: frames that no list names are left out", sorted(names - splits.keys()))
        found = [replace(r, split=splits[name]) for r in records if (name := picture_name(r.file)) in splits]  # type: ignore[arg-type]
        if not found:
            raise DataError(f"SFEW 1.0: {lists[0]} and {lists[1]} name no frame under {self.root}.")
        return found


def labeled(file: str) -> FaceRecord | None:
    """The frame in a class's folder; None for any other file."""
    *folders, name = file.split("/")
    classes = [CLASSES[folder.lower()] for folder in folders if folder.lower() in CLASSES]
    match = NAME.fullmatch(name)
    return FaceRecord(file=file, expression=classes[-1], group=match[1]) if match and classes else None


def _refuse_twins(records: Sequence[FaceRecord]) -> None:
    """Two files of one frame: they would be counted twice, maybe with two labels."""
    first: dict[str, str] = {}
    for record in records:
        if (twin := first.setdefault(picture_name(record.file), record.file)) != record.file:
            raise DataError(f"SFEW: one frame is there twice, as {twin!r} and {record.file!r}. Keep one of them.")
