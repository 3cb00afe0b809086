"""One rendered person who shows what they are told, seen by a camera that stands still."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from geofer.faces import EXPRESSIONS
from geofer.ranges import check_choice, check_range, plain_number
from geofer.rendering.appearance import Appearance, sample_appearance
from geofer.rendering.camera import crop_cameras, head_rotation, project_points
from geofer.rendering.expressions import expression_blendshapes
from geofer.rendering.head import HeadModel, load_head
from geofer.rendering.identity import Identity, sample_identity
from geofer.rendering.landmarks import LANDMARK_VERTICES
from geofer.rendering.renderer import Renderer
from geofer.rendering.scene import Lighting, sample_scene
from geofer.rendering.worn import worn_vertices
from geofer.rendering.wrinkles import fold_strengths

_DISTANCE = 1.2
"""Meters from the head to the camera."""

_HAIR = np.array((1, 1, 1, 1.06), np.float32)
"""Room for hair, which the vertices of the skull are below, in the half side of the camera's crop."""

_REACH = np.array([(yaw, pitch) for yaw in (-45, 0, 45) for pitch in (-30, 0, 30)], np.float32)
"""Yaws and pitches at which the head is still whole in the picture."""


@dataclass(frozen=True)
class Sitter:
    """Who sits for a portrait.

    Attributes:
        identity: Their shape.
        appearance: Their skin, hair and so on.
        scene: Light and wall.
        camera: ``(1, 4)``, from `geofer.rendering.camera.crop_cameras`.
        worn: ``(W, 3)`` vertices of hair and glasses.
    """

    identity: Identity
    appearance: Appearance
    scene: Lighting
    camera: NDArray[np.float32]
    worn: NDArray[np.float32]


class Portraits:
    """Draws rendered people with any blendshapes, in any pose; the mesh stays on the device."""

    def __init__(self) -> None:
        """Loads the head and makes the renderer ready."""
        self._head: HeadModel = load_head()
        self._renderer = Renderer(self._head)
        self._points = self._head.index_of(np.array(LANDMARK_VERTICES))

    def sitter(self, person: int) -> Sitter:
        """The same person, light and camera for the same number, from 0."""
        identity, look, light = (np.random.default_rng((person, stream)) for stream in range(3))
        who = sample_identity(identity)
        appearance = sample_appearance(who.phenotypes, look)
        neutral = self._head.neutral(who)
        shown = np.concatenate([_seen(neutral[self._head.skull], *pose) for pose in _REACH], axis=1)
        return Sitter(
            identity=who,
            appearance=appearance,
            scene=sample_scene(light),
            camera=crop_cameras(shown, _DISTANCE, "loose") * _HAIR,
            worn=worn_vertices(self._head, neutral, appearance.locks, appearance.glasses),
        )

    def draw(
        self,
        sitter: Sitter,
        blendshapes: NDArray[np.float32],
        yaw: NDArray[np.float32],
        pitch: NDArray[np.float32],
        size: int,
        roll: NDArray[np.float32] | None = None,
    ) -> NDArray[np.uint8]:
        """Draws n pictures of one person.

        Args:
            sitter: From `sitter`.
            blendshapes: ``(n, 52)`` in [0, 1], in the order of `geofer.rendering.HEAD_BLENDSHAPES`.
            yaw: ``(n,)`` degrees, > 0 turns the nose to the image's right.
            pitch: ``(n,)`` degrees, > 0 looks up.
            size: Side of the pictures in pixels.
            roll: ``(n,)`` degrees, > 0 leans the top of the head to the image's right; None keeps it upright.

        Returns:
            ``(n, size, size, 3)`` uint8 RGB.
        """
        count = len(blendshapes)
        heads = self._head.vertices(sitter.identity, blendshapes)
        dressed = np.concatenate((heads, np.tile(sitter.worn, (count, 1, 1))), axis=1)
        pictures, _ = self._renderer.draw(
            dressed,
            fold_strengths(blendshapes, sitter.identity.phenotypes["age"]),
            np.arange(count, dtype=np.int32),
            head_rotation(yaw, pitch, np.zeros_like(yaw) if roll is None else roll),
            np.tile(sitter.camera, (count, 1)),
            sitter.appearance,
            [sitter.scene] * count,
            size,
            self._points,
        )
        return pictures


def render(
    expression: str,
    level: int = 4,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    size: int = 256,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Renders one face that shows an expression in a pose; the arguments are its labels.

    Args:
        expression: One of `geofer.faces.EXPRESSIONS`.
        level: 1 (slight) to 4 (strong); the neutral face has none and ignores it.
        yaw: Degrees in ±90; > 0 turns the nose to the image's right. Beyond ±45 hair may leave the picture.
        pitch: Degrees in ±60; > 0 looks up. Beyond ±30 hair may leave the picture.
        roll: Degrees in ±180; > 0 leans the top of the head to the image's right.
        size: Side of the picture in pixels, 64 to 1024.
        seed: Who it is, and in which light; from 0.

    Returns:
        ``(size, size, 3)`` uint8 RGB: the whole head. The same arguments give the same picture.

    Raises:
        ConfigError: The expression or the level does not exist, or a number is out of its range.

    Examples:
        >>> import geofer
        >>> geofer.render("happiness", yaw=30, size=128, seed=9).shape
        (128, 128, 3)
    """
    level, yaw, pitch, roll, size, seed = map(plain_number, (level, yaw, pitch, roll, size, seed))
    check_choice("expression", expression, EXPRESSIONS)
    check_choice("level", level, (1, 2, 3, 4))
    ranges = {"yaw": (yaw, 90), "pitch": (pitch, 60), "roll": (roll, 180)}
    for name, (angle, largest) in ranges.items():
        check_range(name, angle, -largest, largest)
    check_range("size", size, 64, 1024)
    check_range("seed", seed, 0)
    portraits = _portraits()
    blendshapes = expression_blendshapes(expression, level)[None]
    yaws, pitches, rolls = (np.array([angle], np.float32) for angle in (yaw, pitch, roll))
    pictures = portraits.draw(portraits.sitter(seed), blendshapes, yaws, pitches, size, rolls)
    picture: NDArray[np.uint8] = pictures[0]
    return picture


@cache
def _portraits() -> Portraits:
    return Portraits()


def _seen(points: NDArray[np.float32], yaw: float, pitch: float) -> NDArray[np.float32]:
    """Where points ``(P, 3)`` of a head in a pose appear: ``(1, P, 2)``."""
    pose = (np.array([angle], np.float32) for angle in (yaw, pitch, 0))
    return project_points(points[None], head_rotation(*pose), _DISTANCE)
