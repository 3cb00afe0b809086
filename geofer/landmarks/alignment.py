"""From a face in a picture to a square crop, and back.

Coordinates are pixels as `geofer.faces` counts them: (0, 0) is the center of the top left pixel, so a picture W wide
spans -0.5 to W - 0.5. Where a crop reaches beyond its picture, the picture's outermost pixels are repeated.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from geofer.errors import DataError
from geofer.faces import LEFT_EYE, NUM_LANDMARKS, RIGHT_EYE, CropRule, denormalize_landmarks

TIGHT_MARGIN = 1.12
"""Side of the tight crop over that of the box around the landmarks."""

FER2013_MARGIN, FER2013_LIFT = 1.225, 0.118
"""Side of the ``fer2013`` crop over that of the box around the landmarks, and how far its middle lies above the box's,
in sides of the crop; ``python training/framing.py`` finds 1.222 and 0.120 in 477 training pictures of FER2013."""

TEMPLATE = ((-0.34, -0.46), (0.34, -0.46), (-0.26, 0.31), (0.26, 0.31))
"""Where ``ibug-similarity`` brings the centers of the right and left eye and the right and left corner of the mouth, in
[-1, 1] of the crop. They are those of the average rendered head from the front, 0.85 times as large as in its tight
crop, so that a dropped jaw stays inside."""

LARGEST_EXTENT = 1e6
"""Pixels; what is larger is a mistake, and would end in numbers that cannot be inverted."""

RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 48, 54


@dataclass(frozen=True)
class Alignment:
    """A similarity (scale, rotation, shift) from a picture to a square crop.

    Attributes:
        matrix: ``(2, 3)`` float64, takes (x, y, 1) in pixels of the picture to pixels of the crop.
        size: Side of the crop in pixels.
    """

    matrix: NDArray[np.float64]
    size: int

    def to_crop(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels of the picture ``(..., 2)`` to pixels of the crop; `geofer.faces.normalize_landmarks` goes on."""
        return np.asarray(points) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def to_picture(self, points: ArrayLike) -> NDArray[np.float64]:
        """Pixels of the crop ``(..., 2)`` to pixels of the picture; the inverse of `to_crop`."""
        return (np.asarray(points) - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T

    @property
    def corners(self) -> NDArray[np.float64]:
        """Corners of the crop ``(4, 2)`` in pixels of the picture, clockwise from the top left one."""
        low, high = -0.5, self.size - 0.5
        return self.to_picture([(low, low), (high, low), (high, high), (low, high)])

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cuts the crop out of the picture, averaging over all pixels that a pixel of the crop covers.

        A face that must shrink is shrunk by areas to about twice the crop's resolution, moved there bilinearly, and
        averaged two by two; one that must grow is moved bilinearly; at scale 1 without rotation pixels are copied.

        Args:
            picture: ``(H, W, 3)`` RGB.

        Returns:
            ``(size, size, 3)`` RGB.
        """
        import cv2

        scale = np.sqrt(np.linalg.det(self.matrix[:, :2]))
        fine = 2 if scale < 0.999 else 1  # pixels a side that make one of the crop's; a scale of 1 may be rounded
        limits, margin = np.array(picture.shape[1::-1]), 2 + 1 / scale
        low = np.clip(self.corners.min(0) - margin, 0, limits - 1).astype(int)
        high = np.clip(self.corners.max(0) + margin, low + 1, limits).astype(int)
        part = picture[low[1] : high[1], low[0] : high[0]]
        extent = np.ceil((high - low) * min(1, fine * scale)).astype(int)
        shrunk = cv2.resize(part, extent.tolist(), interpolation=cv2.INTER_AREA).astype(np.float32)
        shrinking = extent / (high - low)
        first = self.to_crop(low - 0.5 + 0.5 / shrinking)  # where the center of the first shrunk pixel goes
        matrix = np.column_stack((fine * self.matrix[:, :2] / shrinking, fine * first + (fine - 1) / 2))
        side = fine * self.size
        crop = cv2.warpAffine(shrunk, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(np.rint(cv2.resize(crop, (self.size, self.size), interpolation=cv2.INTER_AREA)), np.uint8)


def alignment_for(
    rule: CropRule,
    box: ArrayLike | None,
    landmarks: ArrayLike | None,
    picture_shape: tuple[int, ...],
    size: int,
) -> Alignment:
    """How a face comes to its crop.

    Args:
        rule: ``tight``: the square around the middle of the landmarks' extent, `TIGHT_MARGIN` times as large as the
            larger side. ``fer2013``: the same with `FER2013_MARGIN`, moved up by `FER2013_LIFT`. ``paper``: the square
            around the middle of the box, as large as its larger side.
            ``ibug-similarity``: the least-squares similarity that brings eyes and mouth to `TEMPLATE`. ``none``: the
            square around the whole picture, which fills it up on both sides of the shorter side.
        box: Left, top, right, bottom in pixels; only ``paper`` asks for it.
        landmarks: ``(68, 2)`` iBUG points in pixels; ``tight``, ``fer2013`` and ``ibug-similarity`` ask for them.
        picture_shape: Height and width of the picture, maybe followed by its channels.
        size: Side of the crop in pixels.

    Raises:
        DataError: What the rule asks for is missing, not finite, without extent, or outside the picture.

    Examples:
        >>> import numpy as np
        >>> picture = np.zeros((100, 200, 3), np.uint8)
        >>> crop = alignment_for('paper', box=(50, 20, 90, 60), landmarks=None, picture_shape=picture.shape, size=64)
        >>> crop.apply(picture).shape
        (64, 64, 3)
        >>> crop.to_crop([(70, 40)]).round(1)
        array([[31.5, 31.5]])
    """
    height, width = picture_shape[:2]
    if rule == "none":
        alignment = _square(np.array([(-0.5, -0.5), (width - 0.5, height - 0.5)]), size)
    elif rule == "paper":
        alignment = _square(_checked(box, "box", (4,)).reshape(2, 2), size)
    elif rule == "tight":
        alignment = _square(_checked(landmarks, "landmarks", (NUM_LANDMARKS, 2)), size, TIGHT_MARGIN)
    elif rule == "fer2013":
        points = _checked(landmarks, "landmarks", (NUM_LANDMARKS, 2))
        alignment = _square(points, size, FER2013_MARGIN, FER2013_LIFT)
    else:
        alignment = _similarity(_checked(landmarks, "landmarks", (NUM_LANDMARKS, 2)), size)
    low, high = alignment.corners.min(0), alignment.corners.max(0)
    if (high < -0.5).any() or (low > np.array((width, height)) - 0.5).any():
        raise DataError(f"The face lies outside its picture of {width} × {height} pixels.")
    return alignment


def _checked(points: ArrayLike | None, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    if points is None:
        raise DataError(f"This crop rule needs the {name} of the face, and there are none.")
    numbers = np.asarray(points, np.float64)
    if numbers.shape != shape:
        raise DataError(f"The {name} of the face have shape {numbers.shape}, not {shape}.")
    if not np.isfinite(numbers).all():
        raise DataError(f"The {name} of the face hold numbers that are not finite.")
    extent = np.ptp(numbers.reshape(-1, 2), axis=0).max()
    if not 1 <= extent <= LARGEST_EXTENT:
        raise DataError(f"The {name} of the face extend over {extent:.3g} pixels, which no face does.")
    return numbers


def _square(points: NDArray[np.float64], size: int, margin: float = 1.0, lift: float = 0.0) -> Alignment:
    """The square around the middle of the points' extent, ``margin`` times as large as the larger side.

    It is moved up by ``lift`` of its own side.
    """
    low, high = points.min(0), points.max(0)
    scale = size / ((high - low).max() * margin)
    shift = (size - 1) / 2 - scale * (low + high) / 2 + (0, lift * size)
    return Alignment(np.column_stack((scale * np.eye(2), shift)), size)


def _similarity(landmarks: NDArray[np.float64], size: int) -> Alignment:
    """Least squares in the complex plane, where a similarity is ``turn * z + shift``."""
    eyes = landmarks[RIGHT_EYE].mean(0), landmarks[LEFT_EYE].mean(0)
    anchors = np.stack((*eyes, landmarks[RIGHT_MOUTH_CORNER], landmarks[LEFT_MOUTH_CORNER])) @ (1, 1j)
    template = denormalize_landmarks(torch.tensor(TEMPLATE, dtype=torch.float64), size).numpy() @ (1, 1j)
    spread = anchors - anchors.mean()
    power, pull = np.vdot(spread, spread).real, np.vdot(spread, template)
    if not abs(pull) < size * power < LARGEST_EXTENT * abs(pull):  # the crop's side in pixels of the picture
        raise DataError("The eyes and mouth of the face do not lie as a face's do.")
    turn = pull / power
    shift = template.mean() - turn * anchors.mean()
    return Alignment(np.array([(turn.real, -turn.imag, shift.real), (turn.imag, turn.real, shift.imag)]), size)
