"""Somebody's table of pictures, row by row: whatever separates its cells, whatever common name its columns have."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from geofer.datamodules.layouts.label_lists import read_rows, text_encoding
from geofer.datamodules.preparation.index import check_texts
from geofer.errors import DataError, printable
from geofer.faces import NUM_LANDMARKS
from geofer.ranges import did_you_mean

BOX = ("left", "top", "right", "bottom")
LANDMARK_COLUMNS = tuple(f"{axis}{point}" for point in range(NUM_LANDMARKS) for axis in "xy")
NEEDED = ("path", "expression")

ALIASES = {
    "path": (
        *("image_path", "img_path", "imagepath", "file_path", "filepath", "file", "filename", "file_name", "image"),
        *("image_name", "img", "img_name", "picture", "pth", "subdirectory_filepath"),
    ),
    "expression": (
        *("label", "labels", "emotion", "emotion_label", "expression_label", "expr", "class", "class_name"),
        *("category", "target"),
    ),
    "subject": ("subject_id", "person", "person_id", "identity", "participant"),
    "group": ("group_id", "movie", "video"),
    "split": ("set", "subset", "usage", "partition"),
    "yaw": ("head_yaw",),
    "pitch": ("head_pitch",),
    "tags": ("tag",),
    "left": ("xmin", "x_min", "bbox_left"),
    "top": ("ymin", "y_min", "bbox_top"),
    "right": ("xmax", "x_max", "bbox_right"),
    "bottom": ("ymax", "y_max", "bbox_bottom"),
}
"""Name of a column → what it is also called; upper and lower case, blanks and hyphens for ``_`` are alike."""

KNOWN = (*ALIASES, *LANDMARK_COLUMNS)
SEPARATORS = (",", ";", "\t", "|")

LONGEST_LINE = 1_000_000
"""Letters of a table's first line that are looked at."""

OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet or a zip archive; save the table as CSV in UTF-8, or unpack the archive first",
    b"\xd0\xcf\x11\xe0": "a spreadsheet of Excel; save it as CSV in UTF-8",
    b"\x1f\x8b": "compressed; unpack it first",
    b"7z\xbc\xaf": "an archive; unpack it first",
    b"Rar!": "an archive; unpack it first",
    b"SQLite format 3": "a database; write the table as CSV in UTF-8",
}
"""How files begin that are often taken for a table, and what to do with them."""


def table_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a CSV or Parquet file, and where each stands, for messages.

    Args:
        path: The table; its content decides which of the two it is. Cells of a CSV file are separated by commas,
            semicolons, tabs or vertical bars; what its first line has most of counts.

    Yields:
        Where the row stands, and the texts of the columns `KNOWN` that the table has, by these names.

    Raises:
        DataError: The file is missing or no such table; or a column is missing, or there twice under two names.
    """
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise DataError(
            f"The list of labels {printable(path)} is missing or cannot be read: {error.strerror}. "
            "Check data.init_args.root."
        ) from error
    for beginning, what in OTHER_FILES.items():
        if head.startswith(beginning):
            raise DataError(f"{printable(path)} is {what}.")
    yield from _parquet_rows(path) if head.startswith(b"PAR1") or path.suffix.lower() == ".parquet" else _csv_rows(path)


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    rows = read_rows(path, _separator(path))
    _, header = next(rows, (0, []))
    names = known_names(path, header)
    for line, cells in rows:
        where = f"{printable(path)}, line {line}"
        if (len(cells) > len(header) and any(cells[len(header) :])) or len(cells) < len(header):
            raise DataError(f"{where}: {len(cells)} cells, but the first line names {len(header)} columns.")
        yield where, {name: cell for name, cell in zip(names, cells, strict=False) if name}


def _separator(path: Path) -> str:
    with path.open(encoding=text_encoding(path), errors="replace") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE), "")
        first = next((line for line in lines if line.strip()), "").rstrip("\n")
    try:
        counts = {separator: len(next(csv.reader([first], delimiter=separator), [])) for separator in SEPARATORS}
    except csv.Error as error:
        raise DataError(f"{printable(path)} is no table: its first line cannot be taken apart ({error}).") from error
    return max(counts, key=counts.__getitem__)


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows as texts, as a CSV file would give them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        coded = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
        with pq.ParquetFile(path, read_dictionary=coded) as file:
            there = file.schema_arrow.names
            names = dict(zip(there, known_names(path, there), strict=True))
            number = 0
            for batch in file.iter_batches(batch_size=1024, columns=[name for name in there if names[name]]):
                check_texts(batch, csv.field_size_limit())
                for row in batch.to_pylist():
                    number += 1
                    texts = {str(names[name]): "" if value is None else str(value) for name, value in row.items()}
                    yield f"{printable(path)}, row {number}", texts
    except (OSError, ValueError, OverflowError, pa.ArrowException) as error:  # a date may lie where Python has none
        reason = printable(error)[:300]
        raise DataError(f"{printable(path)} cannot be read as a Parquet file: {reason}.") from error


def known_names(path: Path, header: Sequence[str]) -> list[str | None]:
    """Which of `KNOWN` each column is; None for others.

    Raises:
        DataError: One that is needed is missing, two could be one, or a part of the box or landmarks is missing.
    """
    written = [_plain(name) for name in header]
    names: list[str | None] = [name if name in KNOWN else None for name in written]
    for known, aliases in ALIASES.items():
        if known in names:
            continue
        places = [place for place, name in enumerate(written) if name in aliases]
        if len(places) > 1:
            both = " and ".join(repr(header[place]) for place in places)
            raise DataError(
                f"{printable(path)}: {both} could both be the column {known!r}. Rename the right one to it."
            )
        for place in places:
            names[place] = known
    _check_columns(path, header, {name for name in names if name})
    return names


def _plain(name: str) -> str:
    text = re.sub(r"[\s-]+", "_", name.strip().casefold())
    return re.sub(r"^([xy])_(\d+)$", r"\1\2", text)


def _check_columns(path: Path, header: Iterable[str], there: set[str]) -> None:
    """Refuses a table that lacks a column, or holds a part of the box or of the landmarks."""
    for missing in (name for name in NEEDED if name not in there):
        close = [name for name in header if did_you_mean(_plain(name), (missing, *ALIASES[missing]))]
        hint = f" Did you mean {close[0]!r} to be that?" if close else ""
        raise DataError(
            f"{printable(path)} has no column {missing!r}, which may also be called {', '.join(ALIASES[missing])}; its "
            f"columns are {', '.join(map(printable, header)) or 'none'}. Write their names in the first line.{hint}"
        )
    for what, columns in (("box", BOX), ("68 landmarks", LANDMARK_COLUMNS)):
        if (lost := [name for name in columns if name not in there]) and len(lost) < len(columns):
            raise DataError(
                f"{printable(path)} has {len(columns) - len(lost)} of the {len(columns)} columns of a {what}; for "
                f"example {lost[0]!r} is missing. Add it, or leave all of them out."
            )
