"""What the one-shot study's Siamese networks transfer to the two expressions that they know from one face each.

    python experiments/one_shot.py docs/results/one-shot-cpu

It reads `results/` of the study's folder, and where its `runs/` are, their logs: some networks never begin to learn.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from geofer.metrics.confusion import recalls
from geofer.metrics.report import RecognitionReport
from geofer.study.studies.comparisons import HERE

LEARNS = 0.66
"""A verification loss below which a network has left log 2 = 0.693."""


def begins(log: Path) -> int | None:
    """The batch at which a network's loss leaves log 2; None if it never does."""
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            if row.get("train/verification") and float(row["train/verification"]) < LEARNS:
                return int(row["step"])
    return None


def main() -> None:
    """Prints means over the splits, by seed and over those networks that begin."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="the folder of the study")
    folder = parser.parse_args().study
    shares: dict[tuple[str, int], tuple[float, float, float]] = {}
    for path in sorted(folder.glob("results/*-*-*.json")):  # the two expressions and the seed
        held = json.loads(path.read_text())
        report = RecognitionReport.from_dict(held["report"])
        names = held["row"].split("-")
        known_once = np.isin(report.expressions, [*names, *(HERE.get(name, name) for name in names)])
        each = recalls(report.confusion)
        shares[held["row"], held["seed"]] = report.accuracy, each[~known_once].mean(), each[known_once].mean()
    for seed in sorted({seed for _, seed in shares}):
        _print(f"seed {seed}", [value for (_, number), value in shares.items() if number == seed])
    _print("all", list(shares.values()))
    logs = {(row, seed): folder / f"runs/{row}-{seed}/logs/version_0/metrics.csv" for row, seed in shares}
    if all(log.exists() for log in logs.values()):
        steps = {key: step for key, log in logs.items() if (step := begins(log)) is not None}
        first, last, never = min(steps.values()), max(steps.values()), len(shares) - len(steps)
        print(f"{never} of {len(shares)} never begin, the others after {first} to {last} batches")
        _print("those that begin", [shares[key] for key in steps])


def _print(name: str, values: list[tuple[float, float, float]]) -> None:
    accuracy, trained, held_out = 100 * np.mean(values, axis=0)
    print(f"{name}: {accuracy:.1f} % of all, {trained:.1f} % of those trained on, {held_out:.1f} % of the other two")


if __name__ == "__main__":
    main()
