"""A mesh on one device, and the visibility buffers of views of it: what drawing heads and drawing scans share."""

import numpy as np
import warp as wp
from numpy.typing import NDArray

from geofer.quiet import silent_stderr
from geofer.rendering import raster_kernels


class Rasterizer:
    """Fills visibility buffers with one mesh; keeps what does not change with its shape and pose on the device."""

    def __init__(
        self,
        triangles: NDArray[np.int32],
        part: NDArray[np.int32],
        canonical: NDArray[np.float32],
        device: str | None = None,
    ) -> None:
        """Uploads the mesh; V vertices, F triangles.

        Args:
            triangles: ``(F, 3)``, counter-clockwise from outside; at most 2²⁰.
            part: ``(F,)``, see `geofer.rendering.head`.
            canonical: ``(V, 3)`` coordinates that the lashes are cut out in.
            device: Warp's name of a device; by default a GPU where there is one.
        """
        with silent_stderr():  # a machine without a GPU is no reason for a warning
            wp.init()
        self.device = device or str(wp.get_preferred_device())
        self.triangles = self._array(triangles, wp.int32)
        self.part = self._array(part, wp.int32)
        self.canonical = self._array(canonical, wp.vec3)
        order = np.argsort(triangles.reshape(-1), kind="stable")
        self.around = self._array((order // 3).astype(np.int32), wp.int32)
        counts = np.bincount(triangles.reshape(-1), minlength=len(canonical))
        self.starts = self._array(np.concatenate(([0], np.cumsum(counts))).astype(np.int32), wp.int32)

    @staticmethod
    def samples(size: int) -> int:
        """Samples along each side of a pixel in pictures of ``size`` pixels."""
        return 3 if size <= 128 else 2

    def normals(self, shapes: "wp.array") -> "wp.array":
        """Smooth normals ``(H, V)`` of H shapes of the mesh."""
        normals = wp.empty(shapes.shape, dtype=wp.vec3, device=self.device)
        self._launch(
            raster_kernels.vertex_normals, shapes.shape, shapes, self.triangles, self.starts, self.around, normals
        )
        return normals

    def rasterize(
        self,
        shapes: "wp.array",
        which: "wp.array",
        rotations: "wp.array",
        cameras: "wp.array",
        side: int,
        lashes: float = 0.0,
    ) -> tuple["wp.array", "wp.array"]:
        """Which triangle is nearest at every sample of every view.

        Args:
            shapes: ``(H, V)`` vec3 vertices.
            which: ``(n,)`` int32, the shape that each view shows.
            rotations: ``(n,)`` mat33 from the frame of the shapes to camera axes.
            cameras: ``(n,)`` vec4 from `geofer.rendering.camera.crop_cameras`.
            side: Samples along each side of a buffer.
            lashes: Their density in [0, 1].

        Returns:
            Vertices on the screen ``(n, V)`` vec3, see `raster_kernels.project`, and the buffers ``(n, side, side)``
            uint64, see `raster_kernels.fill`.
        """
        views, vertices = len(which), shapes.shape[1]
        screen = wp.empty((views, vertices), dtype=wp.vec3, device=self.device)
        buffer = wp.full((views, side, side), raster_kernels.EMPTY, dtype=wp.uint64, device=self.device)
        self._launch(raster_kernels.project, (views, vertices), shapes, which, rotations, cameras, float(side), screen)
        self._launch(
            raster_kernels.fill,
            (views, len(self.part)),
            screen,
            self.triangles,
            self.part,
            self.canonical,
            lashes,
            side,
            buffer,
        )
        return screen, buffer

    def _array(self, values: NDArray[np.generic], dtype: object) -> "wp.array":
        return wp.array(np.ascontiguousarray(values), dtype=dtype, device=self.device)

    def _launch(self, kernel: object, dim: tuple[int, ...], *inputs: object) -> None:
        wp.launch(kernel, dim=dim, inputs=inputs, device=self.device)
