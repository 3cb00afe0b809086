"""Turning a face in three dimensions, without learning: what G's ``warp`` option starts from."""

from importlib.resources import files
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.landmarks.mean_head import MEAN_HEAD

_SMOOTHING = 0.01
"""How far the spline may pass by a landmark, so that noise does not wrinkle the face."""

_SIDEWAYS = 0.3
"""Cosine between skin and camera below which the other half of the face, mirrored, shows more."""

_THICKNESS = 12.0
"""Millimeters behind the nearest skin that still count as the same skin."""


class WarpedFace(NamedTuple):
    """A face with another geometry.

    Attributes:
        image: ``(B, 3, H, W)`` in [-1, 1]; where no face lies, the input picture.
        covered: ``(B, 1, H, W)``, 1 where the face lies and 0 elsewhere.
    """

    image: Tensor
    covered: Tensor


class FaceWarp(nn.Module):
    """Brings a face from its own landmarks to others, by way of an average face in three dimensions.

    The average face is a chart: a grid of points on its skin, with the 68 landmarks among them. A chart is laid over a
    picture by the affine camera that takes its landmarks nearest to those of the picture, and what that camera leaves
    over is spread over the chart by a smoothing thin-plate spline (Duchon, 1977). Both are linear in the landmarks, so
    that one matrix, made once, lays a chart over any picture. It is laid over the input and over the target; each
    pixel of the target then looks up the input where its point of the chart lies there. Of points that fall on one
    pixel the nearest to the camera counts. Skin that the input hides is taken from the other half of the face.

    Nothing here is learned, and no gradient flows through it.
    """

    positions: Tensor
    normals: Tensor
    camera: Tensor
    places: Tensor

    def __init__(self, image_size: int) -> None:
        """Make the matrices; the chart gets twice as many points a side as the picture has pixels."""
        super().__init__()
        if torch.get_default_device().type == "meta":  # somebody asks for the shapes of what is learned; this is not
            return
        with np.load(str(files("geofer.networks").joinpath("average_face.npz")), allow_pickle=False) as file:
            positions, chart = torch.from_numpy(file["positions"]), torch.from_numpy(file["chart"])
        landmarks = torch.tensor(MEAN_HEAD)
        self.side, self.points = positions.shape[0], 2 * image_size
        homogeneous = torch.cat([landmarks, torch.ones(len(landmarks), 1)], dim=1)
        camera = torch.linalg.pinv(homogeneous.double()).float()  # (4, 68): landmarks in a picture to an affine camera
        spread = _spline(chart, self.side) @ (torch.eye(len(landmarks)) - homogeneous @ camera)
        grid = positions.flatten(0, 1)
        places = torch.cat([grid, torch.ones(len(grid), 1)], dim=1) @ camera + spread
        fine = self._refine(positions.permute(2, 0, 1)[None])
        constants = {"positions": fine[0].flatten(1), "normals": _normals(fine).flatten(1), "camera": camera}
        for name, value in {**constants, "places": places}.items():
            self.register_buffer(name, value, persistent=False)

    def forward(self, image: Tensor, landmarks: Tensor, target: Tensor) -> WarpedFace:
        """Warp faces.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            landmarks: ``(B, 68, 2)`` of the image, in [-1, 1].
            target: ``(B, 68, 2)`` where they shall be.
        """
        with torch.no_grad(), torch.autocast(image.device.type, enabled=False):
            image, source, target = image.float(), landmarks.float(), target.float()
            seen, view = self._lay(source), self._view(target)
            own = torch.sigmoid((self._facing(source) - _SIDEWAYS) * 20)
            own = torch.where(own >= own.flip(-1), 1.0, own)  # the other half is no better: keep this one
            found, covered = self._draw(
                self._lay(target), view, torch.cat([seen, seen.flip(-1), own[:, None]], dim=1), image.shape[-1]
            )
            here, mirrored, own = found[:, :2], found[:, 2:4], found[:, 4:]
            face = own * _look_up(image, here) + (1 - own) * _look_up(image, mirrored)
            return WarpedFace(torch.where(covered > 0, face, image), covered)

    def _refine(self, maps: Tensor) -> Tensor:
        """Maps over the chart ``(B, c, side, side)``, with as many points as are drawn."""
        return F.interpolate(maps, (self.points, self.points), mode="bilinear", align_corners=True)

    def _lay(self, landmarks: Tensor) -> Tensor:
        """Where in a picture with these landmarks each point of the chart lies, ``(B, 2, points, points)``."""
        return self._refine((self.places @ landmarks).mT.reshape(-1, 2, self.side, self.side))

    def _view(self, landmarks: Tensor) -> Tensor:
        """Direction from the face to the camera, ``(B, 3)``: at right angles to what the camera takes for x and y."""
        x, y = (self.camera @ landmarks)[:, :3].unbind(-1)
        return F.normalize(torch.linalg.cross(y, x), dim=1)

    def _facing(self, landmarks: Tensor) -> Tensor:
        """Cosine between the skin and the direction to the camera, ``(B, points, points)``."""
        return (self._view(landmarks) @ self.normals).reshape(-1, self.points, self.points)

    def _draw(self, places: Tensor, view: Tensor, values: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Draw values of the chart's points into pictures.

        Args:
            places: ``(B, 2, points, points)`` in [-1, 1].
            view: ``(B, 3)`` towards the camera.
            values: ``(B, c, points, points)``.
            size: Side of the pictures in pixels.

        Returns:
            ``(B, c, size, size)``, the mean over the nearest points of each pixel, and where there are any.
        """
        pixel = ((places.flatten(2) + 1) * size / 2 - 0.5).round().long()
        inside = ((pixel >= 0) & (pixel < size)).all(dim=1) & (view @ self.normals > 0)
        pixel = torch.where(inside, pixel[:, 1] * size + pixel[:, 0], size * size)  # the last one takes what is outside
        depth = view @ self.positions
        nearest = depth.new_full((len(view), size * size + 1), -torch.inf).scatter_reduce(1, pixel, depth, "amax")
        counts = (inside & (depth > nearest.gather(1, pixel) - _THICKNESS)).to(values.dtype)[:, None]
        drawn = torch.cat([values.flatten(2), torch.ones_like(counts)], dim=1) * counts
        total = drawn.new_zeros(*drawn.shape[:2], size * size + 1)
        total = total.scatter_add(2, pixel[:, None].expand_as(drawn), drawn)[..., :-1].reshape(
            len(view), -1, size, size
        )
        for reach in (3, 5):  # pixels that no point fell on, among pixels where some did
            surrounded = _mean_around((total[:, -1:] > 0).float(), reach) > 0.5
            near = _mean_around(total, reach)
            total = torch.where(surrounded & (total[:, -1:] == 0), near, total)
        return total[:, :-1] / total[:, -1:].clamp(min=1e-6), (total[:, -1:] > 0).float()


def _spline(chart: Tensor, side: int) -> Tensor:
    """The matrix ``(side², 68)`` that spreads values at the landmarks over the chart.

    Args:
        chart: ``(68, 2)``, where the landmarks lie on the chart, in [-1, 1].
        side: Points of the chart along a side.
    """
    axis = torch.linspace(-1, 1, side, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1).flatten(0, 1)
    chart, count = chart.double(), len(chart)
    plane = torch.cat([chart, torch.ones(count, 1)], dim=1)
    system = torch.zeros(count + 3, count + 3, dtype=torch.float64)
    system[:count, :count] = _bending(chart, chart) + _SMOOTHING * torch.eye(count)
    system[:count, count:], system[count:, :count] = plane, plane.mT
    basis = torch.cat([_bending(grid, chart), grid, torch.ones(len(grid), 1)], dim=1)
    inverse: Tensor = torch.linalg.inv(system)
    return (basis @ inverse[:, :count]).float()


def _bending(points: Tensor, centers: Tensor) -> Tensor:
    """r² log r² of the distances between ``(n, 2)`` points and ``(m, 2)`` centers."""
    squared = (points[:, None] - centers).square().sum(dim=-1)
    bending: Tensor = torch.xlogy(squared, squared)
    return bending


def _normals(positions: Tensor) -> Tensor:
    """Outward unit normals of the chart, ``(3, n, n)``, a little smoothed; ``positions`` are ``(1, 3, n, n)``."""
    down, along = (torch.gradient(positions[0], dim=dim)[0] for dim in (1, 2))
    normals = F.normalize(torch.linalg.cross(down, along, dim=0), dim=0)
    smooth: Tensor = F.normalize(F.avg_pool2d(normals, 7, 1, 3, count_include_pad=False), dim=0)
    return smooth


def _mean_around(maps: Tensor, reach: int) -> Tensor:
    """The mean of ``reach`` × ``reach`` pixels around each one, zeros outside; `F.avg_pool2d` is slow on a CPU."""
    height, width = maps.shape[-2:]
    padded = F.pad(maps, (reach // 2,) * 4)
    total = torch.zeros_like(maps)
    for row, column in product(range(reach), repeat=2):
        total += padded[..., row : row + height, column : column + width]
    return total / reach**2


def _look_up(image: Tensor, places: Tensor) -> Tensor:
    """The picture at places ``(B, 2, H, W)`` in [-1, 1]; outside, its edge."""
    found: Tensor = F.grid_sample(image, places.movedim(1, -1), padding_mode="border", align_corners=False)
    return found
