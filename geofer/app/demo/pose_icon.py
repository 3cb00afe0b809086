"""A small drawn face that looks where a face looks."""

import numpy as np

from geofer.faces import (
    JAW,
    LEFT_BROW,
    LEFT_EYE,
    NOSE_BASE,
    NOSE_BRIDGE,
    OUTER_LIP,
    RIGHT_BROW,
    RIGHT_EYE,
)
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.rendering.camera import head_rotation

SIDE = 72
_LINES = (JAW, RIGHT_BROW, LEFT_BROW, NOSE_BRIDGE, NOSE_BASE)
_LOOPS = (RIGHT_EYE, LEFT_EYE, OUTER_LIP)
_MIDDLE, _REACH = np.array((0.0, -45.0, -15.0)), 92.0
"""Millimeters: the middle of the face, which it is turned about, and how far from it the icon reaches."""


def pose_icon(yaw: float, pitch: float, roll: float) -> str:
    """An SVG drawing of the average face, posed.

    Args:
        yaw: Degrees, > 0 turns the nose to the picture's right.
        pitch: Degrees, > 0 looks up.
        roll: Degrees, > 0 leans the top of the head to the picture's right.
    """
    rotation = head_rotation(*(np.array([angle], np.float32) for angle in (yaw, pitch, roll)))[0]
    turned = (np.array(MEAN_HEAD) - _MIDDLE) @ rotation.T
    places = (turned[:, :2] * (1, -1) / _REACH + 1) * SIDE / 2
    shapes = [("polyline", places[part]) for part in _LINES] + [("polygon", places[part]) for part in _LOOPS]
    drawn = "".join(
        f'<{shape} points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>' for shape, points in shapes
    )
    return f'<svg class="pose-icon" viewBox="0 0 {SIDE} {SIDE}" aria-hidden="true">{drawn}</svg>'
