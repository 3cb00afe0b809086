"""torchvision's networks with the ImageNet weights of the paper's time: its classifier trunk, and some it compares."""

from typing import Any

from torch import Tensor, nn

from geofer.schema import Count, Fraction, from_files


def torchvision_model(name: str, pretrained: bool, **kwargs: Any) -> nn.Module:  # noqa: ANN401
    """A whole network of torchvision.

    Args:
        name: Name of the architecture in torchvision.
        pretrained: Load the first published ImageNet weights (``IMAGENET1K_V1``), from the local cache or from
            torchvision's server.
        **kwargs: Keyword arguments of the architecture.
    """
    from torchvision.models import get_model, get_model_weights

    model: nn.Module = get_model(name, **kwargs)
    if pretrained:
        weights = get_model_weights(name)["IMAGENET1K_V1"]
        model.load_state_dict(weights.get_state_dict(check_hash=True, weights_only=True))
    return model


class TorchvisionResNet(nn.Module):
    """A torchvision ResNet without its last layer."""

    def __init__(self, name: str, pretrained: bool, **kwargs: Any) -> None:  # noqa: ANN401
        """Build one; the arguments are those of `torchvision_model`."""
        super().__init__()
        model: Any = torchvision_model(name, pretrained, **kwargs)
        self.model: nn.Module = model
        self.num_features = int(model.fc.in_features)
        model.fc = nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, num_features)``."""
        features: Tensor = self.model(image)
        return features


class TorchvisionVGG(nn.Module):
    """The convolutions of a torchvision VGG, and the mean of what its last pooling layer gives.

    Its three fully connected layers, nine tenths of its weights, are left out: of the networks that it compares, the
    paper takes what the last pooling layer gives (Section IV-C).
    """

    num_features = 512

    def __init__(self, name: str, pretrained: bool, **kwargs: Any) -> None:  # noqa: ANN401
        """Build one; the arguments are those of `torchvision_model`."""
        super().__init__()
        model: Any = torchvision_model(name, pretrained, **kwargs)
        self.features: nn.Module = model.features

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, 512)``; pictures have 32 pixels a side or more."""
        features: Tensor = self.features(image).mean(dim=(2, 3))
        return features


of_resnet = from_files(
    groups=Count, width_per_group=Count, zero_init_residual=bool, replace_stride_with_dilation=tuple[bool, bool, bool]
)
of_vgg = from_files(dropout=Fraction, init_weights=bool)


@of_resnet
def resnet18(pretrained: bool = False, **kwargs: Any) -> TorchvisionResNet:  # noqa: ANN401
    """ResNet18 (He et al., CVPR 2016), 512 features."""
    return TorchvisionResNet("resnet18", pretrained, **kwargs)


@of_resnet
def resnet50(pretrained: bool = False, **kwargs: Any) -> TorchvisionResNet:  # noqa: ANN401
    """ResNet50 (He et al., CVPR 2016), 2048 features: the paper's choice."""
    return TorchvisionResNet("resnet50", pretrained, **kwargs)


@of_vgg
def vgg16(pretrained: bool = False, **kwargs: Any) -> TorchvisionVGG:  # noqa: ANN401
    """VGG16 (Simonyan and Zisserman, ICLR 2015), 512 features."""
    return TorchvisionVGG("vgg16", pretrained, **kwargs)


@of_vgg
def vgg19(pretrained: bool = False, **kwargs: Any) -> TorchvisionVGG:  # noqa: ANN401
    """VGG19 (Simonyan and Zisserman, ICLR 2015), 512 features."""
    return TorchvisionVGG("vgg19", pretrained, **kwargs)
