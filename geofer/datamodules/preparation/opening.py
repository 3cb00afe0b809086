"""From a complete cache to a store: labels into memory, a few dozen bytes a face; what is larger stays on disk."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.base import FaceStore, Origins
from geofer.datamodules.face_dataset import FaceLabels
from geofer.datamodules.leaks import check_apart
from geofer.datamodules.preparation.files import open_blendshapes, open_landmarks, open_pictures
from geofer.datamodules.preparation.index import FaceIndex
from geofer.datamodules.splits import Identities
from geofer.errors import AssumptionWarning, DataError, LeakError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_TAGS = 63
SIDES = ("train", "val", "test")

RepeatedPictures = Literal["raise", "drop"]
"""What to do with a picture that is in several splits: refuse it, or train without it."""


NAMES = ("expression", "subject", "group", "split")
DTYPES: dict[str, type[np.generic]] = {
    **dict.fromkeys((*NAMES, "tags", "slot"), np.int64),
    **dict.fromkeys(("yaw", "pitch"), np.float32),
    "digest": np.uint64,
}


@dataclass(frozen=True)
class IndexColumns:
    """The columns of an index that training needs, all as numbers; N faces.

    Attributes:
        numbers: ``(N,)`` of each column: ``expression``, ``subject``, ``group`` and ``split`` count into ``names``, -1
            where there is none; ``tags`` has a bit for each of its names; ``digest`` is half of the picture's;
            ``yaw``, ``pitch`` and ``slot`` are as in the index.
        names: The names behind the numbers, in order of appearance.
    """

    numbers: dict[str, NDArray[Any]]
    names: dict[str, list[str]]


def read_columns(index: FaceIndex) -> IndexColumns:
    """Reads an index, one part of its rows at a time.

    Raises:
        DataError: The index is damaged, or has more than 63 different tags.
    """
    names: dict[str, dict[str, int]] = {name: {} for name in (*NAMES, "tags")}
    numbers = {name: np.empty(len(index), dtype) for name, dtype in DTYPES.items()}
    start = 0
    for batch in index.read(numbers):
        rows = slice(start, start := start + len(batch))
        for name in NAMES:
            numbers[name][rows] = _codes(batch[name], names[name])
        try:
            for name in ("yaw", "pitch", "slot"):
                numbers[name][rows] = batch[name].to_numpy(zero_copy_only=False)
            numbers["digest"][rows] = [int(text[:16], 16) for text in batch["digest"].to_pylist()]
        except (TypeError, ValueError) as error:
            raise DataError(f"{index.address} is damaged ({error}). Run `geofer prepare` to make it again.") from error
        if ((numbers["slot"][rows] < 0) | (numbers["slot"][rows] >= index.info.slots)).any():
            raise DataError(
                f"{index.address} tells of crops that there are not. Run `geofer prepare` to make it again."
            )
        numbers["tags"][rows] = _bits(batch["tags"], names["tags"])
    if len(names["tags"]) > MAX_TAGS:
        raise DataError(f"{index.address} has {len(names['tags'])} different tags; at most {MAX_TAGS} are counted.")
    return IndexColumns(numbers, {column: list(known) for column, known in names.items()})


def open_faces(
    folder: str,
    expressions: Sequence[str],
    assign_splits: Callable[[Identities], NDArray[np.str_]],
    repeated_pictures: RepeatedPictures = "raise",
) -> FaceStore:
    """Opens a complete cache.

    Args:
        folder: Its folder or address.
        expressions: Which faces to take, in the order of their labels.
        assign_splits: Who is on which side.
        repeated_pictures: What to do with pictures that are on several sides.

    Raises:
        DataError: The cache is missing or damaged, or holds no face with one of ``expressions``.
        LeakError: A person, a group or a picture is on several sides; it names them.
    """
    index = FaceIndex(folder)
    columns = read_columns(index)
    place = {name: label for label, name in enumerate(expressions)}
    labels = np.array([place.get(name, -1) for name in columns.names["expression"]], np.int64)
    label = labels[columns.numbers["expression"]]
    rows = np.flatnonzero(label >= 0)
    if not len(rows):
        raise DataError(f"{index.address} has no face that shows one of {', '.join(expressions)}.")
    numbers = {name: column[rows] for name, column in columns.numbers.items()}
    tags = tuple(columns.names["tags"])
    table = FaceLabels(
        expression=label[rows],
        subject=_subject_numbers(numbers["subject"], len(columns.names["subject"]), index.info.data_set),
        yaw=numbers["yaw"],
        pitch=numbers["pitch"],
        landmarks=open_landmarks(folder, index, numbers["slot"]),
        tags=numbers["tags"] if tags else None,
        blendshapes=open_blendshapes(folder, index, numbers["slot"]),
    )
    pictures = open_pictures(folder, index, rows if index.info.cache == "litdata" else numbers["slot"])
    faces = identities(numbers, columns.names)
    split = assign_splits(faces)
    _names_apart("subject", numbers["subject"], faces.subject, split)
    _names_apart("group", numbers["group"], faces.group, split)
    origins = Origins(index.info.data_set, faces, numbers["digest"], lambda some: index.files(rows[some]))
    split = _pictures_apart(numbers["digest"], split, repeated_pictures, origins.files)
    return FaceStore(table, pictures, split, tags, origins)


def _names_apart(kind: str, numbers: NDArray[np.int64], names: NDArray[np.object_], split: NDArray[np.str_]) -> None:
    """Refuses a split with one person or group on several sides; -1 is nobody."""
    known = np.flatnonzero(numbers >= 0)
    check_apart(kind, numbers[known], split[known], lambda rows: names[known][rows].tolist())


def _pictures_apart(
    digest: NDArray[np.uint64],
    split: NDArray[np.str_],
    repeated: RepeatedPictures,
    files_of: Callable[[NDArray[np.int64]], Sequence[str]],
) -> NDArray[np.str_]:
    """Leaves a picture that is on several sides to the last of training, validation and test, or refuses it."""
    if repeated == "raise":
        try:
            check_apart("picture", digest, split, files_of)
        except LeakError as error:
            raise LeakError(
                f"{error} With `repeated_pictures: drop` they stay in the test alone, or else in the validation."
            ) from None
        return split
    split = split.copy()
    for later in ("val", "test"):
        seen = np.isin(digest, digest[split == later])
        split[seen & np.isin(split, SIDES[: SIDES.index(later)])] = ""
    return split


def _codes(column: "pa.DictionaryArray", known: dict[str, int]) -> NDArray[np.int64]:
    """Names to numbers, -1 for none; new names get the next numbers."""
    numbers = [known.setdefault(name, len(known)) for name in column.dictionary.to_pylist()]
    codes: NDArray[np.int64] = np.array([*numbers, -1])[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
    return codes


def _bits(column: "pa.ListArray", known: dict[str, int]) -> NDArray[np.int64]:
    """Tags to bits; new tags get the next bits."""
    bits = np.zeros(len(column), np.int64)
    if column.flatten().null_count == len(column.flatten()):
        return bits
    for row, tags in enumerate(column.to_pylist()):
        for tag in tags or ():
            bits[row] |= 1 << min(known.setdefault(tag, len(known)), MAX_TAGS - 1)
    return bits


def identities(numbers: dict[str, NDArray[Any]], names: dict[str, list[str]]) -> Identities:
    """Whom some faces of an index show; unknown people are named after their picture, so that copies stay together."""
    subject, group, split = (np.array([*names[column], ""], dtype=object)[numbers[column]] for column in NAMES[1:])
    unknown = np.flatnonzero(numbers["subject"] < 0)
    subject[unknown] = numbers["digest"][unknown].tolist()
    return Identities(subject, group, split)


def _subject_numbers(subject: NDArray[np.int64], people: int, data_set: str) -> NDArray[np.int64]:
    """A number a person; a face whose person is unknown has a number of its own."""
    unknown = subject < 0
    if unknown.any():
        warnings.warn(
            f"{data_set} does not say whom {unknown.sum()} of {len(subject)} faces show. Each counts as a person of "
            "its own: intervals of accuracy may be too narrow, and training pairs are self-pairs, so the generator "
            "sees no second face of the same person.",
            AssumptionWarning,
            stacklevel=2,
        )
    return np.where(unknown, people + np.arange(len(subject)), subject)
