"""RetinaFace's boxes, and the points and pose of geofer's own network, which sees profiles, too.

`geofer.landmarks.face_finder` finds the faces, as for the detector ``retinaface``;
`geofer.landmarks.landmark_network` looks at each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.detector import Faces
from geofer.landmarks.face_finder import FaceFinder
from geofer.landmarks.face_landmarker import find_model
from geofer.landmarks.face_mesh_model import FaceMeshModel
from geofer.landmarks.landmark_network import look_at


class GeoferDetector:
    """Finds faces of any pose with 68 points and the head's pose; the largest face comes first.

    It also tells how far each point may be off, `Faces.landmark_std`. Scores are RetinaFace's, and boxes are squares as
    large as its boxes. Blendshapes are those of MediaPipe's mesh, which confirms the faces.

    Args:
        smallest: Height in pixels of the smallest faces to look for. Twice as much takes a quarter of the time in large
            pictures.
        min_confidence: RetinaFace's least score of a face that the mesh does not confirm, in [0, 1].

    Raises:
        DataError: A model is missing or is another one.
        ConfigError: A number is out of its range.
    """

    def __init__(self, smallest: float = 40.0, min_confidence: float = 0.9) -> None:
        self._mesh = FaceMeshModel(find_model())
        self._finder = FaceFinder(self._mesh, smallest, min_confidence)

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`; with blendshapes and landmark_std."""
        return [self._faces(image) if image.size else Faces.none() for image in images]

    def _faces(self, image: NDArray[np.uint8]) -> Faces:
        found = sorted(self._finder.find(image), key=lambda face: -face.seen.size)
        if not found:
            return Faces.none()
        placed = look_at(image, [face.seen for face in found])
        middles, halves = (
            np.array([face.seen.middle for face in found]),
            np.array([face.seen.size for face in found]) / 2,
        )
        return Faces(
            boxes=np.concatenate((middles - halves[:, None], middles + halves[:, None]), axis=1).astype(np.float32),
            scores=np.array([face.seen.score for face in found], np.float32),
            landmarks=placed.landmarks,
            poses=placed.poses,
            blendshapes=np.stack([self._mesh.blendshapes(face.mesh) for face in found]),
            landmark_std=placed.landmark_std,
        )
