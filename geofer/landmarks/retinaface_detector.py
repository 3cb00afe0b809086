"""RetinaFace's boxes and MediaPipe's points: faces of any size, pose and lean; the default detector.

`geofer.landmarks.face_finder` finds the faces. Landmarks are those of the mesh. Where the network of the mesh sees no
face, as in profiles, landmarks and pose are those of `geofer.landmarks.landmark_network`; `Faces.estimated` says so.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geofer.landmarks.detector import Faces
from geofer.landmarks.face_finder import PRESENT, FaceFinder, FoundFace
from geofer.landmarks.face_landmarker import SHA256, find_model
from geofer.landmarks.face_mesh import mesh_to_landmarks
from geofer.landmarks.face_mesh_model import FaceMeshModel
from geofer.landmarks.head_pose import head_pose
from geofer.landmarks.landmark_network import look_at


class RetinaFaceDetector:
    """Finds faces with RetinaFace, fits MediaPipe's mesh to each, and tells blendshapes; the largest face comes first.

    A score is the smaller one of RetinaFace's and the mesh's. It is below 0.5 where landmarks are estimated. The
    box is the one around the mesh, or around the estimated landmarks.

    Args:
        model: File of another model of the mesh than `geofer.landmarks.face_landmarker.find_model` finds.
        sha256: Checksum that the file must have.
        smallest: Height in pixels of the smallest faces to look for. Twice as much takes a quarter of the time in large
            pictures.
        min_confidence: RetinaFace's least score of a face that the mesh does not confirm, in [0, 1].

    Raises:
        DataError: A model is missing or is another one.
        ConfigError: A number is out of its range.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        sha256: str = SHA256,
        smallest: float = 40.0,
        min_confidence: float = 0.9,
    ) -> None:
        self._mesh = FaceMeshModel(find_model(Path(model) if model is not None else None, sha256))
        self._finder = FaceFinder(self._mesh, smallest, min_confidence)

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`; with blendshapes."""
        return [self._faces(image) if image.size else Faces.none() for image in images]

    def _faces(self, image: NDArray[np.uint8]) -> Faces:
        found = sorted(self._finder.find(image), key=lambda face: -face.seen.size)
        return self._placed(image, found) if found else Faces.none()

    def _placed(self, image: NDArray[np.uint8], found: list[FoundFace]) -> Faces:
        """One or more faces with their points and poses."""
        meshes = np.stack([face.place.to_picture(face.mesh[:, :2]) for face in found]).astype(np.float32)
        landmarks = mesh_to_landmarks(meshes)
        boxes = np.concatenate((meshes.min(axis=1), meshes.max(axis=1)), axis=1)
        poses = head_pose(landmarks)
        estimated = np.array([face.presence < PRESENT for face in found])
        placed = look_at(image, [face.seen for face in found if face.presence < PRESENT])
        landmarks[estimated], poses[estimated] = placed.landmarks, placed.poses
        boxes[estimated] = np.concatenate((placed.landmarks.min(axis=1), placed.landmarks.max(axis=1)), axis=1)
        return Faces(
            boxes,
            np.array([min(face.seen.score, face.presence) for face in found], np.float32),
            landmarks,
            poses,
            blendshapes=self._blendshapes(found),
            estimated=estimated,
        )

    def _blendshapes(self, found: list[FoundFace]) -> NDArray[np.float32]:
        return np.stack([self._mesh.blendshapes(face.mesh) for face in found])
