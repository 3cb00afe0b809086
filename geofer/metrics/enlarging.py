"""Small faces made large enough for networks that were trained on photographs."""

from torch import Tensor
from torch.nn import functional as F

LARGE = 256
"""Side in pixels that smaller pictures are enlarged to, before a detector or a face embedding sees them."""


def enlarge(image: Tensor) -> Tensor:
    """Enlarges pictures bicubically to a side of `LARGE`; larger ones stay as they are.

    Coordinates in [-1, 1] of the picture are the same before and after.

    Args:
        image: ``(B, 3, S, S)`` uint8.

    Returns:
        ``(B, 3, S', S')`` uint8.
    """
    if image.shape[-1] >= LARGE:
        return image
    large = F.interpolate(image.float(), size=(LARGE, LARGE), mode="bicubic", align_corners=False)
    return large.round().clamp(0, 255).byte()
