"""Where the camera stands, how the head is turned, and what the picture shows."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Crop = Literal["tight", "fer2013", "loose"]
"""What a picture shows: ``tight`` brows to chin, ``fer2013`` the forehead, too, as the average picture of FER2013 does,
``loose`` the whole head. The first two are those of `geofer.landmarks.alignment`."""

_MARGIN = {"tight": 1.12, "fer2013": 1.225, "loose": 1.12}
"""Side of the crop over that of the box around what it must show."""

_LIFT = {"tight": 0.0, "fer2013": 0.118, "loose": 0.0}
"""How far the crop's middle lies above that of the box, in sides of the crop."""


def head_rotation(
    yaw: NDArray[np.float32], pitch: NDArray[np.float32], roll: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Rotations that pose a head: it pitches about its ears, yaws about the vertical, then rolls in the picture.

    Args:
        yaw: ``(n,)`` degrees, > 0 turns the nose to the image's right.
        pitch: ``(n,)`` degrees, > 0 looks up.
        roll: ``(n,)`` degrees, > 0 leans the top of the head to the image's right.

    Returns:
        ``(n, 3, 3)``, acting on columns (x right, y up, z towards the camera).
    """
    p, t, r = (np.radians(angle.astype(np.float64)) for angle in (yaw, pitch, roll))
    zero, one = np.zeros_like(p), np.ones_like(p)
    about_x = np.array([[one, zero, zero], [zero, np.cos(t), np.sin(t)], [zero, -np.sin(t), np.cos(t)]])
    about_y = np.array([[np.cos(p), zero, np.sin(p)], [zero, one, zero], [-np.sin(p), zero, np.cos(p)]])
    about_z = np.array([[np.cos(r), np.sin(r), zero], [-np.sin(r), np.cos(r), zero], [zero, zero, one]])
    return np.asarray(np.einsum("ijn,jkn,kln->nil", about_z, about_y, about_x), np.float32)


def project_points(points: NDArray[np.float32], rotations: NDArray[np.float32], distance: float) -> NDArray[np.float32]:
    """Points on the plane one meter in front of a pinhole camera.

    Args:
        points: ``(n, P, 3)`` in the head frame, one set a view.
        rotations: ``(n, 3, 3)``.
        distance: From the camera to the head frame's origin, meters.

    Returns:
        ``(n, P, 2)``, x to the right and y up.
    """
    turned = np.einsum("nij,npj->npi", rotations, points)
    return np.asarray(turned[..., :2] / (distance - turned[..., 2:]), np.float32)


def crop_cameras(shown: NDArray[np.float32], distance: float, crop: Crop) -> NDArray[np.float32]:
    """Square crops around projected points.

    Args:
        shown: ``(n, P, 2)`` projected points that the crop must show: the landmarks for ``tight`` and ``fer2013``, the
            whole head for ``loose``.
        distance: Of the camera, meters.
        crop: Which crop.

    Returns:
        ``(n, 4)``: distance, center x, center y and half side of the crop on the plane one meter away.
    """
    low, high = shown.min(1), shown.max(1)
    half = (high - low).max(1) / 2 * _MARGIN[crop]
    center = (low + high) / 2
    center[:, 1] += 2 * half * _LIFT[crop]
    return np.column_stack((np.full(len(half), distance), center, half)).astype(np.float32)


def to_pixels(projected: NDArray[np.float32], cameras: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Projected points ``(n, P, 2)`` to pixels of a ``size`` × ``size`` picture (0 is a pixel's center)."""
    offset = (projected - cameras[:, None, 1:3]) / cameras[:, None, 3:]
    return np.asarray((offset * (1, -1) + 1) * size / 2 - 0.5, np.float32)


def from_pixels(pixels: NDArray[np.float32], cameras: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Pixels ``(n, P, 2)`` to points on the plane one meter away; the inverse of `to_pixels`."""
    offset = ((pixels + 0.5) * 2 / size - 1) * (1, -1)
    return np.asarray(offset * cameras[:, None, 3:] + cameras[:, None, 1:3], np.float32)
