"""What a data set says about each of its pictures, before any face was looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError
from geofer.faces import Split
from geofer.pictures import read_picture


@dataclass(frozen=True)
class FaceRecord:
    """One picture with its labels, as the layout of its data set describes it.

    Attributes:
        file: Path relative to the data set's root, with forward slashes; it may hold any character.
        expression: Name of the expression, in the words of `geofer.faces.EXPRESSIONS` where they fit.
        subject: The person's name, unique within the data set; None if the data set does not tell people apart.
        group: What else must stay within one split, such as a movie; None if nothing must.
        yaw: Degrees, NaN if unknown.
        pitch: Degrees, NaN if unknown.
        split: The side that the data set's own protocol puts it on; None if it has none.
        box: Left, top, right, bottom of the labeled face in pixels; None if unknown.
        landmarks: ``(68, 2)`` iBUG points in pixels; None if the data set has none.
        tags: Names of the evaluation subsets it belongs to, such as ``pose>30``.
        part: Which part of the file it is, such as a row or a view; empty if it is the whole file.
    """

    file: str
    expression: str
    subject: str | None = None
    group: str | None = None
    yaw: float = nan
    pitch: float = nan
    split: Split | None = None
    box: tuple[float, float, float, float] | None = None
    landmarks: NDArray[np.float32] | None = None
    tags: tuple[str, ...] = ()
    part: str = ""

    @property
    def name(self) -> str:
        """What the picture is called in tables and messages: its file and, as if that were a folder, the part."""
        return f"{self.file}/{self.part}" if self.part else self.file


@dataclass(frozen=True)
class Picture:
    """A picture as it was read.

    Attributes:
        pixels: ``(H, W, 3)`` uint8 upright RGB of any size.
        landmarks: ``(68, 2)`` iBUG points in pixels, where reading brings them along, as drawing a scan does; no
            detector is asked then. None leaves them to the detector.
    """

    pixels: NDArray[np.uint8]
    landmarks: NDArray[np.float32] | None = None


class PictureReader(Protocol):
    """How the pictures of a data set are read; it is sent to worker processes, so it can be pickled.

    A reader that makes its pictures rather than reads them may have an attribute ``version: str``, which changes when
    the same records would give other pictures; it is part of the cache's name.
    """

    def __call__(self, records: Sequence[FaceRecord]) -> list[Picture | DataError]:
        """The picture of each record, or why there is none."""
        ...


@dataclass(frozen=True)
class PictureFiles:
    """Reads records whose ``file`` is a picture.

    Attributes:
        root: Folder that the files' names count from; links that lead out of it are refused.
    """

    root: Path

    def __call__(self, records: Sequence[FaceRecord]) -> list[Picture | DataError]:
        """See `PictureReader`."""
        pictures: list[Picture | DataError] = []
        for record in records:
            try:
                pictures.append(Picture(read_picture(self.root / record.file, root=self.root)))
            except DataError as error:
                pictures.append(error)
        return pictures
