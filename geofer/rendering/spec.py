"""What to render: every parameter that shapes a rendered picture, and nothing else.

The cache of rendered faces is keyed by this object, so a parameter that changes a picture belongs here.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from geofer.errors import ConfigError
from geofer.faces import EXPRESSIONS
from geofer.ranges import take_plain_numbers
from geofer.rendering.camera import Crop
from geofer.rendering.prototypes import Lips

PoseGrid = Literal["bu3dfe", "multipie", "continuous"]

POSES_OF_GRID = {"bu3dfe": 35, "multipie": 5}
"""How many poses each grid has."""


@dataclass(frozen=True)
class RenderSpec:
    """A set of rendered faces.

    Attributes:
        subjects: Number of people.
        expressions: Which of `geofer.faces.EXPRESSIONS`; a label is an index into this tuple.
        levels: Intensities, 1 (slight) to 4 (strong), as in BU-3DFE; the neutral face has none and counts as 0.
        performances: How often a person shows each expression at each level, each time differently.
        poses: ``bu3dfe`` is yaw 0, ±15, ±30, ±45 × pitch 0, ±15, ±30; ``multipie`` is yaw 0, ±15, ±30; ``continuous``
            draws yaw and pitch uniformly within ``yaw_limit`` and ``pitch_limit``.
        views: How many poses each performance is seen from, drawn without replacement; None takes the whole grid
            (with ``continuous`` it is required).
        yaw_limit: Largest absolute yaw in degrees, for ``continuous``; up to 90.
        pitch_limit: Largest absolute pitch in degrees, for ``continuous``; up to 60.
        roll_jitter: Standard deviation of the roll in degrees.
        image_size: Side of the square picture in pixels, 48 to 512.
        crop: ``tight`` shows brows to chin, ``fer2013`` the forehead, too, ``loose`` the whole head.
        scene: ``session`` fixes light and background for a person, ``picture`` draws them anew for every picture.
        camera: Adds sensor noise, blur and JPEG compression.
        variation: Scales everything that makes the expressions hard to tell apart: personal style, asymmetry, missing
            and spurious blendshapes. 1 is the calibrated default, 0 shows the bare prototypes.
        lips: How lips are tightened and pressed, in anger above all: ``pressed``, or ``drawn`` apart as in a smile,
            which looks wrong.
        seed: Everything follows from it.
    """

    subjects: int = 100
    expressions: tuple[str, ...] = EXPRESSIONS
    levels: tuple[int, ...] = (4,)
    performances: int = 1
    poses: PoseGrid = "bu3dfe"
    views: int | None = None
    yaw_limit: float = 45.0
    pitch_limit: float = 30.0
    roll_jitter: float = 3.0
    image_size: int = 64
    crop: Crop = "tight"
    scene: Literal["session", "picture"] = "session"
    camera: bool = False
    variation: float = 1.0
    lips: Lips = "pressed"
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the combination.

        Raises:
            ConfigError: Something here cannot be rendered.
        """
        take_plain_numbers(self)
        grid = POSES_OF_GRID.get(self.poses)
        rules = (
            (self.subjects >= 1, f"subjects is {self.subjects}; it must be at least 1"),
            (
                len(self.expressions) > 0 and set(self.expressions) <= set(EXPRESSIONS),
                f"expressions are {', '.join(self.expressions) or 'none'}; choose from {', '.join(EXPRESSIONS)}",
            ),
            (len(set(self.expressions)) == len(self.expressions), "an expression is named twice; name each once"),
            (
                len(self.levels) > 0 and set(self.levels) <= {1, 2, 3, 4},
                f"levels are {self.levels}; choose from 1 (slight) to 4 (strong)",
            ),
            (self.performances >= 1, f"performances is {self.performances}; it must be at least 1"),
            (
                self.poses == "continuous" or grid is not None,
                f"poses is {self.poses!r}; choose bu3dfe, multipie or continuous",
            ),
            (
                self.views is not None or self.poses != "continuous",
                "continuous poses have no grid to take whole; set views to how many to draw",
            ),
            (
                self.views is None or 1 <= self.views <= (grid or self.views),
                f"views is {self.views}; choose 1 to {grid or 'any number'} for {self.poses} poses, or none for all",
            ),
            (0 <= self.yaw_limit <= 90, f"yaw_limit is {self.yaw_limit}; choose 0 to 90 degrees"),
            (0 <= self.pitch_limit <= 60, f"pitch_limit is {self.pitch_limit}; choose 0 to 60 degrees"),
            (0 <= self.roll_jitter <= 45, f"roll_jitter is {self.roll_jitter}; choose 0 to 45 degrees"),
            (48 <= self.image_size <= 512, f"image_size is {self.image_size}; choose 48 to 512 pixels"),
            (self.crop in get_args(Crop), f"crop is {self.crop!r}; choose {', '.join(get_args(Crop))}"),
            (self.scene in ("session", "picture"), f"scene is {self.scene!r}; choose session or picture"),
            (0 <= self.variation <= 3, f"variation is {self.variation}; choose 0 to 3"),
            (self.lips in ("drawn", "pressed"), f"lips are {self.lips!r}; choose drawn or pressed"),
            (self.seed >= 0, f"seed is {self.seed}; choose 0 or more"),
        )
        for right, message in rules:
            if not right:
                raise ConfigError(f"rendered faces: {message}")


@dataclass(frozen=True)
class RenderedSubject:
    """All pictures of one rendered person, with their truth; n pictures.

    Attributes:
        images: ``(n, H, W, 3)`` uint8 RGB.
        landmarks: ``(n, 68, 2)`` float32 iBUG points in pixels, also where they are hidden.
        visible: ``(n, 68)`` bool, whether the camera sees that point.
        expression: ``(n,)`` int64, index into ``RenderSpec.expressions``.
        level: ``(n,)`` int64, 0 for neutral, else 1 to 4.
        blendshapes: ``(n, 52)`` float32 blendshapes in [0, 1], in the order of `geofer.rendering.HEAD_BLENDSHAPES`.
        yaw: ``(n,)`` float32 degrees.
        pitch: ``(n,)`` float32 degrees.
        roll: ``(n,)`` float32 degrees.
        phenotype: Gender, age, ancestry and so on of the person, each in [0, 1].
    """

    images: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    visible: NDArray[np.bool_]
    expression: NDArray[np.int64]
    level: NDArray[np.int64]
    blendshapes: NDArray[np.float32]
    yaw: NDArray[np.float32]
    pitch: NDArray[np.float32]
    roll: NDArray[np.float32]
    phenotype: dict[str, float]
