"""Reads a scan from a VRML file: vertices, polygons, and their texture or colors.

The file is taken apart by token, so headers of any length, comments, line breaks and the order of the nodes do not
matter. What is looked for, by the names of the VRML 97 standard (ISO/IEC 14772-1, 6.11, 6.22 and 6.23):

* ``Coordinate { point [ x y z … ] }`` and ``coordIndex [ a, b, c, -1, … ]``, of triangles or larger polygons;
* ``ImageTexture { url "…" }``, ``TextureCoordinate { point [ u v … ] }`` and ``texCoordIndex [ … ]``; without the
  index, ``coordIndex`` counts for the texture too;
* ``Color { color [ r g b … ] }`` and ``colorIndex [ … ]``, one color a vertex, likewise.

A surface shows its texture, else its colors, else it is drawn as plain skin. A texture picture has to be named: the
file's ``url`` does so, else it is the ``.bmp`` beside the file and of its name.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError, printable
from geofer.pictures import read_picture
from geofer.rendering.scans.mesh import MAX_TRIANGLES, Scan, read_text

_STRING = rb'"(?:[^"\\]|\\.)*+"'
_COMMENT = rb"#[^\r\n]*+"
_LIST = rb'\[(?:[^\[\]{}"#]++|' + _COMMENT + rb"|" + _STRING + rb")*+\]"
_TOKENS = re.compile(rb"|".join((_COMMENT, _STRING, _LIST, rb"[\[\]{}]", rb'[^\s,\[\]{}"#]++')), re.DOTALL)

_SMALLEST, _LARGEST = 50.0, 1000.0
"""Millimeters that a scan of a face may measure along its longest side."""

Fields = Mapping[bytes, list[bytes]]
"""Name of a field → its lists and strings, in the file's order; `_TEXTURE_POINTS` are told from other points."""

_TEXTURE_POINTS = b"texCoord point"


def read_vrml(path: Path, root: Path) -> Scan:
    """Reads a scan.

    Args:
        path: A VRML file with one surface, in millimeters.
        root: Folder that the file and its texture must lie in once all links are followed.

    Raises:
        DataError: The file, or its texture, is missing, damaged, too large, outside ``root``, or no scan of a face;
            it names the file and what is wrong with it.
    """
    try:
        return _read(path, root)
    except _FormatError as error:
        raise DataError(f"{printable(path)} is not a scan that can be read: {error}.") from error


class _FormatError(Exception):
    """What is wrong with the contents of a file."""


def _read(path: Path, root: Path) -> Scan:
    fields = _fields(read_text(path, root))
    vertices = _numbers(fields, b"point", 3)
    index = _polygons(fields, b"coordIndex")
    if vertices is None or index is None:
        raise _FormatError(f"it has no complete list `{'point' if vertices is None else 'coordIndex'} [ … ]`")
    places = _fans(index)
    triangles = _at(places, index, b"coordIndex", vertices)
    size = float(np.ptp(vertices[triangles.reshape(-1)], axis=0).max())
    if not _SMALLEST <= size <= _LARGEST:
        raise _FormatError(f"it is {size:.4g} mm large; a face in millimeters has {_SMALLEST:.0f} to {_LARGEST:.0f}")
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    if np.cross(b - a, c - a)[:, 2].sum() < 0:  # wound clockwise: the face would turn its back
        triangles, places = triangles[:, ::-1], places[:, ::-1]
    bare = Scan(vertices, triangles.astype(np.int32))

    texture_points, texture_file = _numbers(fields, _TEXTURE_POINTS, 2), _texture_file(fields, path)
    if texture_points is not None and texture_file is not None:
        corners = _at(places, _polygons_like(index, fields, b"texCoordIndex"), b"texCoordIndex", texture_points)
        picture = read_picture(texture_file, root=root)
        return replace(bare, texture_points=texture_points[corners].astype(np.float32), texture=picture)
    colors = _numbers(fields, b"color", 3)
    if colors is not None:
        corners = _at(places, _polygons_like(index, fields, b"colorIndex"), b"colorIndex", colors)
        return replace(bare, colors=colors[corners].clip(0, 1).astype(np.float32))
    return bare


def _fields(text: bytes) -> Fields:
    """Every list and string of the file."""
    fields = defaultdict(list)
    nodes = [b""]
    name = b""
    for token in _TOKENS.findall(text):
        if token == b"{":
            nodes.append(name)
        elif token == b"}":
            nodes = nodes[:-1] or [b""]
        elif token[:1] in (b"[", b'"') and len(token) > 1:
            of_texture = name == b"point" and nodes[-1].startswith(b"TextureCoordinate")
            fields[_TEXTURE_POINTS if of_texture else name].append(token)
        if token[:1] != b"#":
            name = token
    return fields


def _list(fields: Fields, field: bytes) -> list[bytes]:
    """The words of the file's only list of that name, none if it has no such list."""
    lists = fields.get(field, [])
    if len(lists) > 1:
        raise _FormatError(f"it has {len(lists)} lists `{field.decode()}`, so more than one surface")
    return re.sub(_COMMENT, b" ", lists[0][1:-1]).replace(b",", b" ").split() if lists else []


def _numbers(fields: Fields, field: bytes, columns: int) -> NDArray[np.float64] | None:
    """A list of finite numbers as rows, None if it is missing or empty."""
    words = _list(fields, field)
    try:
        numbers = np.fromiter(map(float, words), np.float64, len(words))
    except ValueError as error:
        raise _FormatError(f"`{field.decode()}` holds what is no number ({printable(error)})") from error
    if len(numbers) % columns:
        raise _FormatError(f"`{field.decode()}` holds {len(numbers)} numbers, which is no multiple of {columns}")
    if not np.isfinite(numbers).all():
        raise _FormatError(f"`{field.decode()}` holds numbers that are not finite")
    return numbers.reshape(-1, columns) if words else None


def _polygons(fields: Fields, field: bytes) -> NDArray[np.int64] | None:
    """A list of indices, each polygon closed by -1, None if it is missing or empty."""
    words = _list(fields, field)
    if not words:
        return None
    try:
        index = np.fromiter(map(int, words), np.int64, len(words))
    except (ValueError, OverflowError) as error:
        raise _FormatError(f"`{field.decode()}` holds what is no index ({printable(error)})") from error
    if index.min() < -1:
        raise _FormatError(
            f"`{field.decode()}` holds {index.min()}; nothing but -1, which closes a polygon, is negative"
        )
    return np.append(index, -1) if index[-1] >= 0 else index


def _polygons_like(index: NDArray[np.int64], fields: Fields, field: bytes) -> NDArray[np.int64]:
    """A list of indices for the same polygons as ``index``, which counts itself where the list is missing."""
    own = _polygons(fields, field)
    if own is not None and not np.array_equal(own < 0, index < 0):
        raise _FormatError(
            f"the polygons of `{field.decode()}` have other numbers of corners than those of `coordIndex`"
        )
    return index if own is None else own


def _fans(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cuts polygons into fans of triangles: places in ``index`` of their corners, ``(F, 3)``."""
    ends = np.flatnonzero(index < 0)
    starts = np.concatenate(([0], ends[:-1] + 1))
    first = np.repeat(starts, ends - starts + 1)
    place = np.arange(len(index))
    second = place[(place > first) & (index >= 0) & (np.append(index[1:], -1) >= 0)]
    if not 0 < len(second) <= MAX_TRIANGLES:
        raise _FormatError(f"`coordIndex` makes {len(second):,} triangles; there must be 1 to {MAX_TRIANGLES:,}")
    return np.stack((first[second], second, second + 1), axis=1)


def _at(
    places: NDArray[np.int64], index: NDArray[np.int64], field: bytes, rows: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Indices at the corners of triangles, each of which must be that of a row."""
    corners = index[places]
    if corners.max() >= len(rows):
        raise _FormatError(
            f"`{field.decode()}` holds {corners.max()}, but there are {len(rows)} to choose from, from 0 on"
        )
    return corners


def _texture_file(fields: Fields, path: Path) -> Path | None:
    """The picture that the file names, else the ``.bmp`` of the same name if there is one."""
    urls = fields.get(b"url", [])
    named = re.search(_STRING, urls[0], re.DOTALL) if urls else None
    if named is not None and (url := named[0][1:-1].decode("utf-8", "surrogateescape").strip()):
        return path.parent / url.replace("\\", "/")
    beside = path.with_suffix(".bmp")
    return beside if beside.is_file() else None
