"""Derives ``geofer/networks/average_face.npz``: the average rendered face as a chart of its skin.

The chart unrolls the mean of many random people at rest from a vertical axis inside the head: columns are angles, rows
are heights, and each point is where a ray from the axis leaves the skin for the last time. The file holds

* ``positions`` ``(64, 64, 3)`` float32, millimeters (x to the person's left, y up, z out of the face),
* ``chart`` ``(68, 2)`` float32, where the landmarks of `geofer.landmarks.mean_head` lie on it, in [-1, 1] (x along
  columns, y along rows).

Takes half a minute.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import geofer.networks
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.parts import EYE, SKIN

PEOPLE, SIDE = 200, 64
AXIS = -60.0
"""z of the vertical axis in millimeters, about between the ears."""

WIDEST = np.radians(115)
TOP, BOTTOM = 100.0, -135.0
"""Largest angle to either side, and the chart's range of heights in millimeters: hairline to below the chin."""


def last_exits(triangles: NDArray[np.float32], height: float) -> NDArray[np.float32]:
    """Where rays from the axis at one height leave the skin: ``(SIDE, 3)`` (Möller and Trumbore, 1997)."""
    origin = np.array([0, height, AXIS])
    corner, edges = triangles[:, 0], triangles[:, 1:] - triangles[:, :1]
    exits = []
    for angle in np.linspace(-WIDEST, WIDEST, SIDE):
        direction = np.array([np.sin(angle), 0, np.cos(angle)])
        across = np.cross(direction, edges[:, 1])
        determinant = (edges[:, 0] * across).sum(1)
        determinant = np.where(np.abs(determinant) < 1e-12, np.inf, determinant)
        start = origin - corner
        turned = np.cross(start, edges[:, 0])
        u, v = (start * across).sum(1) / determinant, (turned @ direction) / determinant
        reach = (edges[:, 1] * turned).sum(1) / determinant
        exits.append(origin + direction * reach[(u >= 0) & (v >= 0) & (u + v <= 1)].max())
    return np.array(exits, np.float32)


def main() -> None:
    """Writes the file."""
    head = load_head()
    people = [head.neutral(sample_identity(np.random.default_rng(seed))) for seed in range(PEOPLE)]
    average = 1000 * np.mean(people, axis=0)
    average = (average + mirrored(average)) / 2
    triangles = average[head.triangles[np.isin(head.part, (SKIN, EYE))]]
    positions = np.stack([last_exits(triangles, height) for height in np.linspace(TOP, BOTTOM, SIDE)])
    landmarks = np.array(MEAN_HEAD)
    angles = np.arctan2(landmarks[:, 0], landmarks[:, 2] - AXIS) / WIDEST
    heights = 2 * (TOP - landmarks[:, 1]) / (TOP - BOTTOM) - 1
    path = Path(geofer.networks.__file__).with_name("average_face.npz")
    np.savez_compressed(path, positions=positions, chart=np.column_stack((angles, heights)).astype(np.float32))
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def mirrored(vertices: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each vertex's partner on the other side, reflected: the nearest vertex to its reflection."""
    from scipy.spatial import cKDTree

    reflected = vertices * np.array([-1, 1, 1], np.float32)
    return np.asarray(reflected[cKDTree(reflected).query(vertices)[1]])


if __name__ == "__main__":
    main()
