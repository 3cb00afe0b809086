"""MediaPipe's FaceLandmarker: quick, sees turned heads, and tells blendshapes as well; the default detector."""

import signal
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision
from numpy.typing import NDArray

from geofer.bare_pictures import MAX_SIDE
from geofer.errors import ConfigError, DataError
from geofer.landmarks.detector import Faces
from geofer.landmarks.face_landmarker import SHA256, find_model
from geofer.landmarks.face_mesh import MESH_VERTICES, MIRRORED_BLENDSHAPES, mesh_to_landmarks
from geofer.quiet import silent_stderr

SAME = 0.25
"""Two meshes whose middles are nearer than this share of the face's size show one face."""


class MediaPipeDetector:
    """Finds faces and fits a mesh of 478 vertices to each.

    MediaPipe tells no score of a face, so all faces have 1. Its box here is the one around the mesh, from forehead to
    chin. Its scores of blendshapes differ from those of the mirrored picture, where left and right should change
    places and no more; the mean of both is steadier.

    Args:
        model: File of another model than the one that `geofer.landmarks.face_landmarker.find_model` finds.
        sha256: Checksum that the file must have.
        max_faces: Most faces in one picture.
        min_confidence: How sure MediaPipe must be that something is a face, in [0, 1].
        mirrored: Whether it also looks at the mirrored picture, for the blendshapes; it takes twice the time.

    Raises:
        DataError: The model is missing or is another one.
        ConfigError: A number is out of its range.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        sha256: str = SHA256,
        max_faces: int = 8,
        min_confidence: float = 0.5,
        mirrored: bool = True,
    ) -> None:
        if max_faces < 1 or not 0 <= min_confidence <= 1:
            raise ConfigError(
                f"mediapipe: max_faces is {max_faces} and min_confidence is {min_confidence}; choose 1 or more, and a "
                "number from 0 to 1."
            )
        self._mirrored = mirrored
        path = find_model(Path(model) if model is not None else None, sha256)
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=path.read_bytes()),
            num_faces=max_faces,
            min_face_detection_confidence=min_confidence,
            min_face_presence_confidence=min_confidence,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        _ignore_profiling_timers()
        with silent_stderr():
            self._landmarker = vision.FaceLandmarker.create_from_options(options)
        weakref.finalize(self, _close, self._landmarker)

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """See `LandmarkDetector`; with blendshapes and head matrices."""
        return [self._faces(image) for image in images]

    def meshes(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The mesh of each face, ``(n, 478, 2)`` in pixels.

        Args:
            image: ``(H, W, 3)`` uint8 RGB.
        """
        return _vertices(self._look(image), image)

    def _faces(self, image: NDArray[np.uint8]) -> Faces:
        if image.size == 0:
            return Faces.none()
        seen = self._look(image)
        vertices = _vertices(seen, image)
        return Faces.from_landmarks(
            mesh_to_landmarks(vertices),
            boxes=np.concatenate((vertices.min(1), vertices.max(1)), axis=1),
            blendshapes=self._scores(seen, vertices, image),
            head_matrices=seen.facial_transformation_matrixes,
        )

    def _scores(self, seen: Any, vertices: NDArray[np.float32], image: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ANN401
        """``(n, 52)``, the mean with those of the same face in the mirrored picture, if that is found there."""
        scores = _blendshapes(seen)
        if not self._mirrored or not len(scores):
            return scores
        other = self._look(image[:, ::-1])
        if not other.face_landmarks:
            return scores
        across = _vertices(other, image)
        across[..., 0] = image.shape[1] - 1 - across[..., 0]
        distances = np.linalg.norm(vertices.mean(1)[:, None] - across.mean(1), axis=-1)
        nearest = distances.argmin(1)
        same = distances.min(1) < SAME * np.ptp(vertices, axis=1).max(1)
        theirs = _blendshapes(other)[nearest][:, list(MIRRORED_BLENDSHAPES)]
        return np.where(same[:, None], (scores + theirs) / 2, scores)

    def _look(self, image: NDArray[np.uint8]) -> Any:  # noqa: ANN401 - mediapipe has no types
        if max(image.shape[:2]) > MAX_SIDE:  # the OpenCV in it would end the process
            raise DataError(f"mediapipe: a picture has a side of more than {MAX_SIDE} pixels; scale it down.")
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image))
        return self._landmarker.detect(picture)


def _blendshapes(seen: Any) -> NDArray[np.float32]:  # noqa: ANN401
    """``(n, 52)`` scores of blendshapes."""
    scores = [[action.score for action in face] for face in seen.face_blendshapes]
    return np.array(scores, np.float32).reshape(-1, len(MIRRORED_BLENDSHAPES))


def _vertices(seen: Any, image: NDArray[np.uint8]) -> NDArray[np.float32]:  # noqa: ANN401
    """``(n, 478, 2)`` in pixels; MediaPipe's 0 and 1 are the outer edges of the picture."""
    points = [[(vertex.x, vertex.y) for vertex in face] for face in seen.face_landmarks]
    size = np.array((image.shape[1], image.shape[0]), np.float32)
    return np.array(points, np.float32).reshape(-1, MESH_VERTICES, 2) * size - np.float32(0.5)


def _close(landmarker: Any) -> None:  # noqa: ANN401
    """Closes it through its thread; when the interpreter ends, that is gone, and its destructor must not try again."""
    try:
        landmarker.close()
    except RuntimeError:
        landmarker._handle = None


def _ignore_profiling_timers() -> None:
    """Keeps MediaPipe's profiling timers from ending the process.

    MediaPipe ignores their signal, but Python does not know: whoever restores Python's signal handlers, as Lightning
    does after a run, would make it deadly again.
    """
    if hasattr(signal, "SIGPROF") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPROF, signal.SIG_IGN)
