"""Who a face is: a vector that hardly changes with expression, pose and light, but from person to person."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofer.errors import DataError, PluginError
from geofer.faces import denormalize_landmarks
from geofer.metrics.enlarging import enlarge
from geofer.model_files import check_sha256, installed_file

FILE = "dlib_face_recognition_resnet_model_v1.dat"
SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
"""Of the file that PyPI's face-recognition-models has."""
NEEDED = "pip install 'geofer[identity]'"


class FaceEmbedding(Protocol):
    """Maps faces to vectors whose Euclidean distance tells people apart."""

    size: int

    def __call__(self, image: Tensor, landmarks: Tensor) -> Tensor:
        """Faces ``(B, 3, S, S)`` uint8 with their points ``(B, 68, 2)`` in [-1, 1] to ``(B, size)`` float32."""
        ...


class DlibEmbedding:
    """dlib's face-recognition network: 128 numbers a face (King, 2017; trained on three million photographs).

    Two pictures of one person are mostly less than 0.6 apart. The face is enlarged, then turned upright and cut out as
    dlib does it, by the points that are given: no detector can fail in between. What was embedded once is remembered
    (half a kilobyte a face), so that several generators on the same pairs cost the real faces once.

    Args:
        model: File of the network's weights; None takes the one in PyPI's face-recognition-models.
        sha256: Checksum that the file must have.

    Raises:
        PluginError: dlib or the weights are not installed.
        DataError: The file is missing, damaged, or another one.
    """

    size = 128

    def __init__(self, model: str | Path | None = None, sha256: str = SHA256) -> None:
        try:
            import dlib
        except ImportError as error:
            raise PluginError(f"dlib, which tells identities apart, cannot be imported ({error}): {NEEDED}.") from error
        path = Path(model) if model is not None else installed_file("face_recognition_models", "models", FILE)
        if path is None:
            raise PluginError(
                f"This machine has no weights of dlib's face-recognition network, {FILE}. They come with PyPI's "
                f"face-recognition-models: {NEEDED}; or give the path of the file as `model`."
            )
        if not path.is_file():
            raise DataError(f"{path}: there are no such weights of dlib's face recognition. Correct `model`.")
        check_sha256(path, sha256)
        try:
            self._embed: Any = dlib.face_recognition_model_v1(str(path))
        except RuntimeError as error:
            raise DataError(
                f"{path} cannot be read as weights of dlib's face recognition: {error}. Replace it."
            ) from error
        self._known: dict[bytes, Tensor] = {}

    def __call__(self, image: Tensor, landmarks: Tensor) -> Tensor:
        """See `FaceEmbedding`; the answer is on the pictures' device."""
        large = enlarge(image)
        pixels = denormalize_landmarks(landmarks.double(), large.shape[-1]).round().long().cpu().numpy()
        pictures = large.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        faces = [self._face(picture, points) for picture, points in zip(pictures, pixels, strict=True)]
        return torch.stack(faces).to(image.device) if faces else torch.empty(0, self.size, device=image.device)

    def _face(self, picture: NDArray[np.uint8], points: NDArray[np.int64]) -> Tensor:
        import dlib

        key = hashlib.sha256(picture.tobytes() + points.tobytes()).digest()
        if key not in self._known:
            side = picture.shape[0]
            shape = dlib.full_object_detection(
                dlib.rectangle(0, 0, side - 1, side - 1), [dlib.point(*point) for point in points.tolist()]
            )
            vector = np.array(self._embed.compute_face_descriptor(picture, shape), np.float32)
            self._known[key] = torch.from_numpy(vector)
        return self._known[key]
