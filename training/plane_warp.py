"""Bending a whole picture so that its landmarks come to lie where others are: hair, neck and background move along."""

import torch
import torch.nn.functional as F
from torch import Tensor

_SMOOTHING = 0.05
"""How far the spline may pass by a landmark: what is told to a whole picture is a smooth move, not an expression."""

_GRID = 17
"""Places a side at which the spline is evaluated; between them the move is linear."""


def warp_plane(image: Tensor, landmarks: Tensor, target: Tensor) -> Tensor:
    """Bend pictures by a thin-plate spline in the plane.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        landmarks: ``(B, 68, 2)`` of the image, in [-1, 1].
        target: ``(B, 68, 2)`` where they shall be, about.

    Returns:
        ``(B, 3, H, W)``; beyond the picture's edge, the edge.
    """
    with torch.no_grad(), torch.autocast(image.device.type, enabled=False):
        target, moves = target.float(), (landmarks - target).float()
        count = target.shape[1]
        plane = torch.cat([target, torch.ones_like(target[..., :1])], dim=-1)
        system = torch.zeros(len(target), count + 3, count + 3, device=image.device)
        system[:, :count, :count] = _bending(target, target) + _SMOOTHING * torch.eye(count, device=image.device)
        system[:, :count, count:], system[:, count:, :count] = plane, plane.mT
        weights = torch.linalg.solve(system, F.pad(moves, (0, 0, 0, 3)))
        axis = torch.linspace(-1, 1, _GRID, device=image.device)
        grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1).view(1, -1, 2).expand(len(target), -1, -1)
        basis = torch.cat([_bending(grid, target), grid, torch.ones_like(grid[..., :1])], dim=-1)
        places = (grid + basis @ weights).mT.reshape(-1, 2, _GRID, _GRID)
        fine = F.interpolate(places, image.shape[-2:], mode="bilinear", align_corners=True)
        bent: Tensor = F.grid_sample(image, fine.movedim(1, -1), padding_mode="border", align_corners=True)
        return bent


def _bending(points: Tensor, centers: Tensor) -> Tensor:
    """r² log r² of the distances between ``(B, n, 2)`` points and ``(B, m, 2)`` centers."""
    squared = (points[:, :, None] - centers[:, None]).square().sum(dim=-1)
    bending: Tensor = torch.xlogy(squared, squared)
    return bending
