"""What may happen to a picture between a face and a classifier, as functions of pictures in [-1, 1]."""

from torch import Tensor
from torch.nn import functional as F

GAMMA = 2.2
"""Of displays: a pixel's value in [0, 1] to this power is about proportional to the light."""


def occlude(image: Tensor, share: float, place: Tensor) -> Tensor:
    """Covers a gray square.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        share: Of the picture that is covered, in [0, 1].
        place: ``(B, 2)`` in [0, 1]: where the square lies, from the left to the right edge, and from top to bottom.
    """
    covered = image.clone()
    height, width = image.shape[-2:]
    side = [round(share**0.5 * length) for length in (height, width)]
    for picture, (x, y) in zip(covered, place.tolist(), strict=True):
        top, left = round(y * (height - side[0])), round(x * (width - side[1]))
        picture[:, top : top + side[0], left : left + side[1]] = 0
    return covered


def lower_resolution(image: Tensor, side: int) -> Tensor:
    """Shrinks pictures to ``side`` pixels and enlarges them again, as a face far away is seen.

    Args:
        image: ``(B, 3, S, S)`` in [-1, 1].
        side: Pixels that are left along each side; from S on nothing changes.
    """
    if side >= image.shape[-1]:
        return image
    small = F.interpolate(image, size=(side, side), mode="bilinear", antialias=True)
    return F.interpolate(small, size=image.shape[-2:], mode="bilinear")


def change_light(image: Tensor, stops: float) -> Tensor:
    """Twice the light for each stop, half for each negative one; what is too bright for the picture turns white.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        stops: Of the exposure.
    """
    factor: float = 2 ** (stops / GAMMA)
    return ((image + 1) * factor).clamp(max=2) - 1
