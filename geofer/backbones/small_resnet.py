"""A small residual network for small pictures: trained from scratch at 64 px, quick on a CPU."""

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from geofer.errors import PluginError
from geofer.schema import Count, from_files


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with a shortcut (He et al., CVPR 2016)."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        """``stride`` shrinks height and width in the first convolution and in the shortcut."""
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        same = stride == 1 and channels_in == channels
        self.stride = stride
        self.shortcut = nn.Identity() if same else nn.Conv2d(channels_in, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, channels_in, H, W)`` to ``(B, channels, H / stride, W / stride)``."""
        y = F.relu(self.norm1(self.conv1(x)))
        # Every so many pixels: PyTorch 2.14 writes out of bounds in the gradient of narrow strided 1 × 1 convolutions,
        # and the gradient of a slice x[:, :, ::2, ::2] is not channels_last, which made a step a third slower.
        kept = x if self.stride == 1 else F.avg_pool2d(x, kernel_size=1, stride=self.stride)
        return F.relu(self.norm2(self.conv2(y)) + self.shortcut(kept))


class SmallResNet(nn.Module):
    """A ResNet whose stem keeps the full resolution, so that the few pixels of a mouth at 64 px are not thrown away."""

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256), blocks: int = 1) -> None:
        """Build one.

        Args:
            widths: Channels of each stage; every stage halves height and width.
            blocks: Residual blocks in each stage.
        """
        super().__init__()
        self.num_features = widths[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()
        )
        self.stages = nn.Sequential()
        for channels_in, channels in pairwise((widths[0], *widths)):
            self.stages.append(ResidualBlock(channels_in, channels, stride=2))
            self.stages.extend(ResidualBlock(channels, channels, stride=1) for _ in range(blocks - 1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, num_features)``."""
        features: Tensor = self.stages(self.stem(image)).mean(dim=(2, 3))
        return features


@from_files(widths=list[Count], blocks=Count)
def small_resnet(pretrained: bool = False, widths: Sequence[int] = (32, 64, 128, 256), blocks: int = 1) -> SmallResNet:
    """`SmallResNet` as a plugin; there are no pretrained weights of it.

    Raises:
        PluginError: ``pretrained`` is true.
    """
    if pretrained:
        raise PluginError("small_resnet has no pretrained weights: set pretrained: false, or take resnet18.")
    return SmallResNet(widths, blocks)
