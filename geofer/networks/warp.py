"""Turning a face in three dimensions, without learning: what a generator that warps starts from."""

from importlib.resources import files
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geofer.faces import INNER_LIP, JAW
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.networks.contours import fill_polygon

_SMOOTHING, _SMOOTHING_OF_JAW = 1e-4, 1e-3
"""How far the spline may pass by a landmark. Those of the jaw lie on an outline rather than on a point of the skin."""

UPPER_EDGE, LOWER_EDGE = (61, 62, 63), (65, 66, 67)
"""Landmarks on the edges of the lips where they meet, but for the corners of the mouth."""

_DENSER = 3.0
"""How many times denser than at the chart's edges its points lie around eyes, nose and mouth."""

_THICKNESS = 12.0
"""Millimeters behind the nearest skin that still count as the same skin."""

_BACK = 128.0
"""Millimeters behind and before the middle of the head that depths are told apart in."""

_UNSEEN, _SEEN = 0.1, 0.3
"""Pixels of the input that one pixel of the target is made of: with fewer it is a hole, with more it is none."""


class WarpedFace(NamedTuple):
    """A face with another geometry.

    Attributes:
        image: ``(B, 3, H, W)`` in [-1, 1]. Skin that the input hides is taken from the other half of the face, as a
            guess; the other holes are 0.
        covered: ``(B, 1, H, W)`` in [0, 1]: 1 where the input shows what lies here, 0 in holes. Holes are the inside of
            the mouth, skin that the input hides, and all that is no face.
        places: ``(B, 2, H, W)`` where in the input each pixel comes from, in [-1, 1]; continued into the holes.
    """

    image: Tensor
    covered: Tensor
    places: Tensor


class _Skin(NamedTuple):
    """Pixels of the target that show skin, of all faces in one list.

    Attributes:
        pixel: ``(n,)`` the number of each among the ``B · size²`` pixels.
        point: ``(n,)`` the number of the chart's point that it shows, among the ``B · side²`` points.
        along: ``(n, 2)`` how far beyond that point its center lies, in steps of the chart to the right and down.
        area: ``(n,)`` pixels of the target that one cell of the chart covers; negative if seen from behind.
    """

    pixel: Tensor
    point: Tensor
    along: Tensor
    area: Tensor

    def of(self, chosen: Tensor) -> "_Skin":
        """Some of them."""
        return _Skin(*(part[chosen] for part in self))


class FaceWarp(nn.Module):
    """Brings a face from its own landmarks to others, by way of an average face in three dimensions.

    The average face is a chart: a grid of points on its skin, with the 68 landmarks among them. A chart is laid over a
    picture by the affine camera that takes its landmarks nearest to those of the picture, and what that camera leaves
    over is spread over the chart by a thin-plate spline (Duchon, 1977). Both are linear in the landmarks, so that one
    matrix, made once, lays a chart over any picture. It is laid over the input and over the target. Each pixel of the
    target takes the nearest to the camera of the points that fall on it, and looks up the input where that point lies
    there; from the point to the pixel's center it goes along the chart. There are no points between the lips, so that
    the mouth opens.

    Nothing here is learned, and no gradient flows through it.
    """

    positions: Tensor
    camera: Tensor
    places: Tensor
    skin: Tensor
    inner: Tensor

    def __init__(self, image_size: int) -> None:
        """Make the matrices; the chart gets twice as many points a side as the picture has pixels."""
        super().__init__()
        if torch.get_default_device().type == "meta":  # somebody asks for the shapes of what is learned; this is not
            return
        with np.load(str(files("geofer.networks").joinpath("average_face.npz")), allow_pickle=False) as file:
            positions, chart = torch.from_numpy(file["positions"]), torch.from_numpy(file["chart"])
        landmarks = torch.tensor(MEAN_HEAD)
        self.side = 2 * image_size
        axes = (_axis(self.side, middle, reach) for middle, reach in ((0.0, 0.35), (0.2, 0.5)))
        grid = torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1)
        fine = F.grid_sample(positions.permute(2, 0, 1)[None], grid[None], align_corners=True)[0].flatten(1)
        grid = grid.flatten(0, 1)
        homogeneous = torch.cat([landmarks, torch.ones(len(landmarks), 1)], dim=1)
        camera = torch.linalg.pinv(homogeneous.double()).float()  # (4, 68): landmarks in a picture to an affine camera
        spread = _spread(chart, grid) @ (torch.eye(len(landmarks)) - homogeneous @ camera)
        row = torch.arange(self.side).clamp(1, self.side - 2)
        constants = {
            "positions": fine,
            "camera": camera,
            "places": torch.cat([fine.mT, torch.ones(len(grid), 1)], dim=1) @ camera + spread,
            "skin": ~_inside(grid, chart[INNER_LIP]),
            "inner": row[:, None].mul(self.side).add(row).flatten(),
        }
        for name, value in constants.items():
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
            count, size = len(image), image.shape[-1]
            seen, depth = self._lay(source, size), self._depth(source)
            skin = self._skin(self._lay(target, size), self._depth(target), size)
            places, shown = self._trace(skin, seen)
            shown = shown * ~self._hidden(skin.point, seen, depth, size)
            half = shown < 1
            mirrored, guessed = self._trace(skin.of(half), seen, mirrored=True)
            guessed = (guessed > shown[half]) * (1 - shown[half])

            def in_picture(values: Tensor, pixel: Tensor) -> Tensor:
                """``(n, c)`` of pixels to ``(B, size, size, c)``, 0 elsewhere."""
                flat = values.new_zeros(count * size * size, values.shape[1])
                return flat.index_copy_(0, pixel, values).view(count, size, size, -1)

            places = in_picture(_normalized(places, size), skin.pixel)
            mirrored = in_picture(_normalized(mirrored, size), skin.pixel[half])
            seen_fraction = in_picture(shown[:, None], skin.pixel).movedim(-1, 1)
            guessed_fraction = in_picture(guessed[:, None], skin.pixel[half]).movedim(-1, 1)
            lips = 1 - fill_polygon(target[:, INNER_LIP], size)
            shown_image = seen_fraction * _look_up(image, places) + guessed_fraction * _look_up(image, mirrored)
            covered = seen_fraction * lips
            return WarpedFace(shown_image * lips, covered, _continued(places.movedim(-1, 1), covered))

    def _lay(self, landmarks: Tensor, size: int) -> Tensor:
        """Where each point of the chart lies in a picture with these landmarks, in pixels: ``(B, side², 2)``."""
        pixels = (landmarks + 1) * (size / 2) - 0.5
        columns = pixels.transpose(0, 1).flatten(1)  # one product for all faces
        # The product with two columns is four times as fast when it is written the other way round.
        laid = (columns.mT.contiguous() @ self.places.mT).mT if len(landmarks) == 1 else self.places @ columns
        return laid.view(-1, *pixels.shape[::2]).transpose(0, 1).contiguous()

    def _depth(self, landmarks: Tensor) -> Tensor:
        """How near to the camera each point of the chart is, in millimeters: ``(B, side²)``.

        The camera looks at right angles to what it takes for x and y.
        """
        x, y = (self.camera @ landmarks)[:, :3].unbind(-1)
        return F.normalize(torch.linalg.cross(y, x), dim=1) @ self.positions

    def _nearest(self, laid: Tensor, depth: Tensor, size: int) -> Tensor:
        """The point of the chart that each pixel shows, ``(B, size²)``; -1 where there is none.

        Depth and number of a point are one integer, so that the largest of them is the nearest point.
        """
        column, row = laid.round().unbind(-1)
        inside = (column >= 0) & (column < size) & (row >= 0) & (row < size) & self.skin
        pixel = torch.where(inside, row * size + column, size * size).long()  # the last one takes what is outside
        steps = torch.iinfo(torch.int32).max // self.side**2  # the deepest ones count as equal
        depth = ((depth + _BACK) * (steps / (2 * _BACK))).clamp(0, steps - 1).int()
        key = depth * self.side**2 + torch.arange(self.side**2, device=laid.device, dtype=torch.int32)
        nearest = key.new_full((len(laid), size * size + 1), -1).scatter_reduce(1, pixel, key, "amax")[:, :-1]
        nearest = _close_gaps(nearest.view(-1, size, size)).flatten(1)
        return torch.where(nearest >= 0, nearest % self.side**2, -1)

    def _skin(self, laid: Tensor, depth: Tensor, size: int) -> _Skin:
        """Which pixels of the target show which points of the chart.

        Args:
            laid: ``(B, side², 2)`` over the target, in pixels.
            depth: ``(B, side²)`` in millimeters.
            size: Side of the picture in pixels.
        """
        nearest = self._nearest(laid, depth, size)
        face, pixel = (nearest >= 0).nonzero().unbind(dim=1)
        point = self.inner[nearest[face, pixel]] + face * self.side**2
        at, down, right = _around(laid, point, 1, self.side)
        way = _centers(size, laid.device)[pixel] - at
        area = _away_from_zero(_cross(right, down))
        along = torch.stack([_cross(way, down), _cross(right, way)], dim=-1) / area[:, None]
        return _Skin(pixel + face * size**2, point, along.clamp(-2, 2), area)

    def _trace(self, skin: _Skin, seen: Tensor, mirrored: bool = False) -> tuple[Tensor, Tensor]:
        """From pixels of the target to the input, along the chart.

        Args:
            skin: The pixels.
            seen: ``(B, side², 2)`` over the input, in pixels.
            mirrored: Go to the other half of the face.

        Returns:
            ``(n, 2)`` pixels of the input, and ``(n,)`` how well they show that skin, in [0, 1].
        """
        point, way = skin.point, 1
        if mirrored:
            column = point % self.side
            point, way = point - column + (self.side - 1 - column), -1
        start, down, right = _around(seen, point, way, self.side)
        places = start + skin.along[:, :1] * right + skin.along[:, 1:] * down
        shown = way * _cross(right, down) / skin.area
        size = self.side // 2
        inside = ((places > -0.5) & (places < size - 0.5)).all(dim=-1)
        return places, ((shown - _UNSEEN) / (_SEEN - _UNSEEN)).clamp(0, 1) * inside

    def _hidden(self, point: Tensor, seen: Tensor, depth: Tensor, size: int) -> Tensor:
        """Whether something of the face lies before points of the chart in the input, ``(n,)``."""
        coarse = size // 2
        column, row = (seen / 2).round_().clamp_(0, coarse - 1).unbind(-1)
        cell = (row * coarse + column).long()
        front = depth.new_full((len(depth), coarse**2), -torch.inf).scatter_reduce(1, cell, depth, "amax")
        nearest = front.flatten()[point // self.side**2 * coarse**2 + cell.flatten()[point]]
        return depth.flatten()[point] < nearest - _THICKNESS


def _axis(count: int, middle: float, reach: float) -> Tensor:
    """Places from -1 to 1, `_DENSER` times as dense in the middle as far off."""
    fine = torch.linspace(-1, 1, 4096)
    density = 1 + (_DENSER - 1) * torch.exp(-(((fine - middle) / reach) ** 2))
    passed = density.cumsum(0)
    wanted = torch.linspace(float(passed[0]), float(passed[-1]), count)
    return torch.from_numpy(np.interp(wanted.numpy(), passed.numpy(), fine.numpy())).float()


def _spread(chart: Tensor, grid: Tensor) -> Tensor:
    """The matrix ``(n, 68)`` that spreads values at the landmarks over the chart, which is cut along the lips.

    Above the cut the edge of the lower lip counts for nothing, below it that of the upper lip: one spline over both
    would have to jump where the mouth opens, and overshoot. Beside the mouth the two merge.

    Args:
        chart: ``(68, 2)``, where the landmarks lie on the chart, in [-1, 1].
        grid: ``(n, 2)``, the points of the chart.
    """
    lips = chart[INNER_LIP]
    upper, lower = lips[[0, 1, 2, 3, 4]], lips[[0, 7, 6, 5, 4]]
    x, y = grid.unbind(dim=1)
    cut = torch.from_numpy(np.interp(x, upper[:, 0], (upper[:, 1] + lower[:, 1]) / 2)).float()
    beside = (x.abs() - upper[-1, 0]).clamp(min=0)
    above = (0.5 + (cut - y) / (1e-4 + beside)).clamp(0, 1)[:, None]
    return above * _spline(chart, grid, LOWER_EDGE) + (1 - above) * _spline(chart, grid, UPPER_EDGE)


def _spline(chart: Tensor, grid: Tensor, without: tuple[int, ...]) -> Tensor:
    """As `_spread`, by one spline that leaves out some landmarks."""
    kept = [point for point in range(len(chart)) if point not in without]
    spread = torch.zeros(len(grid), len(chart))
    smoothing = torch.full((len(chart),), _SMOOTHING, dtype=torch.float64)
    smoothing[JAW] = _SMOOTHING_OF_JAW
    chart, grid, count = chart[kept].double(), grid.double(), len(kept)
    plane = torch.cat([chart, torch.ones(count, 1)], dim=1)
    system = torch.zeros(count + 3, count + 3, dtype=torch.float64)
    system[:count, :count] = _bending(chart, chart) + smoothing[kept].diag()
    system[:count, count:], system[count:, :count] = plane, plane.mT
    basis = torch.cat([_bending(grid, chart), grid, torch.ones(len(grid), 1)], dim=1)
    spread[:, kept] = (basis @ torch.linalg.inv(system)[:, :count]).float()
    return spread


def _bending(points: Tensor, centers: Tensor) -> Tensor:
    """r² log r² of the distances between ``(n, 2)`` points and ``(m, 2)`` centers."""
    squared = (points[:, None] - centers).square().sum(dim=-1)
    bending: Tensor = torch.xlogy(squared, squared)
    return bending


def _inside(points: Tensor, corners: Tensor) -> Tensor:
    """Which of ``(n, 2)`` points lie inside the polygon ``(m, 2)``: whence a ray crosses an odd number of edges."""
    start, end = corners, corners.roll(-1, dims=0)
    y = points[:, None, 1]
    crosses = (start[:, 1] > y) != (end[:, 1] > y)
    at = start[:, 0] + (y - start[:, 1]) / _away_from_zero(end[:, 1] - start[:, 1]) * (end[:, 0] - start[:, 0])
    return (crosses & (points[:, None, 0] < at)).sum(dim=1) % 2 == 1


def _centers(size: int, device: torch.device) -> Tensor:
    """``(size², 2)`` column and row of each pixel."""
    axis = torch.arange(size, device=device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1).flatten(0, 1)


def _around(laid: Tensor, point: Tensor, right: int, down: int) -> tuple[Tensor, Tensor, Tensor]:
    """Places of points ``(B, n, 2)``, and how they change from each one to the next on its right, and below it."""
    table = laid.view(torch.int64).flatten()  # both coordinates at once, which is faster

    def take(number: Tensor) -> Tensor:
        return table.take(number)[..., None].view(torch.float32)

    return (
        take(point),
        (take(point + down) - take(point - down)) / 2,
        (take(point + right) - take(point - right)) / 2,
    )


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _away_from_zero(value: Tensor) -> Tensor:
    return torch.where(value.abs() < 1e-3, 1e-3, value)


def _close_gaps(nearest: Tensor) -> Tensor:
    """Pixels ``(B, H, W)`` without a point, -1, take the nearest point of their neighbors where most have one."""
    padded = F.pad(nearest, (1, 1, 1, 1), value=-1)
    height, width = nearest.shape[-2:]
    around = [padded[:, row : row + height, column : column + width] for row, column in _NEIGHBORS]
    found = torch.stack([one >= 0 for one in around]).sum(dim=0)
    best = torch.stack(around).amax(dim=0)
    return torch.where((nearest < 0) & (found >= 5), best, nearest)


_NEIGHBORS = [(row, column) for row, column in product(range(3), repeat=2) if (row, column) != (1, 1)]


def _continued(places: Tensor, covered: Tensor) -> Tensor:
    """Places ``(B, 2, H, W)``, where little is covered as the nearest covered ones move; coarse where those are far.

    Moves are averaged into coarser and coarser maps, and what a map lacks is filled from the coarser one.
    """
    size = places.shape[-1]
    still = ((_centers(size, places.device) + 0.5) * (2 / size) - 1).T.view(1, 2, size, size)
    maps = [torch.cat([(places - still) * covered, covered], dim=1)]
    while maps[-1].shape[-1] % 2 == 0:
        fine = maps[-1]
        maps.append((fine[..., ::2, ::2] + fine[..., 1::2, ::2] + fine[..., ::2, 1::2] + fine[..., 1::2, 1::2]) / 4)
    coarse = maps[-1].sum(dim=(2, 3), keepdim=True)
    moves = (coarse[:, :2] / coarse[:, 2:].clamp(min=1e-6)).expand_as(maps[-1][:, :2])
    for fine in reversed(maps):
        if fine.shape[-1] != moves.shape[-1]:
            moves = F.interpolate(moves, scale_factor=2, mode="bilinear")
        moves = moves * (1 - fine[:, 2:]) + fine[:, :2]
    return still + moves


def _normalized(pixels: Tensor, size: int) -> Tensor:
    """Places in pixels of a picture, in [-1, 1]."""
    return (pixels + 0.5) * (2 / size) - 1


def _look_up(image: Tensor, places: Tensor) -> Tensor:
    """The picture at places ``(B, H, W, 2)`` in [-1, 1]; outside, its edge."""
    found: Tensor = F.grid_sample(image, places, padding_mode="border", align_corners=False)
    return found
