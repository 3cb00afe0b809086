"""C_exp, the expression classifier: a backbone and two fully connected layers, and a geometry branch if wanted."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self, get_args

import torch
from torch import Tensor, nn

from geofer.backbones import build_backbone, read_backbone_arguments
from geofer.errors import DataError
from geofer.networks.geometry_branch import Geometry
from geofer.networks.geometry_classifier import GeometryClassifier
from geofer.ranges import check_choice, check_range

BRANCH_HIDDEN, BRANCH_DROPOUT = 64, 0.2
"""Width of the geometry branch, and the share of its inputs left out in training."""

SILENT = 1e6
"""Standard deviation of what no training face shows: standardized, it is 0 whatever other faces show."""


@dataclass(frozen=True)
class ClassifierConfig:
    """Which classifier to build.

    Attributes:
        backbone: Name of a backbone plugin, or of any timm model.
        pretrained: Start from ImageNet weights, as the paper's classifier does.
        hidden: Width of the first of the two fully connected layers after the backbone.
        backbone_arguments: Keyword arguments of the backbone.
        float32: Compute the backbone in float32 where the rest is in bfloat16 or float16. Networks of depthwise
            convolutions, such as EfficientNets, are slower in bfloat16 on CPUs: lite0 learns from 48 pictures of 96
            pixels a second in float32, and from 30 in bfloat16.
        normalize: Standardize the backbone's features over the batch before the first fully connected layer. A wide
            backbone that starts from scratch needs it: 2048 features that are all positive move a hidden unit so far
            in a few steps of Adam that most units fall silent, and in the end all, so that every face gets one answer.
        geometry: What a geometry branch looks at: ``none`` is the paper's classifier of pixels; ``landmarks`` are the
            68 points, brought to a common place, size and roll; ``blendshapes`` are MediaPipe's 52 blendshapes.
        modality_dropout: Fraction of the training faces that one of the two branches does not see, half of them each,
            so that either works alone.
        image_loss: λ, what the cross entropy of the pixels alone weighs in training beside that of both branches: the
            geometry branch converges first and would starve the image branch of gradient; 0 leaves it out.
    """

    backbone: str = "resnet50"
    pretrained: bool = True
    hidden: int = 512
    backbone_arguments: dict[str, Any] = field(default_factory=dict)
    float32: bool = False
    normalize: bool = False
    geometry: Geometry = "none"
    modality_dropout: float = 0.2
    image_loss: float = 1.0

    def __post_init__(self) -> None:
        """Checks the geometry branch.

        Raises:
            ConfigError: There is none such, the share is none, or the weight is.
        """
        check_range("classifier.hidden", self.hidden, 1)
        check_choice("classifier.geometry", self.geometry, get_args(Geometry))
        check_range("classifier.modality_dropout", self.modality_dropout, 0, 1)
        check_range("classifier.image_loss", self.image_loss, 0)

    def as_read(self) -> Self:
        """This configuration as a file may ask for it: nothing to fetch, and only arguments that shape the network.

        Raises:
            SchemaError: There is no such backbone here, or it takes other arguments from files.
        """
        arguments = read_backbone_arguments(self.backbone, self.backbone_arguments)
        return replace(self, pretrained=False, backbone_arguments=arguments)


class ClassifierOutput(NamedTuple):
    """What a classifier says of B faces, as logits.

    Attributes:
        logits: ``(B, K)``, of all branches that saw the face.
        image_logits: ``(B, K)``, of the image branch alone, with no branch left out; None if there is no other, and
            ``logits`` is that.
    """

    logits: Tensor
    image_logits: Tensor | None


class Classifier(nn.Module):
    """C_exp: backbone, FC 512, ReLU, FC K; with ``normalize`` a BatchNorm stands behind the backbone.

    With ``geometry`` a perceptron looks at the geometry g beside it, and their logits add up::

        l(x, g) = a · l_pixels(x) + b · l_geometry(g),    p = softmax(l)

    a and b are 1; 0 for a branch that is missing, or is left out in training. If pixels and geometry were independent
    given the expression, and all expressions equally likely, this sum would be exactly what both say together.

    Attributes:
        geometry: What the geometry branch looks at.
    """

    def __init__(self, num_classes: int, config: ClassifierConfig) -> None:
        """Build the classifier of ``num_classes`` expressions that ``config`` describes."""
        super().__init__()
        backbone: Any = build_backbone(config.backbone, config.pretrained, **config.backbone_arguments)
        self.backbone: nn.Module = backbone
        self.float32 = config.float32
        self.norm = nn.BatchNorm1d(backbone.num_features) if config.normalize else nn.Identity()
        self.head = nn.Sequential(
            nn.Linear(backbone.num_features, config.hidden), nn.ReLU(), nn.Linear(config.hidden, num_classes)
        )
        self.geometry: Geometry = config.geometry
        self.modality_dropout = config.modality_dropout
        self.geometry_branch: GeometryClassifier | None = None
        if config.geometry != "none":
            self.geometry_branch = GeometryClassifier(num_classes, config.geometry, BRANCH_HIDDEN, BRANCH_DROPOUT)

    @property
    def expression_layers(self) -> tuple[str, ...]:
        """Names of the layers that have a row for each expression."""
        branch = self.geometry_branch
        last = () if branch is None else (f"geometry_branch.layers.{len(branch.layers) - 1}",)
        return (f"head.{len(self.head) - 1}", *last)

    def standardize_by(self, geometry: Tensor) -> None:
        """Take mean and deviation of what the geometry branch sees from training faces.

        Args:
            geometry: ``(N, 68, 2)`` landmarks or ``(N, 52)`` blendshapes; those that are not finite are left out.

        Raises:
            DataError: Fewer than two are left.
        """
        if self.geometry_branch is None:
            return
        features = self.geometry_branch.features(geometry, geometry)  # it takes the one that it looks at
        features = features[features.isfinite().all(dim=1)].to(self.geometry_branch.mean.device)
        if len(features) < 2:
            raise DataError(
                f"The {self.geometry} of {len(features)} of {len(geometry)} training faces are known, which is too few "
                f"for classifier.geometry: {self.geometry}. Prepare the faces with another detector, or set none."
            )
        self.geometry_branch.standardize_by(features)
        self.geometry_branch.std[features.std(0) < 1e-3] = SILENT

    def forward(self, image: Tensor, geometry: Tensor | None = None) -> Tensor:
        """Faces to logits ``(B, num_classes)``.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            geometry: ``(B, 68, 2)`` landmarks or ``(B, 52)`` blendshapes, as ``geometry`` says; a face whose
                numbers are not finite is judged by its pixels alone, and so are all if this is None.
        """
        return self.outputs(image, geometry).logits

    def _features(self, image: Tensor) -> Tensor:
        """What the backbone sees, ``(B, num_features)``."""
        if self.float32 and torch.is_autocast_enabled(image.device.type):
            with torch.autocast(image.device.type, enabled=False):
                return self.backbone(image.float())  # type: ignore[no-any-return]
        features: Tensor = self.backbone(image)
        return features

    def outputs(self, image: Tensor, geometry: Tensor | None = None) -> ClassifierOutput:
        """The logits of `forward`, and those of the image branch alone, which cost nothing more."""
        pixels: Tensor = self.head(self.norm(self._features(image)))
        if self.geometry_branch is None or geometry is None:
            return ClassifierOutput(pixels, None)
        features = self.geometry_branch.features(geometry, geometry)
        seen = features.isfinite().all(dim=1, keepdim=True)
        theirs = self.geometry_branch.classify(torch.where(seen, features, self.geometry_branch.mean))
        logits = pixels
        if self.training and self.modality_dropout > 0:
            chance = torch.rand_like(features[:, :1])
            without_image = seen & (chance < self.modality_dropout / 2)
            seen = seen & (chance < 1 - self.modality_dropout / 2)
            logits = torch.where(without_image, 0, pixels)
        return ClassifierOutput(logits + torch.where(seen, theirs, 0), pixels)
