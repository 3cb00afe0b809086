"""How much a picture is like the true one, pixel by pixel."""

from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

WINDOW = 11
"""Pixels along each side of SSIM's window."""


def image_similarity(image: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """SSIM, PSNR and L1 of each picture.

    SSIM as Wang et al. (TIP 2004) define it: windows of 11 × 11 pixels with a Gaussian weight of σ 1.5 that lie inside
    the picture, averaged over windows and colors.

    Args:
        image: ``(B, 3, H, W)`` uint8, more than `WINDOW` pixels high and wide.
        truth: As ``image``.

    Returns:
        ``ssim`` up to 1, ``psnr`` in dB (infinite for equal pictures), and ``l1``, the mean absolute difference as a
        share of the range of a pixel, in [0, 1]; each ``(B,)``.
    """
    first, second = image.float() / 255, truth.float() / 255
    _, ssim = structural_similarity_index_measure(first, second, data_range=1.0, return_full_image=True)
    inside = slice(WINDOW // 2, -(WINDOW // 2))  # torchmetrics mirrors the border, and counts it
    return {
        "ssim": ssim[..., inside, inside].mean(dim=(1, 2, 3)),
        "psnr": peak_signal_noise_ratio(first, second, data_range=1.0, dim=(1, 2, 3), reduction="none"),
        "l1": (first - second).abs().mean(dim=(1, 2, 3)),
    }
