"""Photographs of neutral faces that are warped by the moves of the rendered head, so that real faces act.

Warping makes no wrinkles, uncovers no eye, and opens no mouth: a dark one is painted.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator, RBFInterpolator

from geofer.faces import EXPRESSIONS
from geofer.rendering import HEAD_BLENDSHAPES
from geofer.rendering.expressions import sample_blendshapes, sample_style
from geofer.rendering.head import HeadModel, load_head
from geofer.rendering.identity import Identity
from geofer.rendering.landmarks import LANDMARK_VERTICES
from geofer.rendering.parts import SKIN

SIZE = 256
"""Side of a warped picture in pixels."""

MOMENTS = [(name, level) for name in EXPRESSIONS for level in ((2,) if name == "neutral" else (2, 3, 4))]
"""Expressions and levels that each warped face shows once."""

STRENGTHS, SIDES_IN_PIXELS = (0.7, 2.2), (70, SIZE)
"""How many times the blendshapes are shown, and how coarse pictures are; the logarithms of both are uniform."""

INNER_LIPS = slice(60, 68)
"""iBUG points."""

MOUTH_COLOR, TEETH_COLOR = (60, 25, 25), (205, 195, 185)


class Photograph:
    """A photographed neutral face that can be warped.

    Attributes:
        image: ``(SIZE, SIZE, 3)`` uint8 RGB, the face's surroundings.
        landmarks: ``(68, 2)`` its iBUG points there, in pixels.
    """

    def __init__(self, picture: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> None:
        """Cuts the face out and lays the average rendered head over it.

        Args:
            picture: ``(H, W, 3)`` RGB.
            landmarks: ``(68, 2)`` of the face, in pixels.
        """
        low, high = landmarks.min(0), landmarks.max(0)
        half = 0.95 * (high - low).max()
        scale = SIZE / 2 / half
        center = (low + high) / 2 - (0, 0.08 * (high - low)[1])
        crop = np.array([[scale, 0, SIZE / 2 - scale * center[0]], [0, scale, SIZE / 2 - scale * center[1]]])
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        self.image = np.asarray(
            cv2.warpAffine(picture, crop, (SIZE, SIZE), flags=way, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        self.landmarks = scale * landmarks + crop[:, 2]
        head = load_head()
        neutral = head.neutral(Identity({}, {}))
        points = head.index_of(np.array(LANDMARK_VERTICES))
        skin = _front(head, neutral)
        flat = neutral[:, :2] * (1, -1)
        affine = np.linalg.lstsq(np.c_[flat[points], np.ones(len(points))], self.landmarks, rcond=None)[0]
        self._skin = RBFInterpolator(flat[points], self.landmarks, smoothing=1e-5)(flat[skin])
        shapes = head.moves.reshape(len(HEAD_BLENDSHAPES), -1, 3)[:, :, :2] * (1, -1) @ affine[:2]
        self._skin_shapes, self._landmark_shapes = shapes[:, skin], shapes[:, points]

    def landmark_moves(self, blendshapes: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(68, 2)`` pixels by which blendshapes, ``(52,)`` in the order of `HEAD_BLENDSHAPES`, move the landmarks."""
        return np.asarray(np.einsum("a,avc->vc", blendshapes, self._landmark_shapes))

    def act(self, blendshapes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The face with blendshapes ``(52,)``, in the order of `HEAD_BLENDSHAPES`: ``(SIZE, SIZE, 3)``."""
        moves = np.einsum("a,avc->vc", blendshapes, self._skin_shapes)
        line = np.linspace(-0.1 * SIZE, 1.1 * SIZE, 12)
        around = np.array([(x, y) for x in line for y in line if {x, y} & {line[0], line[-1]}])
        source = LinearNDInterpolator(np.r_[self._skin + moves, around], np.r_[-moves, 0 * around], fill_value=0)
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
        coarse = source(x[::4, ::4], y[::4, ::4]).astype(np.float32)
        offset = cv2.resize(cv2.GaussianBlur(coarse, (3, 3), 0.6), (SIZE, SIZE))
        warped = cv2.remap(
            self.image, x + offset[..., 0], y + offset[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        return self._open_mouth(np.asarray(warped, np.uint8), self.landmark_moves(blendshapes))

    def act_somehow(
        self, blendshapes: NDArray[np.float32], chance: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """As `act`, but weaker or stronger, and seen sharply or coarsely: the blendshapes shown, and the picture."""
        shown = blendshapes * np.exp(chance.uniform(*np.log(STRENGTHS)))
        side = int(np.exp(chance.uniform(*np.log(SIDES_IN_PIXELS))))
        coarse = cv2.resize(self.act(shown), (side, side), interpolation=cv2.INTER_AREA)
        return shown, np.asarray(cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC), np.uint8)

    def _open_mouth(self, image: NDArray[np.uint8], moves: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Paints a dark mouth and upper teeth where lips that touched have parted."""
        lips = (self.landmarks + moves)[INNER_LIPS]
        opened = (_gap(lips) - np.maximum(_gap(self.landmarks[INNER_LIPS]), 0)).max()
        if opened <= 2:
            return image
        mask = np.zeros((SIZE, SIZE), np.uint8)
        cv2.fillPoly(mask, [np.round(16 * lips).astype(np.int32)], (255,), shift=4)
        top = int(lips[1:4, 1].mean())
        inside = np.full_like(image, MOUTH_COLOR)
        inside[max(top - 5, 0) : top + 1 + int(min(0.55 * opened, 9 * SIZE / 256))] = TEETH_COLOR
        share = cv2.GaussianBlur(mask, (5, 5), 1)[..., None] / 255
        return np.asarray(image * (1 - share) + inside * share, np.uint8)


def _gap(lips: NDArray[np.floating]) -> NDArray[np.floating]:
    """How far the inner lips, ``(8, 2)``, are apart at three places."""
    return np.asarray((lips[[5, 6, 7]] - lips[[3, 2, 1]])[:, 1])


def _front(head: HeadModel, neutral: NDArray[np.float32]) -> NDArray[np.int64]:
    """Vertices of the face's skin that a camera in front sees."""
    triangles = head.triangles[head.part == SKIN]
    a, b, c = (neutral[triangles[:, corner]] for corner in range(3))
    normals = np.zeros_like(neutral)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], np.cross(b - a, c - a))
    towards = normals[:, 2] > 0.25 * np.linalg.norm(normals, axis=1)
    outside = head.masks[:, 2] <= 0.5
    return np.flatnonzero(towards & outside & (neutral[:, 1] > -0.14) & (neutral[:, 2] > 0))


def perform(chance: np.random.Generator) -> NDArray[np.float32]:
    """What one rendered person shows in `MOMENTS`, ``(19, 52)`` in the order of `HEAD_BLENDSHAPES`."""
    style = sample_style(chance, lips="pressed")
    return np.stack([sample_blendshapes(name, level, style, chance) for name, level in MOMENTS])
