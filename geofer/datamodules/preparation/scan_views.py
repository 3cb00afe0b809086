"""Reads the pictures of a data set of scans: draws the views that its records name, with their landmarks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import geofer.rendering
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.detection import choose_face, detector_of
from geofer.datamodules.preparation.records import FaceRecord, Picture
from geofer.errors import DataError

if TYPE_CHECKING:
    from geofer.rendering.scans.views import PosedScan

FRONTAL_SIZE = 512
"""Side in pixels of the frontal picture that landmarks are found in."""


@dataclass(frozen=True)
class ScanViews:
    """Draws records whose ``file`` is a scan and whose ``part`` is a view; their yaw and pitch say which.

    The landmarks of a scan are found in a frontal picture of it by the detector of the preparation, and laid onto its
    surface. So those of all its views are the same points of the face, also where they are hidden or no detector finds
    a face. Where experts marked the scan (a ``.bnd`` file beside it), the face must be the one that they marked.

    A picture shows a quarter more on each side than the tight crop around the landmarks, at the crop's resolution.

    Attributes:
        root: Folder that the files' names count from; links that lead out of it are refused.
        preparation: Names the detector.
        image_size: Side of the crops in pixels.
    """

    root: Path
    preparation: Preparation
    image_size: int

    @property
    def version(self) -> str:
        """Changes with the source code that draws scans."""
        folder = Path(geofer.rendering.__file__).parent
        shared = [folder / name for name in ("camera.py", "raster_kernels.py", "rasterizer.py")]
        digest = hashlib.sha256()
        for source in (Path(__file__), *shared, *sorted(folder.joinpath("scans").glob("*.py"))):
            digest.update(source.read_bytes())
        return digest.hexdigest()

    def __call__(self, records: Sequence[FaceRecord]) -> list[Picture | DataError]:
        """See `geofer.datamodules.preparation.records.PictureReader`."""
        pictures: list[Picture | DataError] = []
        for file, views in groupby(records, key=lambda record: record.file):
            part = list(views)
            try:
                pictures += self._draw(file, part)
            except DataError as error:
                pictures += [error] * len(part)
        return pictures

    def _draw(self, file: str, records: Sequence[FaceRecord]) -> list[Picture]:
        options = json.dumps(self.preparation.detector_options, sort_keys=True)
        scan, landmarks = _marked_scan(self.root, file, self.preparation.detector, options)
        yaw, pitch = np.array([(record.yaw, record.pitch) for record in records], np.float32).T
        crop = self.image_size
        side = crop + 2 * (crop // 4)
        views = scan.views(yaw, pitch, landmarks).widened(side / crop)
        return list(map(Picture, scan.draw(views, side), scan.pixels(landmarks, views, side)))


@lru_cache(maxsize=1)
def _marked_scan(root: Path, file: str, detector: str, options: str) -> tuple["PosedScan", NDArray[np.float32]]:
    """A scan and the points ``(68, 3)`` of its surface; the last one is kept, for its next views."""
    from geofer.rendering.scans.lifting import lift_landmarks
    from geofer.rendering.scans.markers import read_markers
    from geofer.rendering.scans.views import PosedScan
    from geofer.rendering.scans.vrml import read_vrml

    raw = read_vrml(root / file, root)
    scan = PosedScan(raw)
    front = scan.views(np.zeros(1, np.float32), np.zeros(1, np.float32), scan.extent)
    markers = (root / file).with_suffix(".bnd")
    marked = None
    if markers.exists():
        marked = scan.pixels(scan.points[read_markers(markers, root, raw)], front, FRONTAL_SIZE)[0]
    find = detector_of(Preparation(detector=detector, detector_options=json.loads(options)))
    try:
        (faces,) = find.detect(list(scan.draw(front, FRONTAL_SIZE)), [file])
    except Exception as error:
        raise DataError(f"The detector {detector} failed: {error}") from error
    try:
        landmarks = faces.landmarks[choose_face(faces, None, marked)]
    except DataError as error:
        raise DataError(f"In the frontal picture of the scan: {error}") from error
    return scan, lift_landmarks(scan, landmarks, front, FRONTAL_SIZE)
