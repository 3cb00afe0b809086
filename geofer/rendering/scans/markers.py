"""Reads the points that experts marked on a scan, of BU-3DFE's ``.bnd`` files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError, printable
from geofer.rendering.scans.mesh import Scan, read_text

NUM_MARKERS = 83

_TOLERANCE = 0.5
"""Millimetres that a marker may lie from its vertex, for rounding; the vertices of a scan are further apart."""


def read_markers(path: Path, root: Path, scan: Scan) -> NDArray[np.int64]:
    """Reads the marked vertices of a scan: a row each, ``index x y z``, with indices from 0.

    What each of the points means is not documented with the data set in public, so nothing here depends on their
    order.

    Args:
        path: A ``.bnd`` file.
        root: Folder that it must lie in once all links are followed.
        scan: The scan that the points were marked on.

    Returns:
        ``(83,)`` indices of vertices.

    Raises:
        DataError: The file is missing or damaged, or belongs to another scan; it names the file and the row.
    """
    name = printable(path)
    rows = [row.split() for row in read_text(path, root).splitlines() if row.strip()]
    if len(rows) != NUM_MARKERS or any(len(row) != 4 for row in rows):
        raise DataError(f"{name} has {len(rows)} rows; it must have {NUM_MARKERS} rows of `index x y z`.")
    try:
        index = np.array([int(row[0]) for row in rows], np.int64)
        points = np.array([[float(word) for word in row[1:]] for row in rows])
    except (ValueError, OverflowError) as error:
        raise DataError(f"{name} holds what is no number: {printable(error)}.") from error
    if index.min() < 0 or index.max() >= len(scan.vertices):
        raise DataError(f"{name} marks vertices {index.min()} to {index.max()} of {len(scan.vertices)}, from 0 on.")
    distance = np.abs(points - scan.vertices[index]).max(axis=1)
    if not (distance <= _TOLERANCE).all():
        row = int(np.argmax(~(distance <= _TOLERANCE)))
        raise DataError(
            f"{name} row {row + 1} puts vertex {index[row]} at {points[row].tolist()}, but the scan has it at "
            f"{scan.vertices[index[row]].tolist()}; the two files do not belong together."
        )
    return index
