"""Whether a temperature for each head pose calibrates ``photo`` better, and how well its reliability holds.

    python experiments/calibration_by_pose.py --root data/FER2013

FER+'s validation pictures are halved at random, 20 times. On one half the temperatures are fitted, one for all faces
and one for each group of yaw, and the accuracy of each cell of pitch and yaw is counted, as for the bundled model; the
other half tells how good they are. It prints the calibration error and the log loss by yaw, and by decile of what was
told how many faces were right: told by the probability of the answer, and told by the reliability.
"""

import argparse
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from geofer.app.models.model_source import read_model
from geofer.metrics.calibration import CalibrationError
from geofer.networks.classifier import Classifier

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from train_photo import Photographs, by_pose, logits_of, photographs, subset

YAWS = (0.0, 10.0, 20.0, 30.0, 50.0)
"""Edges of the groups, in degrees to either side."""

TEMPERATURES = torch.linspace(0.4, 3, 105)

HALVINGS = 20


def temperature(logits: Tensor, votes: Tensor) -> float:
    """The one with the least cross entropy with the votes."""
    losses = torch.stack([F.cross_entropy(logits / one, votes) for one in TEMPERATURES])
    return float(TEMPERATURES[losses.argmin()])


def group_of(faces: Photographs) -> Tensor:
    """``(N,)`` the group of yaw of each face; beyond the last edge or unknown: one more."""
    known = faces.yaw.abs().nan_to_num(90)
    return torch.bucketize(known, torch.tensor(YAWS), right=True) - 1


def error_of(logits: Tensor, expression: Tensor) -> float:
    """Expected calibration error."""
    error = CalibrationError()
    error.update(logits.softmax(1), expression)
    return error.compute()


def by_decile(told: Tensor, right: Tensor) -> list[tuple[float, float, int]]:
    """Of ten equally large groups of faces, by what was told: its mean, the fraction that was right, how many."""
    order = told.argsort(stable=True)
    return [(float(told[part].mean()), float(right[part].mean()), len(part)) for part in order.tensor_split(10)]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data/FER2013"), help="FER2013 and FER+")
    options = parser.parse_args()
    torch.set_num_threads(1)
    (faces,) = photographs(options.root, "val")
    network, _ = read_model("photo")
    assert isinstance(network, Classifier)
    logits = sum(logits_of(network, faces))
    assert isinstance(logits, Tensor)
    groups = group_of(faces)
    names = [f"{low:g}–{high:g}°" for low, high in pairwise(YAWS)] + ["no face found, or beyond"]
    found: dict[str, list[list[float]]] = {name: [] for name in names}
    told: list[tuple[Tensor, Tensor]] = []
    for seed in range(HALVINGS):
        first = torch.zeros(len(logits), dtype=torch.bool)
        chosen = torch.randperm(len(logits), generator=torch.Generator().manual_seed(seed))
        first[chosen[: len(logits) // 2]] = True
        one = temperature(logits[first], faces.votes[first])
        for number, name in enumerate(names):
            here, there = first & (groups == number), ~first & (groups == number)
            own = temperature(logits[here], faces.votes[here])
            scaled = [logits[there] / divisor for divisor in (1.0, one, own)]
            errors = [error_of(each, faces.expression[there]) for each in scaled]
            losses = [float(F.cross_entropy(each, faces.votes[there])) for each in scaled]
            found[name].append([float(there.sum()), own, *errors, *losses])
        cells = by_pose(logits[first], subset(faces, first))
        rest = subset(faces, ~first)
        at = [cells.at(float(yaw), float(pitch)) for yaw, pitch in zip(rest.yaw, rest.pitch, strict=True)]
        share = torch.tensor([np.nan if each is None else each for each in at])
        told.append((share[share.isfinite()], (logits[~first].argmax(1) == rest.expression)[share.isfinite()].float()))
    print(
        "| yaw | faces | its temperature | calibration error: as bundled | one | its own | log loss | one | its own |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, numbers in found.items():
        mean, std = np.mean(numbers, axis=0), np.std(numbers, axis=0)
        cells_of = [f"{value:.3f} ± {spread:.3f}" for value, spread in zip(mean[2:], std[2:], strict=True)]
        print(f"| {name} | {mean[0]:.0f} | {mean[1]:.2f} ± {std[1]:.2f} | {' | '.join(cells_of)} |")
    sure, answer = logits.softmax(1).max(1)
    right = (answer == faces.expression).float()
    shares, hits = (torch.cat(parts) for parts in zip(*told, strict=True))
    for title, deciles in (
        ("probability of the answer", by_decile(sure, right)),
        ("reliability, of the other halves", by_decile(shares, hits)),
    ):
        print(f"\n| {title} | " + " | ".join(f"{100 * mean:.0f}" for mean, _, _ in deciles) + " |")
        print("|---|" + "---|" * 10)
        print("| right % | " + " | ".join(f"{100 * hit:.0f}" for _, hit, _ in deciles) + " |")


if __name__ == "__main__":
    main()
