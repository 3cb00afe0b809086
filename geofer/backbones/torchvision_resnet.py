"""ResNet18 and ResNet50 of torchvision, the paper's classifier trunk with the ImageNet weights of its time."""

from typing import Any

from torch import Tensor, nn


class TorchvisionResNet(nn.Module):
    """A torchvision ResNet without its last layer."""

    def __init__(self, name: str, pretrained: bool, **kwargs: Any) -> None:  # noqa: ANN401
        """Build one.

        Args:
            name: Name of the architecture in torchvision.
            pretrained: Load the first published ImageNet weights (``IMAGENET1K_V1``), from the local cache or from
                torchvision's server.
            **kwargs: Keyword arguments of the architecture.
        """
        super().__init__()
        from torchvision.models import get_model, get_model_weights

        self.model = get_model(name, **kwargs)
        if pretrained:
            weights = get_model_weights(name)["IMAGENET1K_V1"]
            self.model.load_state_dict(weights.get_state_dict(check_hash=True, weights_only=True))
        self.num_features = int(self.model.fc.in_features)
        self.model.fc = nn.Identity()

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` to ``(B, num_features)``."""
        features: Tensor = self.model(image)
        return features


def resnet18(pretrained: bool = False, **kwargs: Any) -> TorchvisionResNet:  # noqa: ANN401
    """ResNet18 (He et al., CVPR 2016), 512 features."""
    return TorchvisionResNet("resnet18", pretrained, **kwargs)


def resnet50(pretrained: bool = False, **kwargs: Any) -> TorchvisionResNet:  # noqa: ANN401
    """ResNet50 (He et al., CVPR 2016), 2048 features: the paper's choice."""
    return TorchvisionResNet("resnet50", pretrained, **kwargs)
