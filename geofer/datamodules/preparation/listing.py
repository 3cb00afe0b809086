"""What a cache's name depends on: the records of the data set, the files behind them, and how faces are found.

A file that was added, removed or changed (its size or time of change differs) gives another name, so no cache is ever
used for pictures that it was not made from. The folder may be moved: names count from its root.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from geofer.datamodules.preparation.config import UNSHAPING, VERSION, Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError, printable
from geofer.plugins import LANDMARK_DETECTORS


@dataclass(frozen=True)
class Listing:
    """All records of a data set, in short.

    Attributes:
        count: How many there are.
        digest: Of what they say, and of their files' sizes and times of change.
    """

    count: int
    digest: str


def list_records(records: Iterable[FaceRecord], root: Path, vocabulary: Iterable[str]) -> Listing:
    """Walks the records once.

    Args:
        records: The data set's records.
        root: Folder that their files count from.
        vocabulary: The expressions that there may be.

    Raises:
        DataError: There is no record, or one has an expression outside the vocabulary; it names the file.
    """
    known = frozenset(vocabulary)
    digest = hashlib.sha256()
    count, last, state = 0, None, ""
    for record in records:
        if record.expression not in known:
            raise DataError(
                f"{printable(record.name)} is labeled {record.expression!r}, which is not among the expressions "
                f"{', '.join(sorted(known))}. Correct the label, or take the picture out."
            )
        if record.file != last:
            last, state = record.file, _state(root / record.file)
        said = {name: value for name, value in vars(record).items() if name != "landmarks"}
        digest.update(json.dumps([said, state], default=float).encode())
        if record.landmarks is not None:
            digest.update(record.landmarks.tobytes())
        count += 1
    if not count:
        raise DataError(f"{printable(root)} holds no labeled picture. Check the path of the data set.")
    return Listing(count, digest.hexdigest())


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns}"


def cache_name(data_set: str, listing: Listing, preparation: Preparation, image_size: int, reader_version: str) -> str:
    """The name of the folder that holds the faces."""
    shaping = {name: value for name, value in asdict(preparation).items() if name not in UNSHAPING}
    parts = [VERSION, shaping, image_size, detector_version(preparation.detector), reader_version, listing.digest]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{data_set.lower()}-{image_size}px-{digest[:16]}"


ENGINES = {
    "retinaface": "opencv-contrib-python",
    "mediapipe": "mediapipe",
    "dlib": "dlib-bin",
    "face_alignment": "face-alignment",
}
"""The package that does the work of a detector of geofer's own."""


def detector_version(name: str) -> str:
    """The package behind a detector and its version, so that an update finds the faces anew; imports nothing."""
    offers = entry_points(group=LANDMARK_DETECTORS, name=name)
    package = ENGINES.get(name) or next((offer.dist.name for offer in offers if offer.dist), "")
    try:
        return f"{package} {version(package)}" if package else ""
    except PackageNotFoundError:
        return ""
