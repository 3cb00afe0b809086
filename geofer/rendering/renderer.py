"""Draws many views of one person's heads in one go, and tells which points of the surface they show."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

import numpy as np
import warp as wp
from numpy.typing import NDArray

from geofer.rendering import raster_kernels, shading
from geofer.rendering.appearance import Appearance
from geofer.rendering.head import HeadModel
from geofer.rendering.look import Look
from geofer.rendering.openness import nearest_directions
from geofer.rendering.paint import Folds
from geofer.rendering.rasterizer import Rasterizer
from geofer.rendering.scene import Lighting
from geofer.rendering.worn import worn_mesh

_WORN_MASKS = np.array((0, 0, 0, 0.85), np.float32)
"""Hair and glasses are no lips, lids or mouth, and fairly open to light."""

_HIDDEN_BEHIND = 0.006
"""A point is hidden when something lies more than this many meters in front of it."""


class Renderer(Rasterizer):
    """Draws a `HeadModel` and what it wears on one device; keeps what does not change from person to person there."""

    def __init__(self, head: HeadModel, device: str | None = None) -> None:
        """Uploads the mesh.

        Args:
            head: The mesh to draw.
            device: Warp's name of a device; by default a GPU where there is one.
        """
        worn, self._bare = worn_mesh(), len(head.template)
        added = len(worn.canonical)
        super().__init__(
            np.concatenate((head.triangles, self._bare + worn.triangles)),
            np.concatenate((head.part, worn.part)),
            np.concatenate((head.canonical, worn.canonical)),
            device,
        )
        self.masks = self._array(np.concatenate((head.masks, np.tile(_WORN_MASKS, (added, 1)))), wp.vec4)
        self.lit = self._array(np.pad(head.lit.T, ((0, 0), (0, added)), constant_values=1), wp.float32)

    def draw(
        self,
        heads: NDArray[np.float32],
        folds: NDArray[np.float32],
        head_of: NDArray[np.int32],
        rotations: NDArray[np.float32],
        cameras: NDArray[np.float32],
        appearance: Appearance,
        scenes: Sequence[Lighting],
        size: int,
        points: NDArray[np.int64],
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Draws n views.

        Args:
            heads: ``(H, V + W, 3)`` vertices in the head frame, followed by those of `geofer.rendering.worn`.
            folds: ``(H, 9)`` strengths of folds, from `geofer.rendering.wrinkles.fold_strengths`.
            head_of: ``(n,)`` which head each view shows.
            rotations: ``(n, 3, 3)`` from head frame to camera axes.
            cameras: ``(n, 4)`` from `geofer.rendering.camera.crop_cameras`.
            appearance: Of the person.
            scenes: n lights and backgrounds.
            size: Side of the pictures in pixels.
            points: ``(P,)`` vertices whose visibility is asked for.

        Returns:
            Pictures ``(n, size, size, 3)`` and whether each view shows each point, ``(n, P)``.
        """
        samples = self.samples(size)
        shape = self._array(heads, wp.vec3)
        which = self._array(head_of, wp.int32)
        turns = self._array(rotations, wp.mat33)
        seen_from = self._array(cameras, wp.vec4)
        look = _look(appearance)
        self._launch(
            raster_kernels.grow_hair, (len(heads), self._bare), shape, self.normals(shape), self.canonical, look
        )
        lamps = np.einsum("nji,nj->ni", rotations, np.array([scene.key_from for scene in scenes]))
        shadows = wp.empty((len(head_of), heads.shape[1]), dtype=wp.float32, device=self.device)
        near, weights = nearest_directions(lamps)
        self._launch(
            raster_kernels.cast_shadows,
            shadows.shape,
            self.lit,
            self._array(near, wp.int32),
            self._array(weights, wp.float32),
            shadows,
        )
        screen, buffer = self.rasterize(shape, which, turns, seen_from, size * samples, appearance.lashes)
        pictures = wp.empty((len(head_of), size, size, 3), dtype=wp.uint8, device=self.device)
        self._launch(
            shading.shade,
            (len(head_of), size, size),
            buffer,
            screen,
            self.normals(shape),
            shape,
            self._array(folds, Folds),
            which,
            turns,
            seen_from,
            self.triangles,
            self.part,
            self.canonical,
            self.masks,
            shadows,
            look,
            _scene_array(scenes, self.device),
            samples,
            pictures,
        )
        return pictures.numpy(), self._visible(buffer.numpy(), screen.numpy()[:, points])

    @staticmethod
    def _visible(buffer: NDArray[np.uint64], points: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether nothing in the buffer ``(n, S, S)`` lies in front of projected points ``(n, P, 3)``."""
        side = buffer.shape[1]
        column, row = (np.clip(points[..., axis].astype(int), 0, side - 1) for axis in (0, 1))
        nearest = buffer[np.arange(len(buffer))[:, None], row, column] >> raster_kernels.TRIANGLE_BITS
        nearest = nearest / raster_kernels.DEPTH_STEPS
        return np.asarray(points[..., 2] < nearest + _HIDDEN_BEHIND)


def _look(appearance: Appearance) -> object:
    look = Look()
    for name, value in asdict(appearance).items():
        if name not in ("lashes", "locks", "glasses"):
            setattr(look, name, wp.vec3(*value) if isinstance(value, tuple) else value)
    return look


def _scene_array(scenes: Sequence[Lighting], device: str) -> "wp.array":
    rows = [tuple(asdict(scene).values()) for scene in scenes]
    layout = cast(Any, shading.Scene).numpy_dtype()  # Warp's decorator adds it
    return wp.array(np.array(rows, dtype=layout), dtype=shading.Scene, device=device)
