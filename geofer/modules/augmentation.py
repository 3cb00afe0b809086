"""Random changes of a face that leave its expression as it is, for whole batches on the device."""

import math
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from geofer.networks.geometry_branch import mirrored
from geofer.ranges import check_ranges


@dataclass(frozen=True)
class AugmentationConfig:
    """How the faces that the classifier learns from are changed; real and synthetic ones alike, by default not at all.

    Attributes:
        flip: Mirror half of them.
        rotation: Standard deviation in degrees.
        scale: Standard deviation of the logarithm of the size.
        shift: Standard deviation in shares of the picture's side.
        brightness: Standard deviation of what is added to all pixels, on the scale of [-1, 1].
        contrast: Standard deviation of the logarithm of the contrast.
        blur: Largest standard deviation of a Gaussian blur, in shares of the picture's side; each face has its own.
        erase: Share of the faces of which a rectangle is painted over, a fifth to a half of the picture a side.
        enlarge: Side of what comes out over that of what goes in. Turned and moved at their own size, small pictures
            blur.
        geometry: Standard deviation of what is added to the geometry that a geometry branch sees: to landmarks in
            shares of the picture's side, to blendshapes as it is. Detectors are not exact, rendered truth is.
    """

    flip: bool = False
    rotation: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    blur: float = 0.0
    erase: float = 0.0
    enlarge: float = 1.0
    geometry: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers out of their range.

        Raises:
            ConfigError: It says which.
        """
        low = {field.name: 0.0 for field in fields(self)} | {"enlarge": 0.1}
        check_ranges("augmentation", self, low=low, high={"erase": 1, "blur": 0.1, "enlarge": 10})


def augment(image: Tensor, config: AugmentationConfig) -> Tensor:
    """Change every face of a batch in its own way.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        config: What to change.

    Returns:
        ``(B, 3, H', W')`` in [-1, 1], ``enlarge`` times as large; what lies outside the input repeats its edge.
    """
    return augment_with_geometry(image, None, config)[0]


def augment_with_geometry(
    image: Tensor, geometry: Tensor | None, config: AugmentationConfig
) -> tuple[Tensor, Tensor | None]:
    """Change every face of a batch in its own way, and what a geometry branch sees of it.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        geometry: ``(B, 68, 2)`` landmarks in [-1, 1], ``(B, 52)`` blendshapes, or None.
        config: What to change.

    Returns:
        ``(B, 3, H', W')`` in [-1, 1], as of `augment`, and the geometry. Where the picture is mirrored, so is the
        geometry. Rotation, scale and shift change nothing of what the geometry branch sees, which looks at landmarks
        upright.
    """
    if config == AugmentationConfig():
        return image, geometry
    with torch.autocast(image.device.type, enabled=False):
        angle, scale, x, y, brightness, contrast = torch.randn(6, len(image), device=image.device)
        angle, scale = torch.deg2rad(config.rotation * angle), torch.exp(config.scale * scale)
        cos, sin = scale * angle.cos(), scale * angle.sin()
        mirror = 1 - 2 * (torch.rand(len(image), device=image.device) < 0.5 * config.flip).float()
        rows = (
            torch.stack([mirror * cos, -sin, 2 * config.shift * x], dim=-1),
            torch.stack([mirror * sin, cos, 2 * config.shift * y], dim=-1),
        )
        size = [*image.shape[:2], *(round(config.enlarge * side) for side in image.shape[2:])]
        field = F.affine_grid(torch.stack(rows, dim=1), size, align_corners=False)
        moved = F.grid_sample(image.float(), field, padding_mode="border", align_corners=False)
        contrast = torch.exp(config.contrast * contrast)[:, None, None, None]
        brightness = config.brightness * brightness[:, None, None, None]
        if geometry is not None:
            flipped = (mirror < 0).view(-1, *[1] * (geometry.ndim - 1))
            geometry = torch.where(flipped, mirrored(geometry), geometry)
            if config.geometry > 0:
                unit = 2.0 if geometry.ndim == 3 else 1.0
                geometry = geometry + config.geometry * unit * torch.randn_like(geometry)
        if config.blur > 0:
            moved = blurred(moved, config.blur)
        changed = torch.clamp(moved * contrast + brightness, -1, 1)
        return partly_erased(changed, config.erase) if config.erase > 0 else changed, geometry


def blurred(image: Tensor, largest: float) -> Tensor:
    """Each picture under a Gaussian of its own.

    Args:
        image: ``(B, C, H, W)``.
        largest: Its standard deviation is drawn between 0 and this, in shares of the picture's width.
    """
    count, channels, height, width = image.shape
    std = (largest * width * torch.rand(count, 1, device=image.device)).clamp_min(1e-3)
    reach = math.ceil(3 * largest * width)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, device=image.device) ** 2) / (2 * std**2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, dim=0)
    planes = F.pad(image.reshape(1, -1, height, width), (reach,) * 4, mode="replicate")
    planes = F.conv2d(planes, kernel[:, None, None, :], groups=count * channels)
    return F.conv2d(planes, kernel[:, None, :, None], groups=count * channels).view_as(image)


def partly_erased(image: Tensor, share: float) -> Tensor:
    """A rectangle of one gray painted over some of the pictures (Zhong et al., AAAI 2020).

    Args:
        image: ``(B, C, H, W)`` in [-1, 1].
        share: Of the pictures.
    """
    chance, x, y, half_width, half_height, gray = torch.rand(6, len(image), 1, 1, 1, device=image.device)
    columns, rows = (torch.linspace(0, 1, side, device=image.device) for side in (image.shape[3], image.shape[2]))
    inside = ((columns - x).abs() < 0.1 + 0.15 * half_width) & ((rows[:, None] - y).abs() < 0.1 + 0.15 * half_height)
    return torch.where(inside & (chance < share), 2 * gray - 1, image)
