"""dlib's frontal face detector (HOG) and its 68-point predictor, whose weights are for non-commercial use."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import ConfigError, DataError, PluginError
from geofer.landmarks.detector import Faces
from geofer.model_files import check_sha256, installed_file

try:
    import dlib
except ImportError as error:
    raise PluginError("The landmark detector 'dlib' needs the package dlib: pip install 'geofer[dlib]'.") from error

FILE = "shape_predictor_68_face_landmarks.dat"
SHA256 = "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f"
"""Of dlib's own weights, which Debian and PyPI have alike."""

DEBIAN = Path("/usr/share/dlib") / FILE
"""Where Debian's package libdlib-data puts the weights."""

PADDING = 0.15
"""How much of its side a picture is extended by all around: the detector misses faces that fill the picture."""

SURE = 2.0
"""Margin of the detector's classifier that counts as a score of 1."""


class DlibDetector:
    """Finds frontal to half-turned faces of at least 80 pixels.

    Args:
        model: File of the 68-point weights; None takes those of Debian's package libdlib-data, else those of PyPI's
            face-recognition-models.
        upsample: How often the picture is doubled before looking for faces: each time finds faces half as large, in
            four times the time.
        sha256: Checksum that the weights must have.

    Raises:
        DataError: The weights are missing, damaged, or others.
        ConfigError: ``upsample`` is out of its range.
    """

    def __init__(self, model: str | Path | None = None, upsample: int = 0, sha256: str = SHA256) -> None:
        if not 0 <= upsample <= 4:
            raise ConfigError(f"dlib: upsample is {upsample}; choose 0 to 4.")
        self._upsample = upsample
        self._find = dlib.get_frontal_face_detector()
        path = find_weights(Path(model) if model is not None else None)
        check_sha256(path, sha256)
        try:
            self._fit = dlib.shape_predictor(str(path))
        except RuntimeError as error:
            raise DataError(f"{path} cannot be read as dlib's 68-point weights: {error}. Replace it.") from error

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`; scores are the margin of the detector's classifier over `SURE`."""
        return [self._faces(image) for image in images]

    def _faces(self, image: NDArray[np.uint8]) -> Faces:
        if image.size == 0:
            return Faces.none()
        border = round(PADDING * max(image.shape[:2]))
        wide = np.ascontiguousarray(np.pad(image, ((border, border), (border, border), (0, 0)), mode="edge"))
        boxes, margins, _ = self._find.run(wide, self._upsample, 0.0)
        shapes = [[(point.x, point.y) for point in self._fit(wide, box).parts()] for box in boxes]
        return Faces.from_landmarks(
            np.array(shapes, np.float32) - border,
            boxes=np.array([(b.left(), b.top(), b.right(), b.bottom()) for b in boxes], np.float32) - border,
            scores=np.clip(np.array(margins) / SURE, 0, 1),
        )


def find_weights(path: Path | None = None) -> Path:
    """The file of the 68-point weights.

    Args:
        path: Where it is; None looks where packages put it.

    Raises:
        DataError: It is not there.
    """
    places = (DEBIAN, installed_file("face_recognition_models", "models", FILE))
    found = path or next((place for place in places if place and place.is_file()), None)
    if found is None or not found.is_file():
        raise DataError(
            f"{found or 'This machine'} has no weights for dlib's 68 points (for non-commercial use). Install Debian's "
            f"libdlib-data or PyPI's face-recognition-models, or give the path of {FILE} as the detector's option "
            "`model`."
        )
    return found
