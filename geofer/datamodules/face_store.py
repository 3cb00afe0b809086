"""From a complete cache to a store: labels into memory, a few dozen bytes a face; crops and landmarks stay on disk."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.base import FaceStore
from geofer.datamodules.face_cache import open_landmarks, open_pictures
from geofer.datamodules.index import FaceIndex
from geofer.datamodules.splits import Identities
from geofer.datamodules.store import FaceLabels
from geofer.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

SPLITS = ("train", "val", "test")
MAX_TAGS = 63


@dataclass(frozen=True)
class IndexColumns:
    """The columns of an index that training needs; N faces. Names are numbers into lists, -1 where there is none.

    Attributes:
        expression: ``(N,)`` into ``expressions``.
        expressions: Every expression that occurs.
        subject: ``(N,)`` into ``subjects``.
        subjects: Names of the people.
        group: ``(N,)`` into ``groups``.
        groups: Names of the groups.
        split: ``(N,)`` into ``splits``.
        splits: Sides that the data set names.
        pan: ``(N,)`` float32 degrees.
        tilt: ``(N,)`` float32 degrees.
        tags: ``(N,)`` int64, a bit for each of ``tag_names``.
        tag_names: Names of the evaluation subsets.
        digest: ``(N,)`` uint64, the first half of each picture's digest.
        slot: ``(N,)`` where the cache keeps each face.
    """

    expression: NDArray[np.int64]
    expressions: list[str]
    subject: NDArray[np.int64]
    subjects: list[str]
    group: NDArray[np.int64]
    groups: list[str]
    split: NDArray[np.int64]
    splits: list[str]
    pan: NDArray[np.float32]
    tilt: NDArray[np.float32]
    tags: NDArray[np.int64]
    tag_names: list[str]
    digest: NDArray[np.uint64]
    slot: NDArray[np.int64]


def read_columns(index: FaceIndex) -> IndexColumns:
    """Reads an index, one part of its rows at a time.

    Raises:
        DataError: The index is damaged, or has more than 63 different tags.
    """
    names: dict[str, dict[str, int]] = {name: {} for name in ("expression", "subject", "group", "split", "tags")}
    numbers = {
        **{name: np.empty(len(index), np.int64) for name in ("expression", "subject", "group", "split", "slot")},
        "tags": np.zeros(len(index), np.int64),
        **{name: np.empty(len(index), np.float32) for name in ("pan", "tilt")},
        "digest": np.empty(len(index), np.uint64),
    }
    start = 0
    for batch in index.read(numbers):
        rows = slice(start, start := start + len(batch))
        for name in ("expression", "subject", "group", "split"):
            numbers[name][rows] = _codes(batch[name], names[name])
        for name in ("pan", "tilt", "slot"):
            numbers[name][rows] = batch[name].to_numpy(zero_copy_only=False)
        numbers["digest"][rows] = [int(text[:16], 16) for text in batch["digest"].to_pylist()]
        numbers["tags"][rows] = _bits(batch["tags"], names["tags"])
    if len(names["tags"]) > MAX_TAGS:
        raise DataError(f"{index.address} has {len(names['tags'])} different tags; at most {MAX_TAGS} are counted.")
    return IndexColumns(
        **numbers,  # type: ignore[arg-type]
        **{f"{name}s": list(names[name]) for name in ("expression", "subject", "group", "split")},
        tag_names=list(names["tags"]),
    )


def open_faces(
    folder: str, expressions: Sequence[str], assign_splits: Callable[[Identities], NDArray[np.str_]]
) -> FaceStore:
    """Opens a complete cache.

    Args:
        folder: Its folder or address.
        expressions: Which faces to take, in the order of their labels.
        assign_splits: Who is on which side.

    Raises:
        DataError: The cache is missing or damaged, or holds no face with one of ``expressions``.
    """
    index = FaceIndex(folder)
    columns = read_columns(index)
    place = {name: label for label, name in enumerate(expressions)}
    label = np.array([place.get(name, -1) for name in columns.expressions] + [-1])[columns.expression]
    rows = np.flatnonzero(label >= 0)
    if not len(rows):
        raise DataError(f"{index.address} has no face that shows one of {', '.join(expressions)}.")
    identities = _identities(columns, rows)
    split = assign_splits(identities)
    slots = columns.slot[rows]
    items = rows if index.info.cache == "litdata" else slots
    table = FaceLabels(
        expression=label[rows],
        subject=_subject_numbers(columns, rows, index.info.data_set),
        pan=columns.pan[rows],
        tilt=columns.tilt[rows],
        landmarks=open_landmarks(folder, index, slots),
        tags=columns.tags[rows] if columns.tag_names else None,
    )
    return FaceStore(table, open_pictures(folder, index, items), split, tuple(columns.tag_names))


def _codes(column: "pa.DictionaryArray", known: dict[str, int]) -> NDArray[np.int64]:
    """Names to numbers, -1 for none; new names get the next numbers."""
    table = np.array([*(known.setdefault(name, len(known)) for name in column.dictionary.to_pylist()), -1])
    return table[column.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def _bits(column: "pa.ListArray", known: dict[str, int]) -> NDArray[np.int64]:
    """Tags to bits; new tags get the next bits."""
    bits = np.zeros(len(column), np.int64)
    if column.flatten().null_count == len(column.flatten()):
        return bits
    for row, tags in enumerate(column.to_pylist()):
        for tag in tags or ():
            bits[row] |= 1 << min(known.setdefault(tag, len(known)), MAX_TAGS - 1)
    return bits


def _identities(columns: IndexColumns, rows: NDArray[np.int64]) -> Identities:
    def named(names: list[str], numbers: NDArray[np.int64]) -> NDArray[np.object_]:
        return np.array([*names, ""], dtype=object)[numbers[rows]]

    subject = named(columns.subjects, columns.subject)
    unknown = np.flatnonzero(columns.subject[rows] < 0)
    subject[unknown] = rows[unknown].tolist()
    return Identities(subject, named(columns.groups, columns.group), named(columns.splits, columns.split))


def _subject_numbers(columns: IndexColumns, rows: NDArray[np.int64], data_set: str) -> NDArray[np.int64]:
    """A number a person; a face whose person is unknown has a number of its own."""
    subject = columns.subject[rows]
    unknown = subject < 0
    if unknown.any():
        warnings.warn(
            f"{data_set} does not say whom {unknown.sum()} of {len(rows)} faces show. Each counts as a person of its "
            "own, so its training pairs are self-pairs: the generator sees no second face of the same person.",
            stacklevel=2,
        )
    return np.where(unknown, len(columns.subjects) + rows, subject)
