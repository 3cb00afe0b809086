"""Why the result for a face may be worthless: how it is turned, or how small it is."""

import numpy as np
from numpy.typing import NDArray

from geofer.app.models.reliability import Reliability
from geofer.faces import LEFT_EYE, RIGHT_EYE

FEWEST_PIXELS = 16.0
"""Between the centers of the eyes; ``experiments/face_size.py`` measures what is lost below."""

ASKEW = 30.0
"""Degrees of roll, beyond quarter turns, that no recognizer was tested at."""


def face_warning(
    landmarks: NDArray[np.float32],
    yaw: float,
    pitch: float,
    reliability: Reliability | None,
    roll: float = 0.0,
    estimated: bool = False,
) -> str | None:
    """What speaks against a result, in words; None if nothing is known to.

    Args:
        landmarks: ``(68, 2)`` iBUG points in pixels.
        yaw: Degrees.
        pitch: Degrees.
        reliability: Of the recognizer, if it was tested by pose.
        roll: Degrees; the recognizer sees the face turned upright by quarter turns.
        estimated: Whether the landmarks were not seen but estimated, see `geofer.landmarks.Faces`.
    """
    said = [*_turned(yaw, pitch, reliability), *_small(landmarks, yaw)]
    if is_askew(roll):
        said.append(f"roll {roll:+.0f}° is more than {ASKEW:.0f}° from upright, lying or hanging")
    if estimated:
        said.append("eyes and mouth cannot be seen well; their outlines are estimated")
    return "; ".join(said) or None


def is_askew(roll: float) -> bool:
    """Whether a face leans further than `ASKEW` once quarter turns bring it upright; roll in degrees."""
    return not np.isnan(roll) and abs(roll - 90 * round(roll / 90)) > ASKEW


def _turned(yaw: float, pitch: float, reliability: Reliability | None) -> list[str]:
    if reliability is None or reliability.at(yaw, pitch) is not None:
        return []
    beyond = [
        f"{name} {angle:+.0f}° is outside {edges[0]:+.0f}° to {edges[-1]:+.0f}°"
        for name, angle, edges in (("yaw", yaw, reliability.yaws), ("pitch", pitch, reliability.pitches))
        if not edges[0] <= angle < edges[-1]
    ]
    if not beyond:
        return [f"no face near yaw {yaw:+.0f}°, pitch {pitch:+.0f}° was tested"]
    return [f"{' and '.join(beyond)}, where the recognizer was tested"]


def _small(landmarks: NDArray[np.float32], yaw: float) -> list[str]:
    pixels = eye_distance(landmarks, yaw)
    if not pixels < FEWEST_PIXELS:
        return []
    return [f"only {np.floor(pixels):.0f} pixels between the eyes, of {FEWEST_PIXELS:.0f} needed"]


def eye_distance(landmarks: NDArray[np.float32], yaw: float) -> float:
    """Pixels between the centers of the eyes, as if the face were seen from the front.

    Args:
        landmarks: ``(68, 2)`` iBUG points in pixels.
        yaw: Degrees; beyond 60 there is too little between the eyes to tell.
    """
    eyes = landmarks[RIGHT_EYE].mean(axis=0) - landmarks[LEFT_EYE].mean(axis=0)
    return float(np.linalg.norm(eyes) / max(np.cos(np.radians(yaw)), 0.5))
