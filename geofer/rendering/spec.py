"""What to render: every parameter that shapes a rendered picture, and nothing else.

The cache of rendered faces is keyed by this object, so a parameter that changes a picture belongs here.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geofer.faces import EXPRESSIONS

PoseGrid = Literal["bu3dfe", "multipie", "continuous"]


@dataclass(frozen=True)
class RenderSpec:
    """A set of rendered faces.

    Attributes:
        subjects: Number of people.
        expressions: Which of `geofer.faces.EXPRESSIONS`; a label is an index into this tuple.
        levels: Intensities, 1 (slight) to 4 (strong), as in BU-3DFE; the neutral face has none and counts as 0.
        performances: How often a person shows each expression at each level, each time differently.
        poses: ``bu3dfe`` is pan 0, ±15, ±30, ±45 × tilt 0, ±15, ±30; ``multipie`` is pan 0, ±15, ±30; ``continuous``
            draws pan and tilt uniformly within ``pan_limit`` and ``tilt_limit``.
        views: How many poses each performance is seen from, drawn without replacement; None takes the whole grid
            (with ``continuous`` it is required).
        pan_limit: Largest absolute pan in degrees, for ``continuous``; up to 90.
        tilt_limit: Largest absolute tilt in degrees, for ``continuous``; up to 60.
        roll_jitter: Standard deviation of the roll in degrees.
        image_size: Side of the square picture in pixels, 64 to 512.
        crop: ``tight`` shows brows to chin, ``loose`` the whole head.
        scene: ``session`` fixes light and background for a person, ``picture`` draws them anew for every picture.
        camera: Adds sensor noise, blur and JPEG compression.
        variation: Scales everything that makes the expressions hard to tell apart: personal style, asymmetry, missing
            and spurious actions. 1 is the calibrated default, 0 shows the bare prototypes.
        seed: Everything follows from it.
    """

    subjects: int = 100
    expressions: tuple[str, ...] = EXPRESSIONS
    levels: tuple[int, ...] = (4,)
    performances: int = 1
    poses: PoseGrid = "bu3dfe"
    views: int | None = None
    pan_limit: float = 45.0
    tilt_limit: float = 30.0
    roll_jitter: float = 3.0
    image_size: int = 64
    crop: Literal["tight", "loose"] = "tight"
    scene: Literal["session", "picture"] = "session"
    camera: bool = False
    variation: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class RenderedSubject:
    """All pictures of one rendered person, with their truth; n pictures.

    Attributes:
        images: ``(n, H, W, 3)`` uint8 RGB.
        landmarks: ``(n, 68, 2)`` float32 iBUG points in pixels, also where they are hidden.
        visible: ``(n, 68)`` bool, whether the camera sees that point.
        expression: ``(n,)`` int64, index into ``RenderSpec.expressions``.
        level: ``(n,)`` int64, 0 for neutral, else 1 to 4.
        actions: ``(n, 52)`` float32 facial actions in [0, 1], in the order of `geofer.rendering.ACTIONS`.
        pan: ``(n,)`` float32 degrees.
        tilt: ``(n,)`` float32 degrees.
        roll: ``(n,)`` float32 degrees.
        phenotype: Gender, age, ancestry and so on of the person, each in [0, 1].
    """

    images: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    visible: NDArray[np.bool_]
    expression: NDArray[np.int64]
    level: NDArray[np.int64]
    actions: NDArray[np.float32]
    pan: NDArray[np.float32]
    tilt: NDArray[np.float32]
    roll: NDArray[np.float32]
    phenotype: dict[str, float]
