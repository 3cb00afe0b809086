"""What every landmark detector offers, and what it finds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geofer.faces import NUM_LANDMARKS
from geofer.landmarks.head_pose import head_pose


@dataclass(frozen=True)
class Faces:
    """The faces that a detector found in one picture, in the order that the detector tells of.

    Attributes:
        boxes: ``(n, 4)`` float32, left, top, right, bottom in pixels.
        scores: ``(n,)`` float32 in [0, 1], how sure the detector is of each face.
        landmarks: ``(n, 68, 2)`` float32, (x, y) of the iBUG points in pixels.
        poses: ``(n, 3)`` float32, yaw, pitch and roll in degrees, as `geofer.faces` signs them.
        blendshapes: ``(n, 52)`` float32 in [0, 1], `geofer.landmarks.face_mesh.BLENDSHAPES` in their order; None if
            the detector does not tell.
        head_matrices: ``(n, 4, 4)`` float32, from MediaPipe's canonical face (centimeters, x right, y up, z towards
            the camera) to the camera; None if the detector does not tell.
        estimated: ``(n,)`` bool, where eyes and mouth cannot be seen well, as in full profile, and landmarks are a
            second choice; None if none are.
        landmark_std: ``(n, 68)`` float32, standard deviation of x, and of y, of each landmark in pixels, as the
            detector judges it; None if it does not tell.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    poses: NDArray[np.float32]
    blendshapes: NDArray[np.float32] | None = None
    head_matrices: NDArray[np.float32] | None = None
    estimated: NDArray[np.bool_] | None = None
    landmark_std: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.scores)

    @classmethod
    def from_landmarks(
        cls,
        landmarks: ArrayLike,
        boxes: ArrayLike | None = None,
        scores: ArrayLike | None = None,
        blendshapes: ArrayLike | None = None,
        head_matrices: ArrayLike | None = None,
    ) -> Self:
        """Faces whose pose follows from their landmarks, put in order: the surest first, the larger of equally sure.

        Args:
            landmarks: ``(n, 68, 2)`` in pixels; ``n`` may be 0.
            boxes: ``(n, 4)`` in pixels; None takes those around the landmarks.
            scores: ``(n,)`` in [0, 1]; None takes 1.
            blendshapes: ``(n, 52)``.
            head_matrices: ``(n, 4, 4)``.
        """
        points = np.asarray(landmarks, np.float32).reshape(-1, NUM_LANDMARKS, 2)
        count = len(points)
        around = np.concatenate((points.min(1), points.max(1)), axis=1)
        box = around if boxes is None else np.asarray(boxes, np.float32).reshape(count, 4)
        score = np.ones(count, np.float32) if scores is None else np.asarray(scores, np.float32).reshape(count)
        order = np.lexsort((-np.prod(box[:, 2:] - box[:, :2], axis=1), -score))
        blendshape, matrix = (
            None if values is None else np.asarray(values, np.float32).reshape(count, *shape)[order]
            for values, shape in ((blendshapes, (52,)), (head_matrices, (4, 4)))
        )
        return cls(box[order], score[order], points[order], head_pose(points[order]), blendshape, matrix)

    def shifted(self, offset: ArrayLike) -> Self:
        """The same faces where a part of a picture was looked at: from pixels of the part to those of the picture.

        Args:
            offset: ``(2,)``, x and y of the part's top left pixel.
        """
        shift = np.asarray(offset, np.float32)
        return replace(self, boxes=self.boxes + np.tile(shift, 2), landmarks=self.landmarks + shift)

    @classmethod
    def none(cls) -> Self:
        """No faces."""
        return cls.from_landmarks(())


@runtime_checkable
class LandmarkDetector(Protocol):
    """What a landmark detector plugin builds; it maps whatever it sees natively to the iBUG-68 order itself.

    One that does not look at the pixels, but looks faces up by the pictures' names, has an attribute
    ``looks_up_names = True``. Others are also shown parts of pictures, without names.
    """

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """Find the faces in pictures.

        Args:
            images: Pictures of any size, each ``(H, W, 3)`` uint8 RGB.
            names: Their files' names relative to the data set's root, for detectors that look faces up; may be empty.

        Returns:
            One `Faces` a picture, maybe empty.
        """
        ...
