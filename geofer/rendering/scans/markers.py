"""Reads the points that experts marked on a scan, of BU-3DFE's ``.bnd`` files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError, printable
from geofer.rendering.scans.mesh import Scan, read_text

NUM_MARKERS = 83

_TOLERANCE = 0.5
"""Millimeters that a marker may lie from its vertex, for rounding; the vertices of a scan are further apart."""


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
    if len(rows) != NUM_MARKERS:
        raise DataError(f"{name} has {len(rows)} rows; it must have {NUM_MARKERS}.")
    markers = []
    for number, row in enumerate(rows, start=1):
        try:
            index, (x, y, z) = int(row[0]), map(float, row[1:])
        except ValueError as error:
            text = b" ".join(row).decode(errors="backslashreplace")
            raise DataError(f"{name} row {number} is {text!r}; it must be like `index x y z`.") from error
        if not 0 <= index < len(scan.vertices):
            raise DataError(f"{name} row {number} marks vertex {index} of {len(scan.vertices)}, counted from 0.")
        vertex = scan.vertices[index]
        if not np.abs(vertex - (x, y, z)).max() <= _TOLERANCE:
            raise DataError(
                f"{name} row {number} puts vertex {index} at {x:g}, {y:g}, {z:g}, but the scan has it at "
                f"{vertex[0]:g}, {vertex[1]:g}, {vertex[2]:g}; the two files do not belong together."
            )
        markers.append(index)
    return np.array(markers, np.int64)
