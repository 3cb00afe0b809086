"""The package face-alignment: FAN's 68 points on the faces that its detector S3FD finds; slow without a GPU."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from geofer.errors import DataError, PluginError
from geofer.landmarks.detector import Faces
from geofer.model_files import sha256_of

try:
    import face_alignment
    from face_alignment.api import models_urls
    from face_alignment.detection.sfd.sfd_detector import models_urls as sfd_urls
except ImportError as error:
    raise PluginError(
        "The landmark detector 'face_alignment' needs the package face-alignment: pip install 'geofer[face_alignment]'."
    ) from error

WEIGHTS = (models_urls["2DFAN-4"], sfd_urls["s3fd"])
"""Addresses of the two networks' weights; a file's name ends in the first digits of its SHA-256."""


class FaceAlignmentDetector:
    """Finds faces with S3FD and fits the 68 points that are visible in the picture (2D-FAN-4).

    Args:
        device: Where the networks run, ``cpu`` or ``cuda``; None takes a GPU where there is one.
        download: Let the package fetch its weights (180 MB) from its author's site if they are not on this machine.

    Raises:
        DataError: The weights are not on this machine, or damaged, and ``download`` is off.
    """

    def __init__(self, device: str | None = None, download: bool = False) -> None:
        for address in WEIGHTS:
            check_weights(address, download)
        self._network = face_alignment.FaceAlignment(
            face_alignment.LandmarksType.TWO_D,
            device=device or ("cuda" if torch.cuda.is_available() else "cpu"),
            compile=False,
        )

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`; scores are those of the box."""
        return [find_faces(self._network, image) for image in images]


def check_weights(address: str, download: bool) -> None:
    """Sees to it that weights are in torch.hub's cache and whole, or may be fetched.

    Args:
        address: Where the package fetches them from.
        download: Whether it may.

    Raises:
        DataError: They are not there and may not be fetched, or are damaged.
    """
    path = Path(torch.hub.get_dir(), "checkpoints", address.rpartition("/")[2])
    if not path.is_file():
        if download:
            return
        raise DataError(
            f"The weights {path} of face-alignment are missing. Set the detector's option `download: true` to let it "
            f"fetch them, or fetch {address} on a machine with internet and put it there."
        )
    digits = path.name.partition(".")[0].rpartition("-")[2]
    if not sha256_of(path).startswith(digits):
        raise DataError(f"{path} is damaged: its SHA-256 does not begin with {digits}. Delete it and fetch it again.")


def find_faces(network: Any, image: NDArray[np.uint8]) -> Faces:  # noqa: ANN401 - face-alignment has no types
    """The faces in one picture, as a `face_alignment.FaceAlignment` sees them.

    Args:
        network: The `face_alignment.FaceAlignment`, for 2D points.
        image: ``(H, W, 3)`` uint8 RGB.
    """
    if image.size == 0:
        return Faces.none()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No faces were detected")
        return to_faces(*network.get_landmarks_from_image(image, return_bboxes=True))


def to_faces(points: list[NDArray[np.float32]] | None, scores: None, boxes: list[ArrayLike] | None) -> Faces:
    """What `face_alignment.FaceAlignment.get_landmarks_from_image` answers, with ``return_bboxes``.

    Args:
        points: ``(68, 2)`` a face; None for no face.
        scores: Not asked for.
        boxes: Left, top, right, bottom a face, and with most of the package's detectors a score.
    """
    if not points or not boxes:
        return Faces.none()
    rows = np.array(boxes, np.float32)
    return Faces.from_landmarks(points, boxes=rows[:, :4], scores=rows[:, 4] if rows.shape[1] > 4 else None)
