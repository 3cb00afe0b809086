"""Derives `geofer.landmarks.mean_head.MEAN_HEAD`: the landmarks of the average of many rendered people, at rest.

Prints the rows to paste. Takes seconds.
"""

import numpy as np
from numpy.typing import NDArray

from geofer.faces import MIRRORED_LANDMARKS
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES

PEOPLE = 200


def mean_head() -> NDArray[np.float64]:
    """``(68, 3)`` in millimeters, symmetrical."""
    head = load_head()
    points = head.index_of(np.array(LANDMARK_VERTICES))
    people = [head.neutral(sample_identity(np.random.default_rng(person)))[points] for person in range(PEOPLE)]
    mean = 1000 * np.mean(people, axis=0, dtype=np.float64)
    return np.asarray(mean + mean[list(MIRRORED_LANDMARKS)] * (-1, 1, 1)) / 2


def main() -> None:
    """Prints the rows."""
    for x, y, z in mean_head().round(1) + 0.0:
        print(f"    ({x}, {y}, {z}),")


if __name__ == "__main__":
    main()
