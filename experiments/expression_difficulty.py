"""How hard the rendered expressions are: accuracy from the 68 true landmarks alone, on people never seen.

A small perceptron learns the seven expressions at level 4 from the landmarks of some people in random poses of the
BU-3DFE grid, in the coordinates of the tight crop, and is tested on others. Nothing is rendered. For each
``variation`` it prints mean and standard deviation over seeds; for the last one also the confusion.

    python experiments/expression_difficulty.py --variation 0 0.5 1 --seeds 3
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from geofer.faces import EXPRESSIONS
from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels
from geofer.rendering.expressions import sample_blendshapes, sample_style
from geofer.rendering.head import load_head
from geofer.rendering.identity import sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES

YAWS, PITCHES = np.arange(-45, 46, 15), np.arange(-30, 31, 15)


def main() -> None:
    """Prints the table and the confusion matrix."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variation", type=float, nargs="+", default=[0.0, 0.5, 1.0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--subjects", type=int, nargs=2, default=[80, 40], help="people to train and to test on")
    parser.add_argument("--views", type=int, default=12, help="poses of each performance")
    options = parser.parse_args()
    for variation in options.variation:
        runs = [confusion(variation, seed, *options.subjects, options.views) for seed in range(options.seeds)]
        accuracies = [100 * run.trace() / run.sum() for run in runs]
        print(f"variation {variation:.2f}: {np.mean(accuracies):.1f} ± {np.std(accuracies):.1f} %", flush=True)
    print(f"confusion at variation {variation:.2f}, % of each true expression (rows):")
    total = np.sum(runs, axis=0)
    print(" " * 10 + "".join(f"{name[:8]:>10}" for name in EXPRESSIONS))
    for name, row in zip(EXPRESSIONS, 100 * total / total.sum(1, keepdims=True), strict=True):
        print(f"{name:10}" + "".join(f"{share:10.1f}" for share in row))


def confusion(variation: float, seed: int, train: int, test: int, views: int) -> NDArray[np.int64]:
    """Counts ``(7, 7)``: true expression × answer, over the test people's pictures."""
    people = [landmarks(variation, (seed, person), views) for person in range(train + test)]
    points = np.stack([person.reshape(len(EXPRESSIONS) * views, -1) for person in people])
    labels = np.repeat(np.arange(len(EXPRESSIONS)), views)
    learner = make_pipeline(
        StandardScaler(), MLPClassifier(64, alpha=1e-2, max_iter=60, early_stopping=False, random_state=seed)
    )
    learner.fit(np.concatenate(points[:train]), np.tile(labels, train))
    answers = learner.predict(np.concatenate(points[train:]))
    counts = np.zeros((len(EXPRESSIONS), len(EXPRESSIONS)), np.int64)
    np.add.at(counts, (np.tile(labels, test), answers), 1)
    return counts


def landmarks(variation: float, seed: tuple[int, int], views: int) -> NDArray[np.float32]:
    """One person's landmarks ``(7, views, 68, 2)`` at level 4, in a tight crop of size 1."""
    rng, head = np.random.default_rng(seed), load_head()
    identity, style = sample_identity(rng), sample_style(rng, variation)
    blendshapes = np.stack([sample_blendshapes(name, 4, style, rng, variation) for name in EXPRESSIONS])
    shape = head.vertices(identity, blendshapes)[:, head.index_of(np.array(LANDMARK_VERTICES))]
    n = len(EXPRESSIONS) * views
    rotations = head_rotation(rng.choice(YAWS, n), rng.choice(PITCHES, n), 3 * rng.standard_normal(n))
    distance = float(rng.uniform(0.8, 1.6))
    flat = project_points(np.repeat(shape, views, axis=0), rotations, distance)
    return to_pixels(flat, crop_cameras(flat, distance, "tight"), 1)


if __name__ == "__main__":
    main()
