"""The basic part of the Real-world Affective Faces Database."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from geofer.datamodules.layouts.label_lists import expression_of, read_rows
from geofer.datamodules.layouts.layout import check_count, list_files, report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS, Split

CODES = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happiness",
    "5": "sadness",
    "6": "anger",
    "7": "neutral",
}
SIZES: dict[Split, int] = {"train": 12_271, "test": 3_068}
LABELS = Path("EmoLabel", "list_patition_label.txt")  # spelt so by the set


class RAFDB(PictureFaces):
    """RAF-DB, basic emotions: photographs from the web, each labeled by about forty people.

    S. Li, W. Deng and J. Du, Reliable crowdsourcing and deep locality-preserving learning for expression recognition
    in the wild, CVPR 2017. The set's own split: its test pictures are for testing, and the checkpoint is chosen on
    ``val_fraction`` of its training pictures. Results on it are the accuracy, and the mean of the classes' accuracies,
    on all 3,068 test pictures. Who is in a picture is not told, and neither is the pose, so it is estimated.

    ``root`` is the folder that holds ``basic``, or ``basic`` itself; the aligned pictures (``Image/aligned``) are read.
    """

    VOCABULARY = EXPRESSIONS

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        basic = next((folder for folder in (self.root / "basic", self.root) if (folder / LABELS).exists()), None)
        if basic is None:
            raise DataError(f"RAF-DB: there is neither basic/{LABELS} nor {LABELS} in {self.root}.")
        folder = basic / "Image" / "aligned"
        unlisted = set(list_files(folder))
        found: Counter[Split] = Counter()
        for line, cells in read_rows(basic / LABELS, " "):
            split, stem, label = parse(cells, f"{basic / LABELS}, line {line}")
            found[split] += 1
            unlisted.discard(f"{stem}_aligned.jpg")
            yield FaceRecord(
                file=(folder / f"{stem}_aligned.jpg").relative_to(self.root).as_posix(), expression=label, split=split
            )
        for split, size in SIZES.items():
            check_count("RAF-DB", f"{split} pictures", size, found[split], self.root)
        report(f"RAF-DB: pictures of {folder} that {LABELS.name} does not name are left out", sorted(unlisted))


def parse(cells: list[str], where: str) -> tuple[Split, str, str]:
    """One row of the list, such as ``train_00001.jpg 5``: its split, the picture's name without ending, expression."""
    name, _, label = " ".join(cells).partition(" ")
    stem, ending = Path(name).stem, Path(name).suffix
    for split in SIZES:
        if stem.startswith(f"{split}_") and ending == ".jpg":
            return split, stem, expression_of(CODES, label, where)
    raise DataError(f"{where}: {' '.join(cells)!r} is not like 'train_00001.jpg 5'.")
