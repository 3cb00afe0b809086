"""One-shot recognition of expressions: Table X. A Siamese network (Koch, Zemel and Salakhutdinov, ICML Workshop 2015).

Twin networks h with the same weights compare two faces by a weighted L1 distance::

    p(x₁, x₂) = σ(Σ_j α_j |h_j(x₁) − h_j(x₂)| + b)
    loss      = −y log p − (1 − y) log(1 − p),      y = 1 where both faces show the same expression

It learns from pairs of faces of most expressions. One labeled face of each expression, the support set, then makes it
a classifier of all of them: a face has the expression of the support face that it is most probably the same as.

Readings: as in the paper, h is a ResNet (or any backbone), followed by their fully connected layer with a sigmoid; its
width is ``classifier.hidden``, where they have 4096. Pairs are all those of a batch, and pairs of one expression count
for half of the loss, where they draw as many of these as of the others. A face is compared with the support faces of
all expressions, since Table X sets such accuracies beside a classifier's of all of them. Their L2 penalty is the
optimizer's ``weight_decay``. All α start at -0.1 and b at 0.5, so that faces are the less the same the more they
differ, and h's last layer so small that no sigmoid is saturated; with α of both signs, as theirs start, the loss stayed
at that of guessing for as long as a study at the budget ``cpu`` lasts.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from geofer.backbones import build_backbone
from geofer.datamodules import FaceDataModule, FaceDataset
from geofer.errors import ConfigError, DataError
from geofer.faces import FaceBatch, normalize_image
from geofer.modules.augmentation import AugmentationConfig, augment
from geofer.modules.optimization import Optimization, one_optimizer
from geofer.modules.recognition import RecognitionModule
from geofer.networks.classifier import ClassifierConfig


def expression_splits(expressions: Sequence[str], held_out: int = 2) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """All ways to hold out some expressions: 15 for two of six.

    Args:
        expressions: Names.
        held_out: How many are held out.

    Returns:
        Pairs of those that are trained on and those that are held out, each in the order of ``expressions``.
    """
    return [
        (tuple(name for name in expressions if name not in chosen), chosen)
        for chosen in combinations(expressions, held_out)
    ]


class TwinNetwork(nn.Module):
    """Compares two faces; with a support set, a classifier.

    Attributes:
        support: ``(K, 3, H, W)`` in [-1, 1], one face of each expression.
    """

    support: Tensor

    def __init__(self, num_classes: int, image_size: int, config: ClassifierConfig) -> None:
        """Build one with a blank support set; ``config`` names the backbone, and ``hidden`` is the length of h."""
        super().__init__()
        backbone: Any = build_backbone(config.backbone, config.pretrained, **config.backbone_arguments)
        connected, self.weigh = nn.Linear(backbone.num_features, config.hidden), nn.Linear(config.hidden, 1)
        self.twin = nn.Sequential(backbone, connected, nn.Sigmoid())
        nn.init.normal_(connected.weight, std=0.05)
        nn.init.constant_(self.weigh.weight, -0.1)
        nn.init.constant_(self.weigh.bias, 0.5)
        self.register_buffer("support", torch.zeros(num_classes, 3, image_size, image_size))

    def compare(self, first: Tensor, second: Tensor) -> Tensor:
        """Features of two faces, ``(…, hidden)`` each, to logits ``(…)`` that they show the same expression."""
        logits: Tensor = self.weigh((first - second).abs())
        return logits[..., 0]

    def forward(self, image: Tensor) -> Tensor:
        """``(B, 3, H, W)`` in [-1, 1] to logits ``(B, K)`` of being the same as each support face."""
        return self.compare(self.twin(image)[:, None], self.twin(self.support)[None])


def verification_loss(logits: Tensor, same: Tensor) -> Tensor:
    """Binary cross entropy, where each kind of pair counts for half.

    Args:
        logits: ``(P,)``, of one pair each.
        same: ``(P,)`` bool; if all pairs are of one kind, that kind counts alone.

    Returns:
        A scalar.
    """
    losses = F.binary_cross_entropy_with_logits(logits.float(), same.float(), reduction="none")
    return torch.stack([losses[kind].mean() for kind in (same, ~same) if kind.any()]).mean()


class OneShotFER(RecognitionModule):
    """The Siamese network, trained on some expressions and tested on all.

    The support set is drawn from the training subjects when training starts, the same in every run with this data; it
    is kept in checkpoints. Of the held-out expressions the network sees no more than that one face, and nothing before
    a test: validation faces that show them are left out, so that they cannot choose the checkpoint either.
    """

    is_held_out: Tensor

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        held_out: Sequence[str],
        classifier: ClassifierConfig = ClassifierConfig(),  # noqa: B008
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008
        classifier_optimization: Optimization = Optimization(),  # noqa: B008
    ) -> None:
        """Build the network.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            held_out: Names of those that are not trained on.
            classifier: Its backbone, and the length of h.
            augmentation: How the faces are changed.
            classifier_optimization: How the network learns.

        Raises:
            ConfigError: An expression that there is none of, or fewer than two that are left to learn from.
        """
        super().__init__(expressions, image_size, TwinNetwork(len(expressions), image_size, classifier))
        if unknown := sorted(set(held_out) - set(expressions)):
            raise ConfigError(f"held_out names {', '.join(unknown)}; the expressions are {', '.join(expressions)}.")
        if len(set(held_out)) > len(expressions) - 2:
            raise ConfigError(
                f"held_out leaves {len(expressions) - len(set(held_out))} of {len(expressions)} expressions to learn "
                "from; pairs of different expressions need two at least."
            )
        self.augmentation, self.classifier_optimization = augmentation, classifier_optimization
        self.register_buffer("is_held_out", torch.tensor([name in held_out for name in expressions]), persistent=False)

    @property
    def network(self) -> TwinNetwork:
        """The classifier, by its own type."""
        return cast(TwinNetwork, self.classifier)

    def on_fit_start(self) -> None:
        """Draw the support set.

        Raises:
            ConfigError: There is no data module to draw it from.
            DataError: An expression that no training subject shows.
        """
        data = getattr(self.trainer, "datamodule", None)
        if not isinstance(data, FaceDataModule):
            raise ConfigError("A Siamese network draws its support set from the data module: fit with one.")
        support = draw_support(data.faces("train"), self.expressions, data.seed)
        self.network.support.copy_(normalize_image(support))

    def training_step(self, batch: FaceBatch, batch_idx: int) -> Tensor | None:
        """The verification loss over all pairs of the batch's faces that are not held out; None if there is no pair."""
        faces = self._without_held_out(batch)
        image, expression = faces["image"], faces["expression"]
        if len(image) < 2:
            return None
        features = self.network.twin(augment(image, self.augmentation))
        first, second = torch.triu_indices(len(image), len(image), offset=1, device=image.device)
        logits = self.network.compare(features[first], features[second])
        loss = verification_loss(logits, expression[first] == expression[second])
        if self._logs(self.trainer.global_step):
            self.log("train/verification", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: FaceBatch, batch_idx: int) -> None:
        """Count the faces of a batch of the validation subjects that are not held out."""
        faces = self._without_held_out(batch)
        if len(faces["image"]) > 0:
            super().validation_step(faces, batch_idx)

    def optimizations(self) -> list[Optimization]:
        """How the network learns."""
        return [self.classifier_optimization]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """One optimizer, and its scheduler if the rate changes."""
        return one_optimizer(self.classifier_optimization, self.classifier.parameters(), self.batches)

    def _without_held_out(self, batch: FaceBatch) -> FaceBatch:
        kept = ~self.is_held_out[batch["expression"]]
        return cast(FaceBatch, {name: cast(Tensor, value)[kept] for name, value in batch.items()})


def draw_support(faces: FaceDataset, expressions: Sequence[str], seed: int) -> Tensor:
    """One random face of each expression.

    Args:
        faces: To draw from.
        expressions: Names of the K expressions, in the order of their labels.
        seed: Decides which.

    Returns:
        ``(K, 3, H, W)`` uint8.

    Raises:
        DataError: There is no face of an expression.
    """
    rng, rows = np.random.default_rng(seed), []
    for label, name in enumerate(expressions):
        shown = np.flatnonzero(faces.table.expression == label)
        if not len(shown):
            raise DataError(f"No training subject shows {name}, so there is no face of it to compare others with.")
        rows.append(rng.choice(shown))
    return faces.images(np.array(rows))
