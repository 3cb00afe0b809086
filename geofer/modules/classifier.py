"""C_exp, the expression classifier: a backbone and two fully connected layers."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from geofer.backbones import build_backbone


@dataclass(frozen=True)
class ClassifierConfig:
    """Which classifier to build.

    Attributes:
        backbone: Name of a backbone plugin, or of any timm model.
        pretrained: Start from ImageNet weights, as the paper's classifier does.
        hidden: Width of the first of the two fully connected layers after the backbone.
        backbone_arguments: Keyword arguments of the backbone.
    """

    backbone: str = "resnet50"
    pretrained: bool = True
    hidden: int = 512
    backbone_arguments: dict[str, Any] = field(default_factory=dict)


class Classifier(nn.Module):
    """C_exp: backbone, FC 512, ReLU, FC K."""

    def __init__(self, num_classes: int, config: ClassifierConfig) -> None:
        """Build the classifier of ``num_classes`` expressions that ``config`` describes."""
        super().__init__()
        backbone: Any = build_backbone(config.backbone, config.pretrained, **config.backbone_arguments)
        self.backbone: nn.Module = backbone
        self.head = nn.Sequential(
            nn.Linear(backbone.num_features, config.hidden), nn.ReLU(), nn.Linear(config.hidden, num_classes)
        )

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` in [-1, 1] to logits ``(B, num_classes)``."""
        logits: Tensor = self.head(self.backbone(image))
        return logits
