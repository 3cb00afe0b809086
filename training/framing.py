"""How FER2013 frames its faces: the numbers behind the crop rule ``fer2013`` of `geofer.landmarks.alignment`.

Run ``python training/framing.py data/FER2013``. MediaPipe looks for the face in 500 training pictures, which are
enlarged four times and laid on gray, so that it finds those, too, that fill their picture.
"""

import argparse
from pathlib import Path

import numpy as np

from geofer.datamodules import FER2013
from geofer.landmarks import build_detector

ENLARGED, MARGIN, GRAY = 4, 64, 128


def main() -> None:
    """Print the side of the pictures over the extent of the landmarks, and where the middle of these lies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, help="the folder of fer2013.csv")
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    data = FER2013(options.root)
    records = [record for record in data.records() if record.split == "train"]
    chosen = np.random.default_rng(options.seed).choice(len(records), options.pictures, replace=False)
    pictures = [picture.pixels for picture in data.reader([records[number] for number in chosen])]
    large = [pixels.repeat(ENLARGED, 0).repeat(ENLARGED, 1) for pixels in pictures]
    around = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    on_gray = [np.pad(pixels, around, constant_values=GRAY) for pixels in large]
    found = [faces.landmarks[0] for faces in build_detector("mediapipe", max_faces=1).detect(on_gray) if len(faces)]
    points = (np.stack(found) - MARGIN + 0.5) / (ENLARGED * len(pictures[0]))  # in sides of the picture
    low, high = points.min(1), points.max(1)
    for what, values in (
        ("side of the picture / extent of the landmarks", 1 / (high - low).max(1)),
        ("middle of the landmarks, from the left", (low + high)[:, 0] / 2),
        ("middle of the landmarks, from the top", (low + high)[:, 1] / 2),
    ):
        quarter, half, three = np.percentile(values, (25, 50, 75))
        print(f"{what}: median {half:.3f}, half of the {len(found)} faces from {quarter:.3f} to {three:.3f}")


if __name__ == "__main__":
    main()
