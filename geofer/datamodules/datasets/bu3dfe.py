"""BU-3DFE, whose pictures are drawn from its scans."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.layouts.label_lists import TWO_LETTER_CODES, expression_of
from geofer.datamodules.layouts.layout import Naming, check_count, report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord, PictureReader
from geofer.datamodules.preparation.scan_views import ScanViews
from geofer.datamodules.splits import Identities, split_by_subject, with_validation
from geofer.errors import ConfigError, DataError
from geofer.faces import EXPRESSIONS, Split
from geofer.paths import AnyPath
from geofer.ranges import plain_number

NAMING = Naming(
    "BU-3DFE",
    re.compile(
        r"(?P<person>[FM]\d{4})_(?P<expression>NE(?=00)|(?!NE)[A-Z]{2}(?=0[1-4]))0(?P<level>\d)"
        r"(?P<race>AE|AM|BL|IN|LA|WH)_F3D\.(?i:wrl)"
    ),
    "F0001_AN04WH_F3D.wrl",
    endings=("_f3d.wrl",),
)
MODELS = 25
"""Scans of a person: one neutral, and four levels of six expressions."""

SIX = tuple(name for name in EXPRESSIONS if name != "neutral")
YAWS, PITCHES = (-45.0, -30.0, -15.0, 0.0, 15.0, 30.0, 45.0), (-30.0, -15.0, 0.0, 15.0, 30.0)
FRACTIONS: Mapping[Split, float] = {"train": 0.8, "test": 0.2}


class BU3DFE(PictureFaces):
    """BU-3DFE: scans of 100 people, each with six expressions in four levels and a neutral face, drawn from 35 sides.

    L. Yin, X. Wei, Y. Sun, J. Wang and M. Rosato, A 3D Facial Expression Database For Facial Behavior Research, FG
    2006. The protocol of the paper (Section IV-A): the scans of level 4 and of six expressions without neutral, each
    seen from yaw 0, ±15, ±30, ±45 × pitch 0, ±15, ±30, which makes 21,000 pictures; 80 people to train on and 20 to be
    tested, drawn at random. Here ``seed`` draws them, and validation people are taken out of the 80.

    ``root`` holds ``F0001/F0001_AN04WH_F3D.wrl`` and so on, the cropped scans, at any depth; beside each its texture
    ``F0001_AN04WH_F3D.bmp`` and the 83 marked points ``F0001_AN04WH_F3D.bnd``. How views are drawn, and where their
    landmarks come from, is told in `geofer.datamodules.preparation.scan_views`; ``preparation.detector`` finds them in
    a frontal picture of each scan.

    Records are tagged with ``level=4``, ``sex=F`` and ``race=WH``, as the file's name has them.

    Args:
        root: The data set's folder.
        expressions: Which of `VOCABULARY`, in the order of their labels.
        levels: Intensities from 1 (slight) to 4 (strong); the neutral scan has none, and is there whenever
            ``expressions`` names it.
        yaws: Sides to see the scans from, degrees; > 0 turns the nose to the image's right.
        pitches: Heights to see the scans from, degrees; > 0 looks up.
        **common: See `PictureFaces`.

    Raises:
        ConfigError: There is no such level, the scans cannot be seen from there, or there is no detector.
    """

    VOCABULARY = EXPRESSIONS

    def __init__(
        self,
        root: AnyPath,
        *,
        expressions: tuple[str, ...] = SIX,
        levels: tuple[int, ...] = (4,),
        yaws: tuple[float, ...] = YAWS,
        pitches: tuple[float, ...] = PITCHES,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, expressions=expressions, **common)
        levels, yaws, pitches = map(plain_number, (levels, yaws, pitches))
        if not levels or not set(levels) <= {1, 2, 3, 4}:
            raise ConfigError(f"levels are {levels}; choose from 1 (slight) to 4 (strong).")
        if not yaws or not pitches or max(map(abs, yaws)) > 90 or max(map(abs, pitches)) > 60:
            raise ConfigError(f"yaws are {yaws} and pitches {pitches}; choose some within ±90 and ±60 degrees.")
        if self.preparation.detector == "none":
            raise ConfigError(
                "BU-3DFE's landmarks are found in frontal pictures; choose a detector, such as retinaface."
            )
        self.levels, self.yaws, self.pitches = levels, yaws, pitches

    @property
    def reader(self) -> PictureReader:
        """Draws the scans."""
        return ScanViews(self.root, self.preparation, self.image_size)

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`; all views of a scan follow one another."""
        found = NAMING.find(self.root)
        self._check_people(found)
        chosen = [
            (file, match, expression)
            for file, match in found
            if (expression := expression_of(TWO_LETTER_CODES, match["expression"], f"{self.root / file}"))
            in self.expressions
            and int(match["level"]) in (0, *self.levels)
        ]
        if not chosen:
            raise DataError(
                f"BU-3DFE: of {len(found)} scans under {self.root} none shows {', '.join(self.expressions)} at level "
                f"{', '.join(map(str, self.levels))}. Set data.init_args.levels and expressions to what there is."
            )
        for file, match, expression in chosen:
            tags = f"level={match['level']}", f"sex={match['person'][0]}", f"race={match['race']}"
            for pitch in self.pitches:
                for yaw in self.yaws:
                    view = f"yaw={yaw:g},pitch={pitch:g}"
                    yield FaceRecord(file, expression, match["person"], yaw=yaw, pitch=pitch, tags=tags, part=view)

    def _check_people(self, found: Sequence[tuple[str, re.Match[str]]]) -> None:
        """Warns if people or scans are missing; one scan under two race codes is an error."""
        models = Counter(match[0][: match.start("race")] for _, match in found)
        if twice := [model for model, count in models.items() if count > 1]:
            raise DataError(
                f"BU-3DFE: {twice[0]} is there under {self.root} with several race codes; keep one of them."
            )
        people = Counter(match["person"] for _, match in found)
        check_count("BU-3DFE", "people", 100, len(people), self.root)
        incomplete = [f"{person} has {count}" for person, count in people.items() if count != MODELS]
        report(f"BU-3DFE: people under {self.root} without their {MODELS} scans", incomplete)

    def assign_splits(self, faces: Identities) -> NDArray[np.str_]:
        """80 % of the people train, and of them ``val_fraction`` choose the checkpoint; the others are tested."""
        drawn = split_by_subject(faces.subject, FRACTIONS, self.seed)
        return with_validation(drawn.astype(object), faces.subject, self.val_fraction, self.seed)
