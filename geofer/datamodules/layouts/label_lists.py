"""Labels as data sets come with them: rows of text, codes that stand for expressions, landmarks in a row."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geofer.errors import DataError
from geofer.faces import NUM_LANDMARKS

Code = TypeVar("Code", str, float)

TWO_LETTER_CODES = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
"""The seven expressions as JAFFE and BU-3DFE abbreviate them."""


def read_rows(path: Path, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The rows of a list, whether or not it has a byte order mark and whatever ends its lines; empty rows are skipped.

    Yields:
        The row's line in the file, counted from 1, and its cells without surrounding blanks.

    Raises:
        DataError: The list is missing or no UTF-8 text; it names the file.
    """
    try:
        with path.open(encoding=text_encoding(path), newline="") as file:
            rows = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            for row in rows:
                if any(cells := [cell.strip() for cell in row]):
                    yield rows.line_num, cells
    except FileNotFoundError as error:
        raise DataError(f"The list of labels {path} is missing. Check data.init_args.root.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"The list of labels {path} is no text in UTF-8: byte {error.start} is {error.object[error.start]:#04x}. "
            "Save it as CSV in UTF-8."
        ) from error
    except (OSError, csv.Error) as error:
        raise DataError(f"The list of labels {path} cannot be read: {error}.") from error


def text_encoding(path: Path) -> str:
    """UTF-16 if a list begins with the mark of that, as Excel's "Unicode text" does; else UTF-8."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def expression_of(codes: Mapping[Code, str], code: Code, where: str) -> str:
    """What a code stands for.

    Args:
        codes: The data set's codes, each with its expression.
        code: The code that was found.
        where: Where it was found, for the message.

    Raises:
        DataError: There is no such code; it says where it was found, and which there are.
    """
    try:
        return codes[code]
    except KeyError:
        known = ", ".join(f"{code} ({name})" for code, name in codes.items())
        raise DataError(f"{where}: {code!r} is no label of this data set. There are {known}.") from None


def landmarks_of(values: ArrayLike, where: str) -> NDArray[np.float32]:
    """Landmarks written one after the other, x before y.

    Args:
        values: 136 numbers, or texts of numbers.
        where: Where they were found, for the message.

    Returns:
        ``(68, 2)``.

    Raises:
        DataError: There are more or fewer, or one is no finite number; it says where.
    """
    try:
        points = np.asarray(values, np.float32).ravel()
    except ValueError as error:
        raise DataError(f"{where}: the landmarks are not numbers: {error}.") from error
    if points.size != 2 * NUM_LANDMARKS or not np.isfinite(points).all():
        raise DataError(
            f"{where}: {NUM_LANDMARKS} landmarks are {2 * NUM_LANDMARKS} finite numbers; there are {points.size}, "
            f"{np.isfinite(points).sum()} of them finite."
        )
    return points.reshape(NUM_LANDMARKS, 2)
