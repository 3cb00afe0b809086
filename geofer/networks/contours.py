"""What can be made of 68 landmarks without learning: contour maps, and the regions that matter."""

import torch
from torch import Tensor

from geofer.faces import INNER_LIP, JAW, LEFT_BROW, LEFT_EYE, NOSE_BASE, NOSE_BRIDGE, OUTER_LIP, RIGHT_BROW, RIGHT_EYE

CONTOURS: dict[str, list[tuple[slice, bool]]] = {
    "jaw": [(JAW, False)],
    "brows": [(RIGHT_BROW, False), (LEFT_BROW, False)],
    "nose": [(NOSE_BRIDGE, False), (NOSE_BASE, False)],
    "eyes": [(RIGHT_EYE, True), (LEFT_EYE, True)],
    "outer lip": [(OUTER_LIP, True)],
    "inner lip": [(INNER_LIP, True)],
}
"""The lines of each map: which landmarks, and whether the last one joins the first."""

_POINTS_PER_SEGMENT = 4
_LINE_WIDTH = 1 / 64  # of the picture's side: one pixel at 64


def draw_contours(landmarks: Tensor, size: int) -> Tensor:
    """Draw landmarks as soft contours.

    A contour is a sum of Gaussians at points along it, and a Gaussian is a product of one in x and one in y: so all
    pixels of a map cost one matrix product. Long segments count for more, which makes all lines equally bright.

    Args:
        landmarks: ``(B, 68, 2)`` in [-1, 1].
        size: Side of the maps in pixels.

    Returns:
        ``(B, 6, size, size)`` float, one map for each of `CONTOURS`, about 1 on a straight line and 0 far from it.

    Examples:
        >>> import torch
        >>> draw_contours(torch.zeros(2, 68, 2), size=64).shape
        torch.Size([2, 6, 64, 64])
    """
    landmarks = landmarks.float()
    centers = _pixel_centers(size, landmarks)
    width = max(2 * _LINE_WIDTH, 2 / size) * 0.75
    maps = []
    for lines in CONTOURS.values():
        starts, ends = zip(*(_segments(landmarks[:, part], closed) for part, closed in lines), strict=True)
        start, end = torch.cat(starts, dim=1), torch.cat(ends, dim=1)
        length = (end - start).norm(dim=-1)
        along = (torch.arange(_POINTS_PER_SEGMENT, device=start.device) + 0.5) / _POINTS_PER_SEGMENT
        points = torch.lerp(start[:, :, None], end[:, :, None], along[None, None, :, None]).flatten(1, 2)
        weight = (length / (_POINTS_PER_SEGMENT * width * (2 * torch.pi) ** 0.5)).repeat_interleave(
            _POINTS_PER_SEGMENT, dim=1
        )
        gauss = torch.exp(-0.5 * ((points[..., None] - centers) / width) ** 2)  # (B, points, 2, size)
        maps.append(torch.einsum("bpy,bpx->byx", gauss[:, :, 1], gauss[:, :, 0] * weight[..., None]))
    return torch.stack(maps, dim=1)


def weigh_regions(landmarks: Tensor, size: int, weight: float) -> Tensor:
    """How much each pixel matters to an expression: ``weight`` around eyes, brows and mouth, 1 elsewhere.

    Args:
        landmarks: ``(B, 68, 2)`` in [-1, 1].
        size: Side of the map in pixels.
        weight: The weight inside the regions, at least 1.

    Returns:
        ``(B, 1, size, size)`` float, soft at the edges.

    Examples:
        >>> import torch
        >>> weigh_regions(torch.zeros(2, 68, 2), size=64, weight=4.0).shape
        torch.Size([2, 1, 64, 64])
    """
    landmarks = landmarks.float()
    centers = _pixel_centers(size, landmarks)
    inside = landmarks.new_zeros(len(landmarks), size, size)
    for parts in ((RIGHT_EYE, RIGHT_BROW), (LEFT_EYE, LEFT_BROW), (OUTER_LIP,)):
        region = torch.cat([landmarks[:, part] for part in parts], dim=1)
        low, high = region.amin(dim=1), region.amax(dim=1)
        margin, softness = 0.06, 0.03
        edges = torch.sigmoid((centers - low[..., None] + margin) / softness) * torch.sigmoid(
            (high[..., None] + margin - centers) / softness
        )  # (B, 2, size)
        inside = torch.maximum(inside, edges[:, 1, :, None] * edges[:, 0, None, :])
    return 1 + (weight - 1) * inside[:, None]


def _segments(points: Tensor, closed: bool) -> tuple[Tensor, Tensor]:
    return (points, points.roll(-1, dims=1)) if closed else (points[:, :-1], points[:, 1:])


def _pixel_centers(size: int, like: Tensor) -> Tensor:
    return (2 * torch.arange(size, device=like.device, dtype=torch.float32) + 1) / size - 1
