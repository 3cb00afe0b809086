"""How well a recognizer of blendshapes knows photographs of neutral faces that were warped by rendered expressions.

    python experiments/emopy_photographs.py EmoPy-0.0.5.tar.gz photos
    python experiments/warped_photographs.py photos/faces.csv

The first neutral photograph of each person in the table is moved as the rendered head moves (by
`training/photograph_warps.py`), by every expression at levels 2 to 4 of some people. Warps show no wrinkles, so this
says what the moves alone tell.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

import geofer
from geofer.faces import EXPRESSIONS
from geofer.landmarks import build_detector
from geofer.pictures import read_picture

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from photograph_warps import MOMENTS, Photograph, perform


def neutral_photographs(table: Path) -> dict[str, Path]:
    """Person to the first neutral picture."""
    found: dict[str, Path] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["expression"] == "neutral":
                found.setdefault(row["subject"], table.parent / row["path"])
    return found


def main() -> None:
    """Warps, recognizes, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="CSV with path, expression and subject")
    parser.add_argument("--people", type=int, default=6, help="whose 19 expressions each face is warped by")
    parser.add_argument("--model", default=None, help="another recognizer than the one bundled with geofer")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recognizer, detector = geofer.load(options.model), build_detector("mediapipe", max_faces=1)
    right: dict[str, list[bool]] = {name: [] for name in EXPRESSIONS}
    photographs = neutral_photographs(options.table).values()
    for number, path in enumerate(track(photographs, "Warping faces", console=Console(stderr=True))):
        chance = np.random.default_rng((options.seed, number))
        picture = read_picture(path)
        photograph = Photograph(picture, detector.detect([picture])[0].landmarks[0])
        for _ in range(options.people):
            for (name, _), blendshapes in zip(MOMENTS, perform(chance), strict=True):
                faces = recognizer.recognize(photograph.act_somehow(blendshapes, chance)[1])
                right[name].append(bool(faces) and faces[0].expression == name)
    recalls = {name: 100 * float(np.mean(found)) for name, found in right.items()}
    print(f"{sum(map(len, right.values()))} warped photographs of {len(photographs)} people, recall in %:")
    print(*(f"{name} {recall:.0f}" for name, recall in recalls.items()), f"mean {np.mean(list(recalls.values())):.1f}")


if __name__ == "__main__":
    main()
