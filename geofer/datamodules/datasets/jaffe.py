"""The Japanese Female Facial Expression data set."""

import re
from collections.abc import Iterator

from geofer.datamodules.layouts.label_lists import TWO_LETTER_CODES, expression_of
from geofer.datamodules.layouts.layout import Naming, check_count
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.faces import EXPRESSIONS

NAMING = Naming(
    "JAFFE",
    re.compile(r"(?P<person>KA|KL|KM|KR|MK|NA|NM|TM|UY|YM)\.(?P<expression>[A-Z]{2})\d\.\d+\.(?i:tiff?)"),
    "KA.AN1.39.tiff",
)


class JAFFE(PictureFaces):
    """JAFFE: ten women with seven posed expressions, three or four pictures each, seen from the front.

    M. Lyons, S. Akamatsu, M. Kamachi and J. Gyoba, Coding facial expressions with Gabor wavelets, FG 1998. The set
    names no split of its own; people are drawn by ``seed``. The posed expression is the label; the ratings that come
    with the set are not read. Poses are not recorded, so they are estimated.

    The files, ``KA.AN1.39.tiff`` and so on, may lie at any depth under ``root``.
    """

    VOCABULARY = EXPRESSIONS

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        found = NAMING.find(self.root)
        check_count("JAFFE", "pictures", 213, len(found), self.root)
        for file, match in found:
            yield FaceRecord(
                file=file,
                expression=expression_of(TWO_LETTER_CODES, match["expression"], f"{self.root / file}"),
                subject=match["person"],
            )
