"""Photographs of faces that are turned in space, so that real skin is seen from the side, too.

The mesh that MediaPipe fits to a face has depth. It is turned, and the picture is drawn on it (after Zhu et al. 2016,
arXiv:1511.07212). Around it lies a ring that turns with the head; the picture's edge stays.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, Delaunay

SKIN_VERTICES = 468
"""Of the mesh; the others are those of the irises."""

RING, BEHIND = 1.3, 0.25
"""How large the ring is beside the mesh's outline, and how far it lies behind it, in widths of the face."""

AXIS = 0.5
"""How far behind the mesh's middle the head turns, in widths of the face."""


def turned(
    picture: NDArray[np.uint8], mesh: NDArray[np.floating], rotation: NDArray[np.floating]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A picture whose face is turned.

    Args:
        picture: ``(S, S, 3)``.
        mesh: ``(478, 3)``, x and y in its pixels, depth in the same unit, less towards the camera.
        rotation: ``(3, 3)``, acts on columns (x right, y up, z towards the camera).

    Returns:
        The picture, and the turned mesh.
    """
    skin = np.asarray(mesh[:SKIN_VERTICES], np.float64)
    middle, width = skin.mean(0), np.ptp(skin[:, 0])
    outline = skin[ConvexHull(skin[:, :2]).vertices]
    ring = middle + RING * (outline - middle)
    ring[:, 2] = outline[:, 2] + BEHIND * width
    side = len(picture)
    line = np.linspace(-0.5, side - 0.5, 5)
    edge = np.array([(x, y, 2.0 * side) for x in line for y in line if {x, y} & {line[0], line[-1]}])
    pivot = middle + np.array((0, 0, AXIS * width))
    flip = np.diag((1.0, -1.0, -1.0))
    turn = flip @ rotation @ flip
    before = np.concatenate((skin, ring, edge))
    after = np.concatenate(((np.concatenate((skin, ring)) - pivot) @ turn.T + pivot, edge))
    drawn = _draw(picture, before[:, :2], after, Delaunay(before[:, :2]).simplices)
    return drawn, (np.asarray(mesh, np.float64) - pivot) @ turn.T + pivot


def _draw(
    picture: NDArray[np.uint8],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    triangles: NDArray[np.integer],
) -> NDArray[np.uint8]:
    """Each triangle of the picture at its new place, the nearest last."""
    source, target = before[triangles], after[triangles, :2]
    ones = np.ones((*target.shape[:2], 1))
    flat = np.concatenate((target, ones), axis=2)
    drawable = np.flatnonzero(np.abs(np.linalg.det(flat)) > 1e-3)
    drawable = drawable[np.argsort(-after[triangles[drawable], 2].mean(1))]
    which = np.zeros(picture.shape[:2], np.int32)
    corners = np.round(16 * target).astype(np.int32)
    for number in drawable.tolist():
        cv2.fillConvexPoly(which, corners[number], number, shift=4)
    maps = np.zeros((len(triangles), 3, 2))
    maps[drawable] = np.linalg.solve(flat[drawable], source[drawable])
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    seen = maps[which]
    at = x[..., None] * seen[..., 0, :] + y[..., None] * seen[..., 1, :] + seen[..., 2, :]
    return np.asarray(
        cv2.remap(picture, at.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
