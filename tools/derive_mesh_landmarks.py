"""Derives `geofer.landmarks.face_mesh.MESH_LANDMARKS`: where the iBUG points lie on MediaPipe's face mesh.

People are rendered from yaw 0, ±15 and ±30 with all seven expressions; MediaPipe fits its mesh. For every iBUG point
the vertex wins, or the blend of two neighboring vertices, that stays nearest to the true point on average over all
pictures (mean distance over that between the outer eye corners). Points of the brows must take vertices of the mesh's
brows, so that they follow the brows of photographs too; points of the left half take the mirrored vertices. Prints the
table to paste, and the error of each group of points on people who had no vote.

    python tools/derive_mesh_landmarks.py --people 24 --seed 101

Takes two minutes on one core.
"""

import argparse
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from geofer.faces import JAW, LEFT_EYE_OUTER, MIRRORED_LANDMARKS, NUM_LANDMARKS, RIGHT_BROW, RIGHT_EYE_OUTER
from geofer.landmarks import build_detector
from geofer.landmarks.mediapipe_detector import MediaPipeDetector
from geofer.rendering import RenderSpec, render_subject

VERTICES = 468
"""Vertices of the mesh without the irises, which follow the gaze."""

NEAREST = 24
"""Blends are tried among so many of the vertices that are nearest to a point."""

REACH = 0.2
"""Most that the two vertices of a blend are apart on average, in distances between the outer eye corners."""

WEIGHTS = np.arange(1, 10) / 10

NEARLY = 0.002
"""A blend must beat the best vertex by so much of the distance between the outer eye corners to be worth its row."""

RIGHT_BROW_VERTICES = (46, 52, 53, 55, 63, 65, 66, 70, 105, 107)
"""Lower and upper edge of the mesh's brow on the person's right."""

GROUPS = {
    "jaw": JAW,
    "brows": slice(17, 27),
    "nose": slice(27, 36),
    "eyes": slice(36, 48),
    "mouth": slice(48, 68),
    "all": slice(0, NUM_LANDMARKS),
}

Row = tuple[int, int, float]


def main() -> None:
    """Renders, elects, and prints the table and its error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24, help="who have a vote; a third as many test the result")
    parser.add_argument("--seed", type=int, default=101)
    options = parser.parse_args()
    table = elect(*fitted(options.people, options.seed))
    for row in table:
        print(f"    {row},")
    error = distances(table, *fitted(options.people // 3, options.seed + 1)).mean(0)
    for group, points in GROUPS.items():
        print(f"{group:6}{100 * error[points].mean():5.1f} % of the distance between the outer eye corners")


def fitted(people: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Meshes ``(n, 468, 2)`` and true points ``(n, 68, 2)``, scaled so that the outer eye corners are 1 apart."""
    detector = build_detector("mediapipe")
    assert isinstance(detector, MediaPipeDetector)
    spec = RenderSpec(poses="multipie", image_size=224, crop="loose", scene="picture", camera=True, seed=seed)
    meshes, truths = [], []
    for person in range(people):
        faces = render_subject(spec, person)
        for picture, truth in zip(faces.images, faces.landmarks, strict=True):
            for mesh in detector.meshes(picture)[:1]:
                scale = np.linalg.norm(truth[RIGHT_EYE_OUTER] - truth[LEFT_EYE_OUTER])
                meshes.append(mesh[:VERTICES] / scale)
                truths.append(truth / scale)
    return np.array(meshes), np.array(truths)


def elect(meshes: NDArray[np.float32], truths: NDArray[np.float32]) -> list[Row]:
    """The best row for each point: two vertices and the share of the second."""
    mirror, average = mirrored_vertices(meshes), meshes.mean(0)
    table: dict[int, Row] = {}
    for point, twin in enumerate(MIRRORED_LANDMARKS):
        if point > twin:
            continue
        sides = ((np.arange(VERTICES), truths[:, point]), (mirror, truths[:, twin]))
        away = np.concatenate([meshes[:, vertices] - truth[:, None] for vertices, truth in sides])
        single = np.linalg.norm(away, axis=-1).mean(0)
        if point == twin:
            single[mirror != np.arange(VERTICES)] = np.inf
        if point in range(NUM_LANDMARKS)[RIGHT_BROW]:
            single[np.setdiff1d(np.arange(VERTICES), RIGHT_BROW_VERTICES)] = np.inf
        order = single.argsort()[:NEAREST]
        order = order[np.isfinite(single[order])]
        rows: list[tuple[float, Row]] = [(single[order[0]] - NEARLY, (int(order[0]), int(order[0]), 0.0))]
        for first, second in combinations(order, 2):
            if np.linalg.norm(average[first] - average[second]) > REACH:
                continue
            blends = away[:, first, None] * (1 - WEIGHTS)[:, None] + away[:, second, None] * WEIGHTS[:, None]
            error = np.linalg.norm(blends, axis=-1).mean(0)
            rows.append((error.min(), (int(first), int(second), float(WEIGHTS[error.argmin()]))))
        first, second, share = table[point] = min(rows)[1]
        table[twin] = (int(mirror[first]), int(mirror[second]), share)
    return [table[point] for point in range(NUM_LANDMARKS)]


def mirrored_vertices(meshes: NDArray[np.float32]) -> NDArray[np.int64]:
    """The vertex on the other side of each ``(468,)``, from the average mesh over both turns of the head."""
    centered = meshes - meshes.mean(1, keepdims=True)
    average = centered.mean(0)
    return np.linalg.norm(average[:, None] * (-1, 1) - average, axis=-1).argmin(1)


def distances(table: list[Row], meshes: NDArray[np.float32], truths: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance of each mapped point from the truth, ``(n, 68)``."""
    first, second, share = (np.array(column) for column in zip(*table, strict=True))
    mapped = meshes[:, first] * (1 - share)[:, None] + meshes[:, second] * share[:, None]
    return np.linalg.norm(mapped - truths, axis=-1)


if __name__ == "__main__":
    main()
