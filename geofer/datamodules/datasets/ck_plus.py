"""The Extended Cohn-Kanade data set."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geofer.datamodules.layouts.label_lists import expression_of, landmarks_of
from geofer.datamodules.layouts.layout import Naming, check_count, list_files, report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import ConfigError, DataError
from geofer.faces import EXPRESSIONS
from geofer.paths import AnyPath
from geofer.ranges import plain_number

CODES = {
    0.0: "neutral",
    1.0: "anger",
    2.0: "contempt",
    3.0: "disgust",
    4.0: "fear",
    5.0: "happiness",
    6.0: "sadness",
    7.0: "surprise",
}

FRAME = r"(?P<sequence>(?P<person>S\d{3})_\d{3})_\d{8}"
LABELS = Naming("CK+", re.compile(FRAME + r"_emotion\.txt"), "S005_001_00000011_emotion.txt", ("_emotion.txt",))
PICTURES = Naming("CK+", re.compile(FRAME + r"\.png"), "S005_001_00000011.png")
POINTS = "_landmarks.txt"


class CKPlus(PictureFaces):
    """CK+: sequences from neutral to the peak of an expression, of 123 people seen from the front.

    P. Lucey et al., The Extended Cohn-Kanade dataset (CK+), CVPR Workshops 2010. Of its 593 sequences the 327 that fit
    a prototype are labeled. The set names no split of its own; people are drawn by ``seed``. Most work on single
    pictures takes the last one to three frames of a labeled sequence as its expression and the first as neutral
    (S. Li and W. Deng, Deep facial expression recognition: a survey, 2018), and so does this. Poses are not recorded,
    so they are estimated.

    Pictures, ``…_emotion.txt`` and ``…_landmarks.txt`` are found by their names, whatever their folders are called.
    Landmark files are optional: with the detector ``none`` they are used, and no face is looked for.

    Args:
        root: The data set's folder.
        peak_frames: How many of the last frames of a sequence show its expression.
        neutral: Takes the first frame of each labeled sequence as neutral.
        expressions: Which expressions to use, in the order of their labels; ``contempt`` is there too.
        **common: See `PictureFaces`.

    Raises:
        ConfigError: ``peak_frames`` is below 1.
    """

    VOCABULARY = (*EXPRESSIONS, "contempt")

    def __init__(
        self,
        root: AnyPath,
        *,
        peak_frames: int = 1,
        neutral: bool = True,
        expressions: tuple[str, ...] = EXPRESSIONS,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, expressions=expressions, **common)
        if peak_frames < 1:
            raise ConfigError(f"peak_frames is {peak_frames}; a sequence has at least one.")
        self.peak_frames = plain_number(peak_frames)
        self.neutral = neutral

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        labels = LABELS.find(self.root)
        check_count("CK+", "labeled sequences", 327, len(labels), self.root)
        sequences = defaultdict(list)
        for file, match in PICTURES.find(self.root):
            sequences[match["sequence"]].append(file)
        points = {Path(file).name[: -len(POINTS)]: file for file in list_files(self.root, (POINTS,))}
        for label, match in labels:
            for file, expression in self._frames(sequences[match["sequence"]], read_label(self.root / label)):
                beside = points.get(Path(file).stem)
                yield FaceRecord(
                    file=file,
                    expression=expression,
                    subject=match["person"],
                    landmarks=landmarks_of(read_text(self.root / beside).split(), beside) if beside else None,
                )
        empty = [label for label, match in labels if not sequences[match["sequence"]]]
        report("CK+: labeled sequences without pictures are left out", empty)

    def _frames(self, frames: list[str], expression: str) -> Iterator[tuple[str, str]]:
        """The frames of one sequence that are used, each with what it shows."""
        if self.neutral and len(frames) > 1:
            yield frames[0], "neutral"
        for frame in (frames[1:] or frames)[-self.peak_frames :]:
            yield frame, expression


def read_label(path: Path) -> str:
    """The expression that an ``…_emotion.txt`` holds: one number, written like ``3.0000000e+00``."""
    text = read_text(path).strip()
    try:
        code = float(text)
    except ValueError:
        raise DataError(f"{path} should hold one number from 0 to 7, but holds {text[:40]!r}.") from None
    return expression_of(CODES, code, f"{path}")


def read_text(path: Path) -> str:
    """A small file of text, whatever bytes it holds."""
    return path.read_text(encoding="utf-8-sig", errors="replace")
