"""Head pose from the 68 points: where a camera must stand to see the average head's points at these places."""

import numpy as np
from numpy.typing import NDArray

from geofer.faces import NUM_LANDMARKS
from geofer.landmarks.mean_head import MEAN_HEAD

POSED_POINTS = (*range(36), 36, 39, 42, 45)
"""What the pose is read from: jaw, brows, nose, and corners of the eyes. Mouth and lids follow the expression.

Without the jaw all points lie nearly in one plane, and errors of yaw double; the chin opens and shuts, but without it
errors of pitch are a third larger.
"""

DISTANCE = 1200.0
"""From the head to the camera that is assumed, in millimeters: an ordinary portrait. Pictures do not tell theirs."""

_TO_CAMERA = np.array((1.0, -1.0, -1.0))
"""From axes x right, y up, z to the viewer to OpenCV's x right, y down, z away; its own inverse."""


def head_pose(landmarks: NDArray[np.floating]) -> NDArray[np.float32]:
    """Yaw, pitch and roll of heads, against the line of sight on the midpoint of their eyes.

    The pose of a perspective camera (SQPnP, refined by Levenberg-Marquardt) that sees the average head so. It does not
    change when the points are shifted or scaled together.

    Args:
        landmarks: ``(n, 68, 2)``, or ``(68, 2)`` of one face, in pixels.

    Returns:
        ``(n, 3)``, or ``(3,)``, degrees, signed and composed as `geofer.rendering.camera.head_rotation` does: the head
        pitches about its ears, yaws about the vertical, then rolls in the picture. Yaw is within ±90, the others within
        ±180. NaN where a point is NaN or infinite, or where the points tell no pose, as when all are the same.
    """
    points = np.asarray(landmarks, np.float64)
    poses = [_pose(face) for face in points.reshape(-1, NUM_LANDMARKS, 2)]
    return np.array(poses, np.float32).reshape(*points.shape[:-2], 3)


def _pose(face: NDArray[np.float64]) -> NDArray[np.float64]:
    import cv2

    unknown = np.full(3, np.nan)
    if not np.isfinite(face).all():
        return unknown
    head, pixels = np.array(MEAN_HEAD)[list(POSED_POINTS)], face[list(POSED_POINTS)]
    centered = pixels - pixels.mean(0)
    size = np.linalg.norm(centered, axis=1).mean() / np.linalg.norm(head - head.mean(0), axis=1).mean()
    if size <= np.finfo(np.float32).eps * np.abs(pixels).max():
        return unknown
    space, flat, focal = head * _TO_CAMERA, centered / size, DISTANCE
    try:
        found, turn, shift = cv2.solvePnP(space, flat, _camera(focal), None, flags=cv2.SOLVEPNP_SQPNP)
        if not found or not shift[2] > 0:
            return unknown
        for _ in range(2):  # a turned head looks smaller: the focal length follows until it is as far as assumed
            focal *= DISTANCE / float(shift[2, 0])
            turn, shift = cv2.solvePnPRefineLM(space, flat, _camera(focal), None, turn, shift)
    except cv2.error:
        return unknown
    seen = _rotation_to_axis(np.asarray(shift, np.float64).reshape(3)) @ cv2.Rodrigues(turn)[0]
    return rotation_angles(seen * np.outer(_TO_CAMERA, _TO_CAMERA))


def _camera(focal: float) -> NDArray[np.float64]:
    return np.diag((focal, focal, 1.0))


def _rotation_to_axis(direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """The smallest rotation that brings a direction in front of the camera onto its optical axis."""
    import cv2

    x, y, z = direction
    aside = np.hypot(x, y)
    if aside == 0:
        return np.eye(3)
    turn: NDArray[np.float64] = cv2.Rodrigues(np.array((y, -x, 0.0)) / aside * np.arctan2(aside, z))[0]
    return turn


def rotation_angles(rotations: NDArray[np.floating]) -> NDArray[np.float64]:
    """Yaw, pitch and roll of rotations; the inverse of `geofer.rendering.camera.head_rotation`.

    Args:
        rotations: ``(..., 3, 3)``, acting on columns (x right, y up, z towards the camera).

    Returns:
        ``(..., 3)`` in degrees.
    """
    yaw = np.arcsin(np.clip(-rotations[..., 2, 0], -1, 1))
    pitch = np.arctan2(-rotations[..., 2, 1], rotations[..., 2, 2])
    roll = np.arctan2(-rotations[..., 1, 0], rotations[..., 0, 0])
    return np.asarray(np.degrees(np.stack((yaw, pitch, roll), axis=-1)))
