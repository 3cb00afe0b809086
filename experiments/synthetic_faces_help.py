"""What synthetic faces do to the classifier of a study's runs: the best validation before the first of them, and after.

    python experiments/synthetic_faces_help.py docs/results/generators-cpu

It reads the logs that `geofer study` leaves in the folder's `runs/`, and prints a Markdown table: accuracy in percent,
the mean over seeds.
"""

import argparse
import csv
from pathlib import Path
from statistics import mean


def best_validations(log: Path) -> tuple[float, float] | None:
    """Best accuracy before C's first synthetic face and after it; None if one of the sides has no validation."""
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    synthetic = [int(row["epoch"]) for row in rows if row.get("train/c_fake")]
    found = [(int(row["epoch"]), float(row["val/accuracy"])) for row in rows if row.get("val/accuracy")]
    before = [value for epoch, value in found if synthetic and epoch < synthetic[0]]
    after = [value for epoch, value in found if synthetic and epoch >= synthetic[0]]
    return (100 * max(before), 100 * max(after)) if before and after else None


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", type=Path, help="the folder of a study")
    rows: dict[str, list[tuple[float, float]]] = {}
    for log in sorted(parser.parse_args().study.glob("runs/*/logs/version_0/metrics.csv")):
        if (best := best_validations(log)) is not None:
            rows.setdefault(log.parents[2].name.rpartition("-")[0], []).append(best)
    print("| row | seeds | before | after |\n| --- | ---: | ---: | ---: |")
    for row, seeds in rows.items():
        before, after = (mean(side) for side in zip(*seeds, strict=True))
        print(f"| {row} | {len(seeds)} | {before:.1f} | {after:.1f} |")


if __name__ == "__main__":
    main()
