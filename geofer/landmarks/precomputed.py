"""Landmarks that were found before, by whatever tool: looked up by the picture's file name."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geofer.errors import ConfigError, DataError, printable
from geofer.faces import NUM_LANDMARKS
from geofer.landmarks.detector import Faces
from geofer.small_files import small_file

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = tuple(f"{axis}{point}" for point in range(NUM_LANDMARKS) for axis in "xy")
"""The 136 columns of a table: ``x0``, ``y0`` to ``x67``, ``y67``, in pixels."""

FILE_COLUMNS = ("file", "path")
"""The column with the picture's name relative to the data set's root; the first of these that the table has."""

LIST_COLUMN = "landmarks"
"""What `geofer prepare` writes instead of 136 columns: one of 136 numbers."""


class PrecomputedLandmarks:
    """Looks pictures up in a table, or in a folder of ``.pts`` files as iBUG writes them.

    * **A table** (CSV in UTF-8, or Parquet) has a column `FILE_COLUMNS` and the columns `COLUMNS`, in pixels where
      (0, 0) is the center of the top left one. Several rows of one file are several faces. An index that
      ``geofer prepare`` wrote is such a table.
    * **A folder** has for ``some/picture.jpg`` the file ``some/picture.pts``. Its coordinates count pixels from 1, as
      iBUG's do, so 1 is subtracted.

    A picture that the table or the folder does not know has no face. Boxes go around the landmarks; scores are 1.

    Args:
        path: The table or the folder.

    Raises:
        DataError: There is no such table or folder, or the table is damaged; it names the file.
    """

    looks_up_names = True

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        if not self._path.exists():
            raise DataError(f"{printable(self._path)} does not exist; it must be a table or folder of landmarks.")
        self._rows: dict[str, list[NDArray[np.float32]]] | None = None
        if not self._path.is_dir():
            self._rows = defaultdict(list)
            for name, points in zip(*_read_table(self._path), strict=True):
                self._rows[name].append(_checked(points, f"{printable(self._path)}, {printable(name)}"))

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`.

        Raises:
            ConfigError: The names of the pictures are not given.
            DataError: A ``.pts`` file is damaged, has not 68 points or not only finite ones; it names the file.
        """
        if len(names) != len(images):
            raise ConfigError(
                f"precomputed landmarks are looked up by name: {len(images)} pictures came with {len(names)} names. "
                "Choose a detector that looks at the pictures."
            )
        return [Faces.from_landmarks(np.array(self._look_up(name), np.float32)) for name in names]

    def _look_up(self, name: str) -> list[NDArray[np.float32]]:
        if self._rows is not None:
            return self._rows.get(name, [])
        path = (self._path / name).with_suffix(".pts")
        if not path.resolve().is_relative_to(self._path.resolve()):
            raise DataError(f"{printable(name)} leads out of {printable(self._path)}; only files inside it are read.")
        return [read_pts(path)] if path.is_file() else []


def read_pts(path: Path) -> NDArray[np.float32]:
    """The 68 points of a ``.pts`` file, ``(68, 2)`` in pixels counted from 0.

    The format is iBUG's: lines ``version: 1`` and ``n_points: 68``, then one ``x y`` a line in braces, where (1, 1) is
    the center of the top left pixel.

    Raises:
        DataError: The file is damaged, has not 68 points, or not only finite ones; it names the file.
    """
    try:
        _, opened, rest = small_file(path).decode("utf-8").partition("{")
        body, closed, _ = rest.partition("}")
        points = np.array([line.split() for line in body.splitlines() if line.strip()], np.float32)
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read as a .pts file: {printable(error)[:300]}.") from error
    if not (opened and closed):
        raise DataError(f"{printable(path)} is no whole .pts file: it must hold its points between braces.")
    return _checked(points - 1, printable(path))


def _checked(points: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    if points.shape != (NUM_LANDMARKS, 2):
        raise DataError(f"{where}: {NUM_LANDMARKS} landmarks of two numbers are needed; there are {points.shape}.")
    if not np.isfinite(points).all():
        lost = np.flatnonzero(~np.isfinite(points).all(1)).tolist()
        raise DataError(f"{where}: landmarks {lost} are NaN, infinite or empty.")
    return points


def _read_table(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    """The pictures' names of all rows, and their landmarks ``(rows, 68, 2)``, which may not be finite."""
    import pyarrow as pa
    from pyarrow import csv

    try:
        if path.suffix.lower() == ".parquet":
            table = _read_parquet(path)
        else:
            types = dict.fromkeys(FILE_COLUMNS, pa.string()) | dict.fromkeys(COLUMNS, pa.float32())
            table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))
        names = next(_texts(table[column]) for column in FILE_COLUMNS if column in table.column_names)
        if LIST_COLUMN in table.column_names:
            return names, _split_lists(table[LIST_COLUMN], names, path)
        columns = [table[column].cast(pa.float32()).to_numpy() for column in COLUMNS]
    except StopIteration:
        raise DataError(f"{printable(path)} has no column {' or '.join(FILE_COLUMNS)} with the files' names.") from None
    except KeyError as error:
        raise DataError(f"{printable(path)} must have the columns {COLUMNS[0]} to {COLUMNS[-1]}: {error}.") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = printable(error)[:300]
        raise DataError(f"{printable(path)} cannot be read as a table of landmarks: {reason}.") from error
    return names, np.stack(columns, axis=1).reshape(-1, NUM_LANDMARKS, 2)


def _read_parquet(path: Path) -> "pa.Table":
    """Those of the columns that are known.

    Raises:
        ValueError: It tells of more landmarks than a file of its size can hold.
    """
    import pyarrow as pa
    from pyarrow import parquet

    named = [field for field in parquet.read_schema(path) if field.name in FILE_COLUMNS]
    coded = [field.name for field in named if pa.types.is_string(field.type)]
    with parquet.ParquetFile(path, read_dictionary=coded) as file:
        rows, size = file.metadata.num_rows, path.stat().st_size
        if rows * len(COLUMNS) > size:  # no number takes less than a byte, but the same ones many times over
            raise ValueError(f"it tells of {rows} faces, and has {size} bytes")
        wanted = (*FILE_COLUMNS, *COLUMNS, LIST_COLUMN)
        return file.read([column for column in wanted if column in file.schema_arrow.names])


def _texts(column: "pa.ChunkedArray") -> list[str]:
    """The texts of a column; those that repeat are one object, however long they are.

    Raises:
        ValueError: It has others than texts.
    """
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise ValueError(f"its names are of the type {kind}, not text")
    texts: list[str] = []
    for chunk in column.chunks:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        known = [*coded.dictionary.to_pylist(), ""]
        texts += [known[number] for number in coded.indices.fill_null(-1).to_pylist()]
    return texts


def _split_lists(column: "pa.ChunkedArray", names: list[str], path: Path) -> NDArray[np.float32]:
    import pyarrow.compute as pc

    for name, length in zip(names, pc.list_value_length(column).to_pylist(), strict=True):
        if length != 2 * NUM_LANDMARKS:
            raise DataError(
                f"{printable(path)}, {printable(name)}: {2 * NUM_LANDMARKS} numbers are needed; there are {length}."
            )
    return np.asarray(pc.list_flatten(column), np.float32).reshape(-1, NUM_LANDMARKS, 2)
