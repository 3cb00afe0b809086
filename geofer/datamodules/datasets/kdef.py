"""The Karolinska Directed Emotional Faces."""

import re
from collections.abc import Iterator

from geofer.datamodules.layouts.label_lists import expression_of
from geofer.datamodules.layouts.layout import Naming, check_count
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.faces import EXPRESSIONS

CODES = {
    "AF": "fear",
    "AN": "anger",
    "DI": "disgust",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
YAWS = {"FL": -90.0, "HL": -45.0, "S": 0.0, "HR": 45.0, "FR": 90.0}
"""Degrees by view; in the left views FL and HL the nose points to the left of the picture."""

NAMING = Naming(
    "KDEF",
    re.compile(r"[AB](?P<person>[FM]\d\d)(?P<expression>[A-Z]{2})(?P<view>FL|HL|S|HR|FR)\.(?i:jpe?g)"),
    "AF01ANFL.JPG",
)


class KDEF(PictureFaces):
    """KDEF: 70 people, each photographed twice (series A and B) with seven expressions from five sides.

    D. Lundqvist, A. Flykt and A. Öhman, The Karolinska Directed Emotional Faces, Karolinska Institutet 1998. The set
    names no split of its own; people are drawn by ``seed``, and both series of a person stay together. The pitch is 0,
    for the set turns the face about the vertical only.

    The files, ``AF01ANFL.JPG`` and so on, may lie at any depth under ``root``.
    """

    VOCABULARY = EXPRESSIONS

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        found = NAMING.find(self.root)
        check_count("KDEF", "pictures", 4900, len(found), self.root)
        for file, match in found:
            yield FaceRecord(
                file=file,
                expression=expression_of(CODES, match["expression"], f"{self.root / file}"),
                subject=match["person"],
                yaw=YAWS[match["view"]],
                pitch=0.0,
            )
