"""Anybody's own pictures: a table of them, or a tree of class folders."""

from collections.abc import Iterable, Iterator, Mapping
from math import nan
from pathlib import Path, PurePosixPath
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.datasets.label_lists import landmarks_of, read_rows
from geofer.datamodules.datasets.layout import list_files
from geofer.datamodules.datasets.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError, printable
from geofer.faces import EXPRESSIONS, NUM_LANDMARKS, Split

SYNONYMS = {
    "anger": ("angry",),
    "contempt": ("contemptuous",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happiness": ("happy", "joy", "joyful"),
    "neutral": ("calm",),
    "sadness": ("sad",),
    "surprise": ("surprised",),
}
"""Other words for an expression, in tables and as names of folders; upper and lower case are alike."""

SPLITS: Mapping[str, Split] = {
    **{split: split for split in get_args(Split)},
    "training": "train",
    "valid": "val",
    "validation": "val",
    "testing": "test",
}
"""Words for a split, in tables and as names of folders above the class folders."""

BOX = ("left", "top", "right", "bottom")
LANDMARK_COLUMNS = tuple(f"{axis}{point}" for point in range(NUM_LANDMARKS) for axis in "xy")


class FaceTable(PictureFaces):
    """Pictures with labels of your own, from a table or from a tree of class folders.

    **A table** is a CSV file (UTF-8, with commas) or a Parquet file with these columns, in any order:

    * ``path``: the picture, relative to ``root``; ``expression``: its name, or one of `SYNONYMS`;
    * maybe ``subject`` and ``group``: names of what must stay in one split;
    * maybe ``split``: ``train``, ``val`` or ``test``;
    * maybe ``yaw`` and ``pitch`` in degrees, signed as in `geofer.faces`;
    * maybe ``left``, ``top``, ``right``, ``bottom``: the face's box in pixels;
    * maybe ``x0``, ``y0`` to ``x67``, ``y67``: the 68 iBUG landmarks in pixels;
    * maybe ``tags``: names of evaluation subsets, with ``;`` between them.

    A cell of a column that may be missing may be empty. Other columns are not read.

    **A tree** has a folder for each expression, with pictures at any depth under it; above them there may be folders
    named ``train``, ``val`` and ``test``. Nothing in it says who is who, so people may be in several splits
    that is drawn from it; use a table with ``subject`` where you know them.

    Args:
        root: The folder that holds the pictures.
        table: Name of the table, relative to ``root``; None reads a tree.
        expressions: Names of the expressions, in the order of their labels. Others are refused, but for those among
            `VOCABULARY`, which are left out.
        **common: See `PictureFaces`.
    """

    VOCABULARY = (*EXPRESSIONS, "contempt")

    def __init__(
        self,
        root: Path,
        *,
        table: str | None = None,
        expressions: tuple[str, ...] = EXPRESSIONS,
        **common: Any,  # noqa: ANN401 - typed where they are declared
    ) -> None:
        super().__init__(root, expressions=expressions, **common)
        self.table = table
        self._words = {name.casefold(): name for name in self.vocabulary}
        for name in self.vocabulary:
            self._words.update({word: name for word in SYNONYMS.get(name, ()) if word not in self._words})

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every expression that a record may have."""
        return tuple(dict.fromkeys((*self._expressions, *self.VOCABULARY)))

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        return self._tree() if self.table is None else self._listed(self.root / self.table)

    def _tree(self) -> Iterator[FaceRecord]:
        tops = _folders(self.root)
        splits = bool(tops) and all(top.name.casefold() in SPLITS for top in tops)
        classes = [folder for top in tops for folder in _folders(top)] if splits else tops
        if not classes:
            raise DataError(
                f"{printable(self.root)} has no folders named after expressions ({', '.join(self.vocabulary)}). Sort "
                "the pictures into such folders, or name a table of them."
            )
        labels = {folder: self._expression(folder.name, printable(folder)) for folder in classes}
        for folder, expression in labels.items():
            files = list_files(folder)
            if not files:
                raise DataError(f"The class folder {printable(folder)} holds no picture. Fill it, or remove it.")
            split = SPLITS[folder.parent.name.casefold()] if splits else None
            for file in files:
                yield FaceRecord(f"{folder.relative_to(self.root).as_posix()}/{file}", expression, split=split)

    def _listed(self, path: Path) -> Iterator[FaceRecord]:
        rows = _parquet_rows(path) if path.suffix.lower() == ".parquet" else _csv_rows(path)
        for where, row in rows:
            yield self._record(row, where)

    def _record(self, row: Mapping[str, str], where: str) -> FaceRecord:
        for column in ("path", "expression"):
            if not row.get(column):
                raise DataError(f"{where}: column {column} is empty or missing. Fill it, or remove the row.")
        file = PurePosixPath(row["path"])
        if file.is_absolute() or ".." in file.parts:
            raise DataError(
                f"{where}: {printable(file)} leads out of {printable(self.root)}. Set root to a folder above."
            )
        split = row.get("split") or ""
        if split and split.casefold() not in SPLITS:
            raise DataError(f"{where}: {split!r} is no split. Write train, val or test.")
        return FaceRecord(
            file=str(file),
            expression=self._expression(row["expression"], where),
            subject=row.get("subject") or None,
            group=row.get("group") or None,
            yaw=_number(row, "yaw", where),
            pitch=_number(row, "pitch", where),
            split=SPLITS[split.casefold()] if split else None,
            box=_box(row, where),
            landmarks=_landmarks(row, where),
            tags=tuple(tag.strip() for tag in (row.get("tags") or "").split(";") if tag.strip()),
        )

    def _expression(self, word: str, where: str) -> str:
        try:
            return self._words[word.strip().casefold()]
        except KeyError:
            raise DataError(
                f"{where}: {word!r} is no known expression. There are {', '.join(self.vocabulary)}; correct it, or add "
                "it to `expressions`."
            ) from None


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{printable(folder)} is no folder. Check the path.")
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX")))


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    rows = read_rows(path)
    _, header = next(rows, (0, []))
    _check_columns(path, header)
    for line, cells in rows:
        where = f"{printable(path)}, line {line}"
        if len(cells) != len(header):
            raise DataError(f"{where}: {len(cells)} cells, but the first line names {len(header)} columns.")
        yield where, dict(zip(header, cells, strict=True))


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a Parquet file as texts, as a CSV file would give them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            _check_columns(path, names)
            known = [name for name in names if name in KNOWN]
            number = 0
            for batch in file.iter_batches(batch_size=1024, columns=known):
                for row in batch.to_pylist():
                    number += 1
                    texts = {name: "" if value is None else str(value) for name, value in row.items()}
                    yield f"{printable(path)}, row {number}", texts
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{printable(path)} cannot be read as a Parquet file: {error}.") from error


KNOWN = ("path", "expression", "subject", "group", "split", "yaw", "pitch", "tags", *BOX, *LANDMARK_COLUMNS)


def _check_columns(path: Path, names: Iterable[str]) -> None:
    """Refuses a table that lacks a column, or holds a part of the box or of the landmarks."""
    there = set(names)
    if missing := [name for name in ("path", "expression") if name not in there]:
        raise DataError(
            f"{printable(path)} has no column {missing[0]!r}; its columns are {', '.join(names) or 'none'}. Write "
            "their names in the first line."
        )
    for what, columns in (("box", BOX), ("68 landmarks", LANDMARK_COLUMNS)):
        if (missing := [name for name in columns if name not in there]) and len(missing) < len(columns):
            raise DataError(
                f"{printable(path)} has {len(columns) - len(missing)} of the {len(columns)} columns of a {what}; for "
                f"example {missing[0]!r} is missing. Add it, or leave all of them out."
            )


def _number(row: Mapping[str, str], column: str, where: str) -> float:
    text = row.get(column) or ""
    try:
        return float(text) if text else nan
    except ValueError:
        raise DataError(f"{where}: {column} is {text!r}, which is no number.") from None


def _box(row: Mapping[str, str], where: str) -> tuple[float, float, float, float] | None:
    if not any(row.get(column) for column in BOX):
        return None
    left, top, right, bottom = (_number(row, column, where) for column in BOX)
    if not (left < right and top < bottom):
        raise DataError(f"{where}: the box {left}, {top}, {right}, {bottom} is empty. Order: left, top, right, bottom.")
    return left, top, right, bottom


def _landmarks(row: Mapping[str, str], where: str) -> NDArray[np.float32] | None:
    texts = [row.get(column) or "" for column in LANDMARK_COLUMNS]
    return landmarks_of(texts, where) if any(texts) else None
