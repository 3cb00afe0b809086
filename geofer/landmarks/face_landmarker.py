"""MediaPipe's face landmark model: the one that this package carries, or another that the user names."""

import os
from pathlib import Path

from geofer.errors import DataError
from geofer.model_files import check_sha256

PACKAGED = Path(__file__).with_name("face_landmarker.task")
"""Google's model, under Apache-2.0, unchanged: version 1 in float16 of
https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"""

SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""Of `PACKAGED`, 3,758,596 bytes."""

VARIABLE = "GEOFER_FACE_LANDMARKER"
"""Environment variable with the path of another model."""


def find_model(path: Path | None = None, sha256: str = SHA256) -> Path:
    """The model's file, checked.

    The first of these counts: ``path``, ``$GEOFER_FACE_LANDMARKER``, and the one that this package carries.

    Args:
        path: The model's file.
        sha256: Checksum that the file must have.

    Raises:
        DataError: It is missing, or its checksum differs.
    """
    found = path or Path(os.environ.get(VARIABLE) or PACKAGED)
    if not found.is_file():
        raise DataError(
            f"{found}: there is no such face landmark model. Correct the detector's option `model` or ${VARIABLE}, or "
            "leave both out to take the model bundled with geofer."
        )
    check_sha256(found, sha256)
    return found
