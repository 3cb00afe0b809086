"""Writes the layouts that public data sets come in, from Parquet files of them.

    python tools/public_layouts.py FOLDER data

FOLDER holds ``ferplus.parquet``, ``fairface.parquet`` and ``london.parquet``, or some of them:

* ``ferplus.parquet`` (name, split, image, votes of ten people) becomes ``data/FER2013``, with ``fer2013.csv`` (emotion,
  pixels, Usage) and ``fer2013new.csv`` (the votes), row by row. FER2013's own labels are not in it: ``emotion`` is what
  most of the ten people see, of FER2013's seven.
* ``fairface.parquet`` (name, jpg, age, gender, race) becomes ``data/FairFace``, with ``train/``, ``val/`` and
  ``fairface_label_train.csv``, ``fairface_label_val.csv``; one picture in ten is for validation.
* ``london.parquet`` (name, expression, jpg) becomes ``data/London``, with pictures and ``faces.csv``, a table as
  ``FaceTable`` reads it; the first three digits of a name are the person.
"""

import argparse
import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from rich.progress import track

from geofer.datamodules.datasets.fer2013 import CODES, COLUMNS, IMAGE_NAME, PICTURES, SPLITS, VOTED, VOTES

VOTE_COLUMNS = {"NF": "no_face"}
"""Name in FER+ → name in the Parquet file, where they differ."""


def write_fer2013(table: pa.Table, folder: Path) -> None:
    """FER2013 beside the votes of FER+."""
    usage_of = {split: usage for usage, (split, _) in SPLITS.items()}
    code_of = {name: code for code, name in CODES.items()}
    with (
        folder.joinpath(PICTURES[0]).open("w", newline="") as pictures,
        folder.joinpath(VOTES).open("w", newline="") as votes,
    ):
        faces, counts = csv.writer(pictures), csv.writer(votes)
        faces.writerow(COLUMNS)
        counts.writerow(("Usage", IMAGE_NAME, *VOTED))
        for row in track(table.to_pylist(), "FER2013"):
            usage = usage_of[row["split"]]
            pixels = np.asarray(Image.open(io.BytesIO(row["image"])).convert("L"))
            most = max(code_of, key=row.__getitem__)
            faces.writerow((code_of[most], " ".join(map(str, pixels.ravel().tolist())), usage))
            counts.writerow((usage, row["name"], *(row[VOTE_COLUMNS.get(name, name)] for name in VOTED)))


def write_fairface(table: pa.Table, folder: Path) -> None:
    """FairFace."""
    columns = ("file", "age", "gender", "race", "service_test")
    rows: dict[str, list[tuple[object, ...]]] = {"train": [], "val": []}
    for number, row in enumerate(track(table.to_pylist(), "FairFace")):
        split = "val" if number % 10 == 9 else "train"
        file = f"{split}/{len(rows[split]) + 1}.jpg"
        folder.joinpath(split).mkdir(exist_ok=True)
        folder.joinpath(file).write_bytes(row["jpg"])
        rows[split].append((file, row["age"], row["gender"], row["race"], False))
    for split, lines in rows.items():
        with folder.joinpath(f"fairface_label_{split}.csv").open("w", newline="") as file_of_labels:
            csv.writer(file_of_labels).writerows([columns, *lines])


def write_london(table: pa.Table, folder: Path) -> None:
    """The Face Research Lab London Set, as a table of faces."""
    with folder.joinpath("faces.csv").open("w", newline="") as file:
        faces = csv.writer(file)
        faces.writerow(("path", "expression", "subject"))
        for row in track(table.to_pylist(), "London"):
            name = f"{Path(row['name']).stem}.jpg"
            folder.joinpath(name).write_bytes(row["jpg"])
            expression = {"smiling": "happiness"}.get(row["expression"], row["expression"])
            faces.writerow((name, expression, row["name"][:3]))


WRITERS = {
    "ferplus": ("FER2013", write_fer2013),
    "fairface": ("FairFace", write_fairface),
    "london": ("London", write_london),
}


def main() -> None:
    """Write what is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parquet", type=Path, help="the folder of the Parquet files")
    parser.add_argument("output", type=Path, help="where the data sets' folders shall be")
    options = parser.parse_args()
    for stem, (name, write) in WRITERS.items():
        path = options.parquet / f"{stem}.parquet"
        if path.is_file():
            folder = options.output / name
            folder.mkdir(parents=True, exist_ok=True)
            write(pq.read_table(path), folder)
            print(f"{path} → {folder}")


if __name__ == "__main__":
    main()
