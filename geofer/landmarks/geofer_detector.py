"""RetinaFace's boxes, and the points and pose of geofer's own network, which sees profiles, too."""

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.detector import Faces
from geofer.landmarks.face_finder import FoundFace
from geofer.landmarks.landmark_network import look_at
from geofer.landmarks.retinaface_detector import RetinaFaceDetector


class GeoferDetector(RetinaFaceDetector):
    """Finds the faces that `RetinaFaceDetector` finds, and sees points and pose by `geofer.landmarks.landmark_network`.

    It also tells how far each point may be off, `Faces.landmark_std`. Scores are RetinaFace's, and boxes are squares as
    large as its boxes. Blendshapes are those of MediaPipe's mesh, which confirms the faces. The arguments are those of
    `RetinaFaceDetector`.
    """

    def _placed(self, image: NDArray[np.uint8], found: list[FoundFace]) -> Faces:
        placed = look_at(image, [face.seen for face in found])
        middles = np.array([face.seen.middle for face in found])
        halves = np.array([face.seen.size for face in found])[:, None] / 2
        return Faces(
            boxes=np.concatenate((middles - halves, middles + halves), axis=1).astype(np.float32),
            scores=np.array([face.seen.score for face in found], np.float32),
            landmarks=placed.landmarks,
            poses=placed.poses,
            blendshapes=self._blendshapes(found),
            landmark_std=placed.landmark_std,
        )
