"""From landmarks in a frontal picture of a scan to points of its surface.

A landmark that lies a pixel off the edge of jaw, lip or eyelid would be read off the neck, the teeth or the wall
behind. So each is sought near its pixel where the surface is about as deep as the average head's landmark, which is
laid into the face first.
"""

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError
from geofer.faces import JAW
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.rendering.camera import from_pixels
from geofer.rendering.scans.views import DISTANCE, PosedScan, Views

_SIZE = 256
"""Side in pixels of the buffer that the surface is read from: half a millimeter a sample."""

_DEPTH_WEIGHT = 0.3
"""What a millimeter of unexpected depth counts, against one across the picture."""


def lift_landmarks(scan: PosedScan, landmarks: NDArray[np.float32], view: Views, size: int) -> NDArray[np.float32]:
    """Points of a scan's surface that the landmarks of a frontal picture lie on.

    Args:
        scan: The scan.
        landmarks: ``(68, 2)`` iBUG points in pixels of the picture.
        view: The one side that the picture shows.
        size: Of the picture, in pixels.

    Returns:
        ``(68, 3)`` in the scan's frame, meters.

    Raises:
        DataError: The landmarks do not form a face.
    """
    import cv2

    surface = scan.surface(view, _SIZE)
    seen = surface[:, :2] / (DISTANCE - surface[:, 2:])
    wanted = from_pixels(landmarks[None], view.cameras, size)[0]
    across = np.stack([np.square(seen - point).sum(1) for point in wanted]) * DISTANCE**2
    plain = surface[across.argmin(1)].astype(np.float64)

    head = np.array(MEAN_HEAD)
    try:
        laid, scale = cv2.estimateAffine3D(head[JAW.stop :], plain[JAW.stop :], force_rotation=True)
    except cv2.error as error:
        raise DataError("The landmarks do not form a face.") from error
    expected = scale * head @ laid[:, :3].T + laid[:, 3]
    depth = expected[:, 2:].astype(np.float32) - surface[:, 2]
    nearest = (across + np.square(_DEPTH_WEIGHT * depth)).argmin(1)
    return np.asarray(surface[nearest] @ view.rotations[0], np.float32)
