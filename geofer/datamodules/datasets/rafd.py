"""The Radboud Faces Database."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

from geofer.datamodules.layouts.label_lists import expression_of
from geofer.datamodules.layouts.layout import Naming, check_count
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.faces import EXPRESSIONS
from geofer.paths import AnyPath
from geofer.ranges import check_choice, plain_number

CODES = {
    "angry": "anger",
    "contemptuous": "contempt",
    "disgusted": "disgust",
    "fearful": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprised": "surprise",
}

NAMING = Naming(
    "RaFD",
    re.compile(
        r"Rafd(?P<camera>000|045|090|135|180)_(?P<person>\d\d)_(?:Caucasian|Moroccan|Kid)_(?:male|female)"
        r"_(?P<expression>[a-z]+)_(?:frontal|left|right)\.(?i:jpe?g)"
    ),
    "Rafd090_01_Caucasian_female_angry_frontal.jpg",
)


Profile = Literal[-90, 90]


class RaFD(PictureFaces):
    """RaFD: 67 people with eight expressions, three directions of gaze, seen by five cameras.

    O. Langner et al., Presentation and validation of the Radboud Faces Database, Cognition and Emotion 2010. The set
    names no split of its own; people are drawn by ``seed``. The pitch is 0, for the cameras stand around the face.
    Gaze is not told apart: the head is the same.

    Args:
        root: The data set's folder; the files may lie at any depth under it.
        yaw_of_camera_000: Yaw in degrees of what camera 000 sees. The file names do not say on which side it stands,
            so -90 is an **assumption**: it holds if the nose points to the left of the picture in ``Rafd000_…``. Look
            at one, and set 90 otherwise.
        expressions: Which expressions to use, in the order of their labels; ``contempt`` is there too.
        **common: See `PictureFaces`.
    """

    VOCABULARY = (*EXPRESSIONS, "contempt")

    def __init__(
        self,
        root: AnyPath,
        *,
        yaw_of_camera_000: Profile = -90,
        expressions: tuple[str, ...] = EXPRESSIONS,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, expressions=expressions, **common)
        self.yaw_of_camera_000 = plain_number(yaw_of_camera_000)
        check_choice("yaw_of_camera_000", self.yaw_of_camera_000, get_args(Profile))

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        found = NAMING.find(self.root)
        check_count("RaFD", "pictures", 67 * 8 * 3 * 5, len(found), self.root)
        for file, match in found:
            yield FaceRecord(
                file=file,
                expression=expression_of(CODES, match["expression"], f"{self.root / file}"),
                subject=match["person"],
                yaw=self.yaw_of_camera_000 * (1 - int(match["camera"]) / 90),
                pitch=0.0,
            )
