"""One rendered person who shows what they are told, seen by a camera that stands still."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geofer.rendering.appearance import Appearance, sample_appearance
from geofer.rendering.camera import crop_cameras, head_rotation, project_points
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
    ) -> NDArray[np.uint8]:
        """Draws n pictures of one person.

        Args:
            sitter: From `sitter`.
            blendshapes: ``(n, 52)`` in [0, 1], in the order of `geofer.rendering.HEAD_BLENDSHAPES`.
            yaw: ``(n,)`` degrees, > 0 turns the nose to the image's right.
            pitch: ``(n,)`` degrees, > 0 looks up.
            size: Side of the pictures in pixels.

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
            head_rotation(yaw, pitch, np.zeros_like(yaw)),
            np.tile(sitter.camera, (count, 1)),
            sitter.appearance,
            [sitter.scene] * count,
            size,
            self._points,
        )
        return pictures


def _seen(points: NDArray[np.float32], yaw: float, pitch: float) -> NDArray[np.float32]:
    """Where points ``(P, 3)`` of a head in a pose appear: ``(1, P, 2)``."""
    pose = (np.array([angle], np.float32) for angle in (yaw, pitch, 0))
    return project_points(points[None], head_rotation(*pose), _DISTANCE)
