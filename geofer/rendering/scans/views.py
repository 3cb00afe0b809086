"""Draws a scan from any side, and follows points of its surface through the views."""

from typing import NamedTuple

import numpy as np
import warp as wp
from numpy.typing import NDArray

from geofer.rendering.camera import crop_cameras, from_pixels, head_rotation, project_points, to_pixels
from geofer.rendering.parts import SKIN
from geofer.rendering.raster_kernels import EMPTY
from geofer.rendering.rasterizer import Rasterizer
from geofer.rendering.scans.mesh import Scan
from geofer.rendering.scans.shading import shade_scan

DISTANCE = 1.2
"""From the camera to the middle of the scan, meters."""

_PLAIN = np.array((0.80, 0.62, 0.54), np.float32)
"""Skin of scans without color, RGB in [0, 1]."""

_WALL = (0.21, 0.21, 0.21)
"""What stands behind all scans, linear RGB."""

_LINEAR = (np.arange(256, dtype=np.float32) / 255) ** 2.2
"""Linear light of every value of a texture."""

_BATCH_SAMPLES = 16_000_000
"""Most samples of a visibility buffer that are held at once: 128 MB."""


class Views(NamedTuple):
    """n sides that a scan is seen from.

    Attributes:
        rotations: ``(n, 3, 3)`` from the scan's frame to camera axes.
        cameras: ``(n, 4)``, see `geofer.rendering.camera.crop_cameras`.
    """

    rotations: NDArray[np.float32]
    cameras: NDArray[np.float32]

    def widened(self, factor: float) -> "Views":
        """The same sides in pictures that show ``factor`` times as much in width and height."""
        return Views(self.rotations, self.cameras * np.array((1, 1, 1, factor), np.float32))


class PosedScan(Rasterizer):
    """A scan on one device.

    Its frame is that of its file in meters, with the origin in the middle of the surface's bounding box; there the
    scan turns.
    """

    def __init__(self, scan: Scan, device: str | None = None) -> None:
        """Uploads the scan.

        Args:
            scan: What to draw.
            device: Warp's name of a device; by default a GPU where there is one.
        """
        surface = scan.vertices[scan.triangles]
        middle = (surface.min((0, 1)) + surface.max((0, 1))) / 2
        self.points = ((scan.vertices - middle) / 1000).astype(np.float32)
        """``(V, 3)`` vertices in the scan's frame."""
        self.extent = self.points[np.unique(scan.triangles)]
        """Vertices of triangles, in the scan's frame."""
        super().__init__(scan.triangles, np.full(len(scan.triangles), SKIN, np.int32), self.points, device)
        self._shape = self._array(self.points[None], wp.vec3)
        plain = scan.texture is None and scan.colors is None
        colors = np.broadcast_to(_PLAIN, (len(scan.triangles), 3, 3)) if scan.colors is None else scan.colors
        self._colors = self._array(colors**2.2, wp.vec3)
        self._normals = self.normals(self._shape) if plain else wp.empty((0, 0), dtype=wp.vec3, device=self.device)
        self._texture = wp.empty((0, 0), dtype=wp.vec3, device=self.device)
        self._texture_points = wp.empty((0, 0), dtype=wp.vec2, device=self.device)
        if scan.texture is not None and scan.texture_points is not None:
            self._texture = self._array(_LINEAR[scan.texture], wp.vec3)
            self._texture_points = self._array(scan.texture_points, wp.vec2)

    def views(self, yaw: NDArray[np.float32], pitch: NDArray[np.float32], shown: NDArray[np.float32]) -> Views:
        """Sides to see the scan from, each camera turned to what it must show.

        Args:
            yaw: ``(n,)`` degrees, > 0 turns the nose to the image's right.
            pitch: ``(n,)`` degrees, > 0 looks up.
            shown: ``(P, 3)`` points of the scan's frame; every picture is the tight crop around them.
        """
        rotations = head_rotation(yaw, pitch, np.zeros_like(yaw))
        projected = project_points(np.broadcast_to(shown, (len(yaw), *shown.shape)), rotations, DISTANCE)
        return Views(rotations, crop_cameras(projected, DISTANCE, "tight"))

    def draw(self, views: Views, size: int) -> NDArray[np.uint8]:
        """Pictures ``(n, size, size, 3)`` of the scan, anti-aliased, before a plain wall."""
        samples = self.samples(size)
        batch = max(1, _BATCH_SAMPLES // (size * samples) ** 2)
        pictures = []
        for start in range(0, len(views.cameras), batch):
            part = Views(*(values[start : start + batch] for values in views))
            screen, buffer = self._buffers(part, size)
            drawn = wp.empty((len(part.cameras), size, size, 3), dtype=wp.uint8, device=self.device)
            self._launch(
                shade_scan,
                drawn.shape[:3],
                buffer,
                screen,
                self._array(part.rotations, wp.mat33),
                self.triangles,
                self._texture,
                self._texture_points,
                self._colors,
                self._normals,
                wp.vec3(*_WALL),
                samples,
                drawn,
            )
            pictures.append(drawn.numpy())
        return np.concatenate(pictures)

    def pixels(self, points: NDArray[np.float32], views: Views, size: int) -> NDArray[np.float32]:
        """Points ``(P, 3)`` of the scan's frame, hidden or not, in the pixels ``(n, P, 2)`` of pictures of ``size``."""
        everywhere = np.broadcast_to(points, (len(views.cameras), *points.shape))
        return to_pixels(project_points(everywhere, views.rotations, DISTANCE), views.cameras, size)

    def surface(self, view: Views, size: int) -> NDArray[np.float32]:
        """Points of the surface that one picture shows, one a sample: ``(N, 3)`` in camera axes, meters.

        Args:
            view: The one side that the picture shows.
            size: Of the picture, in pixels.
        """
        buffer = self._buffers(view, size)[1].numpy()[0]
        rows, columns = np.nonzero(buffer != EMPTY)
        pixels = (np.stack((columns, rows), axis=1) + 0.5) / self.samples(size) - 0.5
        depth = (buffer[rows, columns] >> 20)[:, None] * 1e-9
        on_plane = from_pixels(pixels[None].astype(np.float32), view.cameras, size)[0]
        return np.concatenate((on_plane * depth, DISTANCE - depth), axis=1).astype(np.float32)

    def _buffers(self, views: Views, size: int) -> tuple["wp.array", "wp.array"]:
        return self.rasterize(
            self._shape,
            wp.zeros(len(views.cameras), dtype=wp.int32, device=self.device),
            self._array(views.rotations, wp.mat33),
            self._array(views.cameras, wp.vec4),
            size * self.samples(size),
        )
