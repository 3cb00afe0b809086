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

PROFILE = 0.01
"""Squared cosine of the yaw at which half of what a picture hardly tells is believed, 84 degrees."""

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

    Examples:
        >>> import numpy as np
        >>> front = np.array(MEAN_HEAD)[:, :2] * (1, -1)  # without perspective; y grows downward in pictures
        >>> pose = head_pose(front)
        >>> bool(abs(pose[0]) < 1), pose.shape
        (True, (3,))
    """
    points = np.asarray(landmarks, np.float64)
    poses = [_pose(face) for face in points.reshape(-1, NUM_LANDMARKS, 2)]
    return np.array(poses, np.float32).reshape(*points.shape[:-2], 3)


def _pose(face: NDArray[np.float64]) -> NDArray[np.float64]:
    import cv2

    unknown = np.full(3, np.nan)
    if not np.isfinite(face).all():
        return unknown
    seen = _seen_from(np.array(MEAN_HEAD)[list(POSED_POINTS)], face[list(POSED_POINTS)])
    if seen is None:
        return unknown
    turn, shift = seen
    rotation = _rotation_to_axis(shift.reshape(3)) @ cv2.Rodrigues(turn)[0]
    return rotation_angles(rotation * np.outer(_TO_CAMERA, _TO_CAMERA))


def steady_pose(pose: NDArray[np.floating], lean: float) -> NDArray[np.float64]:
    """A pose near profile, told as one that people take.

    In full profile, pitch and roll turn the head about the same axis, so that small errors give a pitch of 124 and a
    roll of 136 degrees. What a picture tells then, their sum or difference, stays; the other is drawn towards no pitch,
    the more, the nearer to profile. A yaw beyond 90 becomes 90.

    Args:
        pose: Yaw, pitch and roll in degrees.
        lean: How the face leans in the picture, in degrees, clockwise; a roll near its nearest quarter turn is likely.

    Returns:
        ``(3,)`` in degrees.
    """
    yaw, pitch, roll = np.asarray(pose, np.float64)
    quarter = 90 * np.round(lean / 90)
    side = 1.0 if yaw >= 0 else -1.0
    if abs(_wrapped(pitch)) > 90 and abs(yaw) > 45:
        yaw, pitch, roll = 90 * side, pitch + 180, roll + 180
    pitch, roll = _wrapped(pitch), _wrapped(roll - quarter)
    told, untold = pitch - side * roll, pitch + side * roll
    clear = np.cos(np.radians(yaw)) ** 2
    untold *= clear / (clear + PROFILE)
    return np.array((yaw, (told + untold) / 2, _wrapped(side * (untold - told) / 2 + quarter)))


def _wrapped(degrees: float) -> float:
    """The same angle within ±180."""
    return float((degrees + 180) % 360 - 180)


def _seen_from(
    head: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """How the head is turned, and where it is, before a camera `DISTANCE` away that sees its points at those pixels.

    Returns:
        A rotation vector and a shift, ``(3, 1)`` each, as OpenCV has them; None where there are none.
    """
    import cv2

    centered = points - points.mean(0)
    size = float(np.linalg.norm(centered, axis=1).mean() / np.linalg.norm(head - head.mean(0), axis=1).mean())
    if size <= np.finfo(np.float32).eps * np.abs(points).max():
        return None
    space, flat, focal = head * _TO_CAMERA, centered / size, DISTANCE
    try:
        found, turn, shift = cv2.solvePnP(space, flat, _camera(focal), None, flags=cv2.SOLVEPNP_SQPNP)
        if not found or not shift[2] > 0:
            return None
        for _ in range(2):  # a turned head looks smaller: the focal length follows until it is as far as assumed
            focal *= DISTANCE / float(shift[2, 0])
            turn, shift = cv2.solvePnPRefineLM(space, flat, _camera(focal), None, turn, shift)
    except cv2.error:
        return None
    return np.asarray(turn, np.float64), np.asarray(shift, np.float64)


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

    Examples:
        >>> import numpy as np
        >>> rotation_angles(np.eye(3)) + 0.0
        array([0., 0., 0.])
    """
    yaw = np.arcsin(np.clip(-rotations[..., 2, 0], -1, 1))
    pitch = np.arctan2(-rotations[..., 2, 1], rotations[..., 2, 2])
    roll = np.arctan2(-rotations[..., 1, 0], rotations[..., 0, 0])
    return np.asarray(np.degrees(np.stack((yaw, pitch, roll), axis=-1)))
