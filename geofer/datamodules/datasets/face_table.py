"""Anybody's own pictures: a table of them, or a tree of class folders."""

import os
import posixpath
from collections.abc import Iterator, Mapping
from math import isfinite, nan
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.datasets.expression_words import NUMBER_BEFORE, ExpressionWords
from geofer.datamodules.layouts.label_lists import landmarks_of
from geofer.datamodules.layouts.layout import list_files
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.layouts.table_columns import BOX, LANDMARK_COLUMNS, NEEDED, table_rows
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import ConfigError, DataError, printable
from geofer.faces import EXPRESSIONS, Split
from geofer.paths import AnyPath, as_path
from geofer.pictures import is_picture_file

SPLITS: Mapping[str, Split] = {
    **{split: split for split in get_args(Split)},
    "training": "train",
    "valid": "val",
    "validation": "val",
    "testing": "test",
}
"""Words for a split, in tables and as names of folders above the class folders."""


class FaceTable(PictureFaces):
    """Pictures with labels of your own, from a table or from a tree of class folders.

    **A table** is a CSV file (UTF-8; with commas, semicolons, tabs or vertical bars) or a Parquet file with these
    columns, in any order, under these names or others that are common for them
    (`geofer.datamodules.layouts.table_columns.ALIASES`):

    * ``path``: the picture, relative to ``root`` or absolute within it; ``expression``: its name, another word for it
      (`geofer.datamodules.datasets.expression_words.SYNONYMS`), or one of ``labels``;
    * maybe ``subject`` and ``group``: names of what must stay in one split;
    * maybe ``split``: ``train``, ``val`` or ``test``;
    * maybe ``yaw`` and ``pitch`` in degrees, signed as in `geofer.faces`;
    * maybe ``left``, ``top``, ``right``, ``bottom``: the face's box in pixels;
    * maybe ``x0``, ``y0`` to ``x67``, ``y67``: the 68 iBUG landmarks in pixels;
    * maybe ``tags``: names of evaluation subsets, with ``;`` between them.

    A cell of a column that may be missing may be empty. Other columns are not read.

    **A tree** has a folder for each expression, with pictures at any depth under it; above them there may be folders
    named ``train``, ``val`` and ``test``. Folders are named as expressions are in a table, maybe with a number before
    (``0_anger``). Other files than pictures are counted and named at the end of the preparation. Nothing in a tree says
    who is who, so people may be in several parts of a split that is drawn from it; use a table with ``subject`` where
    you know them.

    Args:
        root: The folder that holds the pictures.
        table: Name of the table, relative to ``root``; None reads a tree.
        expressions: Names of the expressions, in the order of their labels. Others are refused, but for those among
            `VOCABULARY`, which are left out and counted. None takes those of the tree's folders, whatever they are
            called, in alphabetical order.
        labels: What labels stand for that are no words: the name of one of
            `geofer.datamodules.datasets.expression_words.NUMBERINGS` (``raf-db``, ``affectnet``, ``fer2013``,
            ``ferplus``, ``kdef``), or a mapping from each label to its expression.
        **common: See `PictureFaces`.
    """

    VOCABULARY = (*EXPRESSIONS, "contempt")

    def __init__(
        self,
        root: AnyPath,
        *,
        table: AnyPath | None = None,
        expressions: tuple[str, ...] | None = EXPRESSIONS,
        labels: dict[str, str] | str | None = None,
        **common: Any,  # noqa: ANN401 - typed where they are declared
    ) -> None:
        if expressions is None:
            if table is not None:
                raise ConfigError("Name the `expressions` of a table; only those of a tree follow from its folders.")
            expressions = _named_by_folders(as_path(root, "root"))
        self._expressions = expressions  # which `vocabulary` needs
        super().__init__(root, expressions=expressions, **common)
        self.table = None if table is None else os.fspath(table)
        self._expression = ExpressionWords(self.vocabulary, labels)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Every expression that a record may have."""
        return tuple(dict.fromkeys((*self._expressions, *self.VOCABULARY)))

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        return self._tree() if self.table is None else self._listed(self.root / self.table)

    def left_out(self) -> list[str]:
        """Files of a tree that are no pictures, relative to ``root``; hidden ones do not count."""
        if self.table is not None:
            return []
        return [file for file in list_files(self.root, ("",)) if not is_picture_file(self.root / file)]

    def _tree(self) -> Iterator[FaceRecord]:
        classes, splits = _class_folders(self.root)
        if not classes:
            raise DataError(
                f"{printable(self.root)} has no folders named after expressions ({', '.join(self.vocabulary)}). Sort "
                "the pictures into such folders, or name a table of them."
            )
        labels = {folder: self._expression(folder.name, printable(folder)) for folder in classes}
        for folder, expression in labels.items():
            files = [file for file in list_files(folder, ("",)) if is_picture_file(folder / file)]
            if not files:
                raise DataError(f"The class folder {printable(folder)} holds no picture. Fill it, or remove it.")
            split = SPLITS[folder.parent.name.casefold()] if splits else None
            for file in files:
                yield FaceRecord(f"{folder.relative_to(self.root).as_posix()}/{file}", expression, split=split)

    def _listed(self, path: Path) -> Iterator[FaceRecord]:
        for where, row in table_rows(path):
            yield self._record(row, where)

    def _record(self, row: Mapping[str, str], where: str) -> FaceRecord:
        for column in NEEDED:
            if not row.get(column):
                raise DataError(f"{where}: column {column} is empty or missing. Fill it, or remove the row.")
        split = row.get("split") or ""
        if split and split.casefold() not in SPLITS:
            raise DataError(f"{where}: {split!r} is no split. Write train, val or test.")
        return FaceRecord(
            file=self._inside(row["path"], where),
            expression=self._expression(row["expression"], where),
            subject=row.get("subject") or None,
            group=row.get("group") or None,
            yaw=_angle(row, "yaw", where, 180),
            pitch=_angle(row, "pitch", where, 90),
            split=SPLITS[split.casefold()] if split else None,
            box=_box(row, where),
            landmarks=_landmarks(row, where),
            tags=tuple(tag.strip() for tag in (row.get("tags") or "").split(";") if tag.strip()),
        )

    def _inside(self, path: str, where: str) -> str:
        """A path relative to ``root``, with forward slashes; backslashes are those of Windows unless it exists so."""
        if "\\" in path and not (self.root / path).exists():
            path = path.replace("\\", "/")
        relative = os.path.relpath(path, self.root.absolute()) if Path(path).is_absolute() else path
        inside = posixpath.normpath(relative.replace(os.sep, "/"))
        if inside == ".." or inside.startswith("../") or posixpath.isabs(inside):
            raise DataError(
                f"{where}: {printable(path)} leads out of {printable(self.root)}. Set root to a folder above."
            )
        return inside


def _class_folders(root: Path) -> tuple[list[Path], bool]:
    """The folders of a tree that are named after expressions, and whether they lie in those of splits."""
    tops = _folders(root)
    splits = bool(tops) and all(top.name.casefold() in SPLITS for top in tops)
    return [folder for top in tops for folder in _folders(top)] if splits else tops, splits


def _named_by_folders(root: Path) -> tuple[str, ...]:
    """The expressions that a tree's folders are named after: known words by their common name, others as they are."""
    known = ExpressionWords(FaceTable.VOCABULARY)
    names = set()
    for folder in _class_folders(root)[0]:
        try:
            names.add(known(folder.name, ""))
        except DataError:
            names.add(NUMBER_BEFORE.sub("", folder.name, count=1))
    if not names:
        raise DataError(f"{printable(root)} has no folders. Sort the pictures into one for each expression.")
    return tuple(sorted(names))


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{printable(folder)} is no folder. Check the path.")
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__MACOSX")))


def _angle(row: Mapping[str, str], column: str, where: str, largest: int) -> float:
    angle = _number(row, column, where)
    if abs(angle) > largest:
        raise DataError(f"{where}: {column} is {row[column]}; degrees are from -{largest} to {largest}, or unknown.")
    return angle


def _number(row: Mapping[str, str], column: str, where: str) -> float:
    text = row.get(column) or ""
    try:
        return float(text.replace(",", ".")) if text else nan
    except ValueError:
        raise DataError(f"{where}: {column} is {text!r}, which is no number.") from None


def _box(row: Mapping[str, str], where: str) -> tuple[float, float, float, float] | None:
    if not any(row.get(column) for column in BOX):
        return None
    left, top, right, bottom = (_number(row, column, where) for column in BOX)
    if not (left < right and top < bottom and isfinite(right - left) and isfinite(bottom - top)):
        raise DataError(f"{where}: the box {left}, {top}, {right}, {bottom} is empty. Order: left, top, right, bottom.")
    return left, top, right, bottom


def _landmarks(row: Mapping[str, str], where: str) -> NDArray[np.float32] | None:
    texts = [row.get(column) or "" for column in LANDMARK_COLUMNS]
    return landmarks_of(texts, where) if any(texts) else None
