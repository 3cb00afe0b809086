"""AffectNet, in the two forms that it was given out in."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from geofer.datamodules.layouts.label_lists import expression_of, landmarks_of, read_rows
from geofer.datamodules.layouts.layout import check_count, list_files, report
from geofer.datamodules.layouts.picture_faces import PictureFaces
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError, printable
from geofer.faces import EXPRESSIONS, Split
from geofer.paths import AnyPath
from geofer.small_files import small_array

CODES = {
    "0": "neutral",
    "1": "happiness",
    "2": "sadness",
    "3": "surprise",
    "4": "fear",
    "5": "disgust",
    "6": "anger",
    "7": "contempt",
    "8": "none",
    "9": "uncertain",
    "10": "no face",
}
LISTS = "Manually_Annotated_file_lists"
COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
LISTED: dict[Split, tuple[str, int]] = {"train": ("training.csv", 414_799), "test": ("validation.csv", 5_500)}
ANNOTATED: dict[Split, tuple[str, int]] = {"train": ("train_set", 287_651), "test": ("val_set", 3_999)}


class AffectNet(PictureFaces):
    """AffectNet, the pictures that were annotated by hand.

    A. Mollahosseini, B. Hasani and M. H. Mahoor, AffectNet: a database for facial expression, valence, and arousal
    computing in the wild, IEEE Transactions on Affective Computing 2019. Its test set was not given out; as everybody
    does, its validation set is for testing, and the checkpoint is chosen on ``val_fraction`` of the training set.
    Results on it are the accuracy over seven classes, or eight with ``contempt``; the validation set has as many of
    each. Labels 8 to 10 (none, uncertain, no face) are no expressions: these pictures are left out. Who is in a
    picture is not told, and neither is the pose, so it is estimated. The set has boxes and 68 landmarks: with the
    detector ``none`` these are used, and no face is looked for.

    ``root`` holds ``Manually_Annotated_file_lists/{training,validation}.csv`` and the pictures, in ``root`` or a folder
    of it; or ``{train_set,val_set}/{images,annotations}``.

    Args:
        root: The data set's folder.
        expressions: Which expressions to use, in the order of their labels; ``contempt`` is there too.
        **common: See `PictureFaces`.
    """

    VOCABULARY = (*EXPRESSIONS, "contempt")

    def __init__(
        self,
        root: AnyPath,
        *,
        expressions: tuple[str, ...] = EXPRESSIONS,
        **common: Any,  # noqa: ANN401 - PictureFaces has the types
    ) -> None:
        super().__init__(root, expressions=expressions, **common)

    def records(self) -> Iterator[FaceRecord]:
        """See `PictureFaces.records`."""
        if (self.root / LISTS).is_dir():
            halves, read = LISTED, self._listed
        elif any((self.root / name).is_dir() for name, _ in ANNOTATED.values()):
            halves, read = ANNOTATED, self._annotated
        else:
            raise DataError(
                f"AffectNet: {self.root} holds neither {LISTS} nor train_set and val_set. Set data.init_args.root to "
                "the folder that does."
            )
        for split, (name, size) in halves.items():
            found = 0
            dropped: Counter[str] = Counter()
            for record in read(name, split):
                found += 1
                if record.expression in self.VOCABULARY:
                    yield record
                else:
                    dropped[record.expression] += 1
            check_count("AffectNet", f"pictures in {name}", size, found, self.root)
            report(
                f"AffectNet: labels of {name} that are no expressions, whose pictures are left out",
                [f"{label}: {count}" for label, count in dropped.items()],
            )

    def _listed(self, name: str, split: Split) -> Iterator[FaceRecord]:
        """What a list of files says, one row a picture; landmarks only of expressions."""
        path = self.root / LISTS / name
        folder: Path | None = None
        for line, cells in read_rows(path):
            where = f"{path}, line {line}"
            if len(cells) != len(COLUMNS):
                raise DataError(f"{where} has {len(cells)} columns, not {len(COLUMNS)}: {', '.join(COLUMNS)}.")
            row = dict(zip(COLUMNS, cells, strict=True))
            if row["expression"] == "expression":  # the header, which the list of validation may lack
                continue
            folder = folder or self._picture_folder(row["subDirectory_filePath"])
            file = (folder / row["subDirectory_filePath"]).as_posix()
            expression = expression_of(CODES, row["expression"], where)
            if expression not in self.VOCABULARY:
                yield FaceRecord(file, expression)
                continue
            try:
                left, top, width, height = (float(row[column]) for column in COLUMNS[1:5])
            except ValueError as error:
                raise DataError(f"{where}: the face's box is not four numbers: {error}.") from error
            yield FaceRecord(
                file,
                expression,
                split=split,
                box=(left, top, left + width, top + height),
                landmarks=landmarks_of(row["facial_landmarks"].split(";"), where),
            )

    def _picture_folder(self, file: str) -> Path:
        """The folder, relative to ``root``, that the names of the lists count from, told by that of one picture."""
        for folder in (self.root, *sorted(path for path in self.root.iterdir() if path.is_dir())):
            if (folder / file).parent.is_dir():
                return folder.relative_to(self.root)
        raise DataError(
            f"AffectNet: the lists name {file!r}, but neither {self.root} nor a folder of it holds "
            f"{Path(file).parent}. Put the folder of the pictures into {self.root}."
        )

    def _annotated(self, name: str, split: Split) -> Iterator[FaceRecord]:
        """What the arrays beside the pictures say."""
        images, annotations = self.root / name / "images", self.root / name / "annotations"
        for file in sorted(list_files(images), key=lambda file: (len(file), file)):
            label, landmarks = (annotations / f"{Path(file).stem}_{kind}.npy" for kind in ("exp", "lnd"))
            yield FaceRecord(
                (images / file).relative_to(self.root).as_posix(),
                expression_of(CODES, "".join(map(str, read_array(label).ravel())), f"{label}"),
                split=split,
                landmarks=landmarks_of(read_array(landmarks), f"{landmarks}"),
            )


def read_array(path: Path) -> NDArray[Any]:
    """An array of numbers or texts; one that would have to be unpickled is refused."""
    try:
        return small_array(path)
    except (OSError, ValueError) as error:
        raise DataError(f"The annotation {printable(path)} cannot be read: {printable(error)[:300]}.") from error
