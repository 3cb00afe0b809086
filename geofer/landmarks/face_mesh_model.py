"""MediaPipe's face mesh, fitted to a face whose place is known, by OpenCV: no detector of MediaPipe's stands before it.

MediaPipe's own landmarker looks for the face first, and finds few that are turned far or lie. Here another detector
says where the face is and how it leans. The networks are those of the bundle `geofer.landmarks.face_landmarker` finds.
"""

import threading
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError
from geofer.landmarks.alignment import Alignment
from geofer.landmarks.face_mesh import MESH_VERTICES

SIDE = 256
"""Of the picture that the network sees, in pixels."""

BLENDSHAPE_VERTICES = (
    *(0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80),
    *(81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153),
    *(154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249),
    *(251, 263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314),
    *(317, 318, 321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382),
    *(384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, *range(468, 478)),
)
"""Vertices that the network of blendshapes reads, in its order, as MediaPipe's face_blendshapes_graph.cc lists them."""


class FaceMeshModel:
    """The networks of a ``face_landmarker.task`` bundle that look at one face.

    Args:
        bundle: The file, checked by `geofer.landmarks.face_landmarker.find_model`.

    Raises:
        DataError: It holds no networks that OpenCV reads.
    """

    def __init__(self, bundle: Path) -> None:
        import cv2

        try:
            with zipfile.ZipFile(bundle) as parts:
                self._mesh, self._blendshapes = (
                    cv2.dnn.readNetFromTFLite(np.frombuffer(parts.read(f"{name}.tflite"), np.uint8))
                    for name in ("face_landmarks_detector", "face_blendshapes")
                )
        except (KeyError, zipfile.BadZipFile, cv2.error) as error:
            raise DataError(f"{bundle} is no face landmark model that OpenCV reads: {error}") from error
        self._outputs = self._mesh.getUnconnectedOutLayersNames()
        self._lock = threading.Lock()

    def fit(self, image: NDArray[np.uint8], place: Alignment) -> tuple[NDArray[np.float64], float]:
        """The mesh of the face at a place.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
            place: Brings the face upright into the middle of `SIDE` pixels, 1.5 times as large as the face.

        Returns:
            ``(478, 3)`` vertices, x and y in pixels of the crop and depth in the same unit, less towards the camera;
            and how sure the network is, in [0, 1], that it sees a face there whose parts it
            can tell; it is not for most faces turned by more than 60 degrees.
        """
        crop = place.apply(image).astype(np.float32) / 255
        with self._lock:
            self._mesh.setInput(np.ascontiguousarray(crop.transpose(2, 0, 1)[None]))
            found = dict(zip(self._outputs, self._mesh.forward(self._outputs), strict=True))
        mesh = found["Identity"].reshape(MESH_VERTICES, 3).astype(np.float64) - (0.5, 0.5, 0)
        return mesh, float(1 / (1 + np.exp(-found["Identity_1"].item())))

    def blendshapes(self, mesh: NDArray[np.floating]) -> NDArray[np.float32]:
        """The 52 scores of `geofer.landmarks.face_mesh.BLENDSHAPES` in their order, each in [0, 1].

        Args:
            mesh: ``(478, 2)`` or ``(478, 3)`` vertices of an upright face, in pixels of any size.
        """
        with self._lock:
            self._blendshapes.setInput(np.asarray(mesh[None, list(BLENDSHAPE_VERTICES), :2], np.float32))
            scores = self._blendshapes.forward().reshape(-1)
        return np.asarray(scores, np.float32)
