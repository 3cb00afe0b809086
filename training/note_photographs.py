"""Measures a recognizer on labeled photographs, and notes in its model file what it found, for its model card.

    python experiments/emopy_photographs.py EmoPy-0.0.5.tar.gz photos
    python training/note_photographs.py geofer/app/models/rendered.safetensors photos/faces.csv "61 examples of EmoPy"

The table has the columns path, beside the table, and expression. Of several faces in a picture the largest counts; one
without a face is not recognized. Nothing but the note changes in the file.
"""

import argparse
import csv
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

import geofer
from geofer.app.models.model_file import load_model, save_model
from geofer.errors import DataError, GeoferError, printable


def recognized(model: Path, table: Path) -> dict[str, str]:
    """How many faces of each expression the model recognizes, such as ``7 of 8``.

    Raises:
        DataError: The table is missing, empty, or has not these columns.
    """
    if not table.is_file():
        raise DataError(f"{printable(table)} is no file; name a table with the columns path and expression.")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {"path", "expression"} <= set(rows[0]):
        raise DataError(f"{printable(table)} has no rows with the columns path and expression.")
    recognizer = geofer.load(model)
    right: dict[str, list[bool]] = {}
    for row in track(rows, "Recognizing", console=Console(stderr=True)):
        faces = recognizer(table.parent / row["path"])
        sizes = [np.prod(np.subtract(face.box[2:], face.box[:2])) for face in faces]
        found = faces[int(np.argmax(sizes))].expression if faces else None
        right.setdefault(row["expression"], []).append(found == row["expression"])
    return {name: f"{sum(found)} of {len(found)}" for name, found in sorted(right.items())}


def main() -> None:
    """Measures, prints, notes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a .safetensors file by geofer, which gets the note")
    parser.add_argument("table", type=Path, help="CSV with path and expression")
    parser.add_argument("title", help="what photographs they are")
    options = parser.parse_args()
    network, description = load_model(options.model)
    found = recognized(options.model, options.table)
    print(*(f"{name}: {share}" for name, share in found.items()), sep="\n")
    provenance = description.provenance | {f"recognized of {options.title}": found}
    save_model(options.model, network, replace(description, provenance=provenance))


if __name__ == "__main__":
    try:
        main()
    except GeoferError as error:
        sys.exit(f"note_photographs: {error}")
