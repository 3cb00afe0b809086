"""A second look at pictures of several people, part by part: a look at the whole picture misses small faces."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.detector import Faces, LandmarkDetector

LARGE = 0.35
"""A face as large as this share of the picture's smaller side is a portrait: nobody looks closer."""

PART = 2 / 3
"""Side of a part over the picture's larger side; two of them a side overlap by half."""

MARGIN = 0.1
"""A face nearer to its part's cut edge than this share of its size may be cut, and does not count there."""

SAME = 0.5
"""Two boxes whose intersection is this share of the smaller one show one face."""


Part = tuple[slice, slice]
"""Rows and columns."""


class TiledDetector:
    """A landmark detector that looks at the whole picture and, unless that is a portrait, at four parts of it.

    Of one face that was seen twice, the larger box counts; of two of about the same size, that of the part.
    """

    def __init__(self, detector: LandmarkDetector) -> None:
        """Look through ``detector``."""
        self._detector = detector

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`; the largest face comes first."""
        whole = self._detector.detect(images, names)
        return [self._closer(image, faces) for image, faces in zip(images, whole, strict=True)]

    def _closer(self, image: NDArray[np.uint8], whole: Faces) -> Faces:
        if len(whole) and _sizes(whole.boxes).max() >= LARGE * min(image.shape[:2]):
            return whole
        seen = [
            _shifted(_uncut(self._detector.detect([image[part]])[0], part, image.shape), part) for part in _parts(image)
        ]
        return _once(_joined([*seen, whole]))


def _parts(image: NDArray[np.uint8]) -> Iterator[Part]:
    """Overlapping parts, ``image[rows, columns]``."""
    sides = image.shape[:2]
    length = int(PART * max(sides))
    starts = [sorted({0, max(0, side - length)}) for side in sides]
    yield from (
        (slice(top, min(top + length, sides[0])), slice(left, min(left + length, sides[1])))
        for top in starts[0]
        for left in starts[1]
    )


def _uncut(faces: Faces, part: Part, shape: tuple[int, ...]) -> Faces:
    """The faces that lie well inside of a part; the picture's own edges cut nothing."""
    rows, columns = part
    cut = [columns.start > 0, rows.start > 0, columns.stop < shape[1], rows.stop < shape[0]]
    low, high = faces.boxes[:, :2], (columns.stop - columns.start, rows.stop - rows.start) - faces.boxes[:, 2:]
    near = (np.concatenate((low, high), axis=1) < MARGIN * _sizes(faces.boxes)[:, None]) & cut
    return _chosen(faces, np.flatnonzero(~near.any(axis=1)))


def _shifted(faces: Faces, part: Part) -> Faces:
    """From pixels of a part to those of the picture."""
    shift = np.array([part[1].start, part[0].start], np.float32)
    return Faces(
        faces.boxes + np.tile(shift, 2),
        faces.scores,
        faces.landmarks + shift,
        faces.poses,
        faces.blendshapes,
        faces.head_matrices,
    )


def _once(faces: Faces) -> Faces:
    """Each face once, the largest first; of two boxes of one face that differ by less than half, the earlier."""
    sizes = _sizes(faces.boxes)
    kept: list[int] = []
    for number in np.argsort(-np.round(np.log(sizes + 1e-6) / np.log(1.5)), kind="stable"):
        if all(_overlap(faces.boxes[number], faces.boxes[other]) < SAME for other in kept):
            kept.append(int(number))
    return _chosen(faces, np.array(sorted(kept, key=lambda number: -sizes[number]), int))


def _overlap(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Intersection over the smaller box."""
    extent = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    smaller = min(np.prod(first[2:] - first[:2]), np.prod(second[2:] - second[:2]))
    return float(np.prod(np.maximum(extent, 0)) / max(smaller, 1e-6))


def _sizes(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger side of each box."""
    sizes: NDArray[np.float32] = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0)
    return sizes


def _chosen(faces: Faces, numbers: NDArray[np.intp]) -> Faces:
    arrays = (getattr(faces, field.name) for field in fields(Faces))
    chosen: list[Any] = [None if array is None else array[numbers] for array in arrays]
    return Faces(*chosen)


def _joined(seen: Sequence[Faces]) -> Faces:
    """The faces of several looks; what one of them does not tell, none does."""
    found = [faces for faces in seen if len(faces)]
    if not found:
        return seen[0]
    columns = ([getattr(faces, field.name) for faces in found] for field in fields(Faces))
    joined: list[Any] = [None if any(part is None for part in column) else np.concatenate(column) for column in columns]
    return Faces(*joined)
