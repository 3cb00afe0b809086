"""FER2013, with its own labels or those of FER+."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from geofer.datamodules.base import FaceStore
from geofer.datamodules.layouts.label_lists import expression_of, read_rows
from geofer.datamodules.layouts.layout import check_count, report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord, Picture, PictureReader
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS, Split
from geofer.paths import AnyPath
from geofer.ranges import check_choice

CODES = {
    "0": "anger",
    "1": "disgust",
    "2": "fear",
    "3": "happiness",
    "4": "sadness",
    "5": "surprise",
    "6": "neutral",
}
SPLITS: dict[str, tuple[Split, int]] = {
    "Training": ("train", 28_709),
    "PublicTest": ("val", 3_589),
    "PrivateTest": ("test", 3_589),
}
PICTURES = ("fer2013.csv", "icml_face_data.csv")
"""The table's names: that of the contest, and the one that Kaggle gives it out under; the first that is there."""

VOTES = "fer2013new.csv"
COLUMNS = ("emotion", "pixels", "Usage")
VOTED = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
SIZE = 48
IMAGE_NAME = "Image name"
FIRST_LINE = 2
"""Where face 0 stands. FER+ names faces too, in another count: it leaves out those that it has no name for."""


Labels = Literal["fer2013", "ferplus"]


class FER2013(PictureFaces):
    """FER2013: gray faces of 48 × 48 pixels from the web; with ``labels: ferplus``, as ten people relabelled them.

    I. Goodfellow et al., Challenges in representation learning: a report on three machine learning contests, ICONIP
    2013. The set's own split: Training, PublicTest for validation, PrivateTest for testing. Who is in a picture is not
    told, and neither is the pose, so it is estimated.

    FER+ is E. Barsoum, C. Zhang, C. Canton Ferrer and Z. Zhang, Training deep networks for facial expression
    recognition with crowd-sourced label distribution, ICMI 2016. Its majority rule, as its authors' code has it: what
    got a single vote is struck out, and the label is what holds more than half of the votes that remain. Faces without
    such a majority, and those that most call ``unknown`` or ``NF`` (no face), are left out and counted. Beside it
    the votes are handed out, see `vote_fractions`, for a classifier that learns from them.

    The pictures are crops of faces. With ``detector: none`` and ``crop: none`` of the `Preparation` each is taken as it
    is, without landmarks; the rule ``fer2013`` crops other pictures as these are on average.

    ``root`` holds ``fer2013.csv`` or, as Kaggle calls it, ``icml_face_data.csv``; for FER+ also ``fer2013new.csv``.

    Args:
        root: The data set's folder.
        labels: Whose labels.
        expressions: Which expressions to use, in the order of their labels; FER+ has ``contempt`` too.
        **common: See `PictureFaces`.
    """

    VOCABULARY = (*EXPRESSIONS, "contempt")

    def __init__(
        self,
        root: AnyPath,
        *,
        labels: Labels = "fer2013",
        expressions: tuple[str, ...] = EXPRESSIONS,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, expressions=expressions, **common)
        check_choice("labels", labels, get_args(Labels))
        self.labels = labels

    @property
    def crop(self) -> str:
        """The rule that the faces are cropped by; whole pictures are framed as ``fer2013`` frames others."""
        return "fer2013" if self.preparation.crop == "none" else self.preparation.crop

    def open_store(self) -> FaceStore:
        """See `IndexedFaces.open_store`; with FER+, the votes come along."""
        store = super().open_store()
        if self.labels == "fer2013" or store.origins is None:
            return store
        voted = read_votes(self.root / VOTES)
        files = store.origins.files(np.arange(len(store.table)))
        votes = [vote_fractions(voted[number_of(file)].votes, self.expressions) for file in files]
        return replace(store, table=replace(store.table, votes=np.array(votes, np.float32)))

    @property
    def reader(self) -> PictureReader:
        """Reads the pixels from the table."""
        return PixelRows(self._pictures)

    @property
    def _pictures(self) -> Path:
        """The table of pictures; the first name if there is none, for the message."""
        paths = [self.root / name for name in PICTURES]
        return next((path for path in paths if path.exists()), paths[0])

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        path = self._pictures
        voted = read_votes(self.root / VOTES) if self.labels == "ferplus" else None
        found: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        for line, row in read_table(path, COLUMNS):
            where, number, usage = f"{path}, line {line}", line - FIRST_LINE, row["Usage"]
            if usage not in SPLITS:
                raise DataError(f"{where}: {usage!r} is no usage of FER2013. There are {', '.join(SPLITS)}.")
            found[usage] += 1
            expression, name = expression_of(CODES, row["emotion"], where), ""
            if voted is not None:
                face = voted.get(number)
                if face is None or face.usage != usage:
                    raise DataError(f"{where}: {self.root / VOTES} has no face for {usage} in the same line.")
                expression, name = majority(face.votes), face.name
            if expression in self.VOCABULARY:
                part = f"{number}/{name}" if name else str(number)
                yield FaceRecord(path.name, expression, split=SPLITS[usage][0], part=part)
            else:
                dropped[expression] += 1
        for usage, (_, size) in SPLITS.items():
            check_count("FER2013", f"faces for {usage}", size, found[usage], self.root)
        report(
            "FER+: faces whose votes give no expression are left out",
            [f"{label}: {count}" for label, count in dropped.items()],
        )


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table whose header names its columns, with their lines; see `read_rows`.

    Raises:
        DataError: A column is missing, or a row has more or fewer cells than the header.
    """
    rows = read_rows(path)
    _, header = next(rows, (1, []))
    if missing := [column for column in columns if column not in header]:
        raise DataError(
            f"{path}: the first line names no column {missing[0]!r}; it should be like {','.join(columns)}."
        )
    for line, cells in rows:
        if len(cells) != len(header):
            raise DataError(f"{path}, line {line}: {len(cells)} cells for {len(header)} columns.")
        yield line, dict(zip(header, cells, strict=True))


class VotedFace(NamedTuple):
    """One line of the table of FER+.

    Attributes:
        usage: As in the table of FER2013.
        votes: How many of ten people see what, by the names of `VOTED`.
        name: The face's name in FER+.
    """

    usage: str
    votes: dict[str, int]
    name: str


def read_votes(path: Path) -> dict[int, VotedFace]:
    """The table of FER+, by the number of the face."""
    voted = {}
    for line, row in read_table(path, ("Usage", IMAGE_NAME, *VOTED)):
        try:
            votes = {name: int(row[name]) for name in VOTED}
        except ValueError as error:
            raise DataError(f"{path}, line {line}: a number of votes is no number: {error}.") from error
        voted[line - FIRST_LINE] = VotedFace(row["Usage"], votes, Path(row[IMAGE_NAME]).stem)
    return voted


def majority(votes: dict[str, int]) -> str:
    """What holds more than half of the votes, single ones left out; ``no majority`` if nothing does."""
    remaining = {name: count for name, count in votes.items() if count > 1}
    winner = max(remaining, key=remaining.__getitem__, default="")
    return winner if 2 * remaining.get(winner, 0) > sum(remaining.values()) else "no majority"


def vote_fractions(votes: dict[str, int], expressions: Sequence[str]) -> list[float]:
    """The votes that a classifier learns from, as the code of FER+'s authors has them (their mode ``probability``).

    Single votes are struck out. Of what remains the most frequent answers are taken, equally frequent ones together,
    until they hold three quarters of the votes, at most three times. Votes for anything but ``expressions`` are left
    out then, and the others add up to 1.

    Args:
        votes: As in `VotedFace`.
        expressions: In the order of their labels.

    Returns:
        K shares; all are 0 if nobody saw one of ``expressions``.
    """
    remaining = {name: count for name, count in votes.items() if count > 1}
    counts = sorted(set(remaining.values()), reverse=True)
    taken: set[str] = set()
    for count in counts[:3]:
        if 4 * sum(remaining[name] for name in taken) >= 3 * sum(remaining.values()):
            break
        taken |= {name for name in remaining if remaining[name] == count}
    kept = [remaining[name] if name in taken else 0 for name in expressions]
    return [count / max(sum(kept), 1) for count in kept]


def number_of(name: str) -> int:
    """The number of a face from a record's name, such as ``fer2013.csv/0/fer0000000``."""
    return int(name.split("/")[1])


@dataclass(frozen=True)
class PixelRows:
    """Reads the pixels of records whose part is ``0``, the face in the table's second line, and so on.

    With FER+ its name there follows, as in ``0/fer0000000``.

    Attributes:
        table: The table of pictures.
    """

    table: Path

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line of the table begins, in bytes."""
        with self.table.open("rb") as file:
            return [0, *accumulate(len(line) for line in file)]

    def __call__(self, records: Sequence[FaceRecord]) -> list[Picture | DataError]:
        """See `PictureReader`."""
        pictures: list[Picture | DataError] = []
        with self.table.open("rb") as file:
            pixels = read_cells(file.readline()).index("pixels")
            for record in records:
                file.seek(self._starts[number_of(record.name) + FIRST_LINE - 1])
                try:
                    values = np.array(read_cells(file.readline())[pixels].split(), np.uint8)
                    gray = values.reshape(SIZE, SIZE, 1)
                except (ValueError, OverflowError) as error:
                    pictures.append(DataError(f"{record.name} is no picture of {SIZE} × {SIZE} gray pixels: {error}."))
                else:
                    pictures.append(Picture(gray.repeat(3, axis=2)))
        return pictures


def read_cells(line: bytes) -> list[str]:
    """The cells of one line of the table."""
    cells = next(csv.reader([line.decode("utf-8-sig", errors="replace")], skipinitialspace=True), [])
    return [cell.strip() for cell in cells]
