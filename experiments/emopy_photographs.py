"""Sort the labeled photographs that EmoPy has into a table, to test a recognizer on them.

    python experiments/emopy_photographs.py EmoPy-0.0.5.tar.gz photos
    geofer evaluate rendered --config data/face-table --data.root photos --data.table faces.csv \
        --data.all_for_test true --output runs/rendered-on-photos

The archive is at https://pypi.org/project/EmoPy/0.0.5/#files. Its examples come from the extended Cohn-Kanade set:
gray, posed, seen from the front. That set has a license of its own, so look at what it lets you do; geofer contains
nothing of it, and learned nothing from it.
"""

import argparse
import csv
import re
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

EXAMPLES = re.compile(r".*/EmoPy/examples/image_data/.*\.png")
OTHERWISE_NAMED = {
    "sample_anger_image2": ("S124", "anger"),
    "sample_disgust_image": ("S052", "disgust"),
    "sample_happy_image": ("S074", "happiness"),
}
"""Whom the pictures show whose names do not begin with person and sequence."""


def labels(pictures: Iterable[PurePosixPath]) -> dict[PurePosixPath, tuple[str, str]]:
    """Person and expression of each picture that counts.

    A sequence begins with a calm face, which is taken for neutral; its second picture shows the same. EmoPy calls two
    sequences disgust whose single pictures it calls anger: their noses are wrinkled, so they count as disgust.
    """
    single = {path for path in pictures if "series" not in str(path)}
    sequences = {path.parent.name: path.parent.parent.name for path in pictures if path not in single}
    found = {}
    for path in pictures:
        person, expression = OTHERWISE_NAMED.get(path.stem, (path.stem[:4], path.parent.name))
        if path in single:
            found[path] = person, sequences.get(path.stem[:8], expression)
        elif path.stem.endswith("_00000001"):
            found[path] = person, "neutral"
    return found


def main() -> None:
    """Writes the pictures and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="EmoPy-0.0.5.tar.gz")
    parser.add_argument("folder", type=Path, help="where pictures and table go")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(arguments.archive) as archive, (arguments.folder / "faces.csv").open("w", newline="") as file:
        examples = {PurePosixPath(name): name for name in sorted(archive.getnames()) if EXAMPLES.fullmatch(name)}
        table = csv.writer(file)
        table.writerow(["path", "expression", "subject"])
        labeled = labels(list(examples))
        for path, (person, expression) in labeled.items():
            name = f"{expression}-{path.name}"
            picture = archive.extractfile(examples[path])
            assert picture
            (arguments.folder / name).write_bytes(picture.read())
            table.writerow([name, expression, person])
    print(f"{arguments.folder}/faces.csv names {len(labeled)} pictures.")


if __name__ == "__main__":
    main()
