"""The classifier alone, trained on faces with labels: the row No_SynFI of Table VIII."""

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from geofer.errors import ConfigError
from geofer.faces import FaceBatch, FaceSource
from geofer.modules.augmentation import AugmentationConfig, augment_with_geometry
from geofer.modules.losses import fusion_loss
from geofer.modules.optimization import Optimization, one_optimizer
from geofer.modules.recognition import RecognitionModule
from geofer.networks.classifier import Classifier, ClassifierConfig, ClassifierOutput
from geofer.ranges import check_range

SMALLEST_FRACTION = 1e-4
"""What a missing expression counts as: the logarithm of 0 is no number to add."""


class ExpressionClassifier(RecognitionModule):
    """C_exp trained with cross entropy on real faces, as the full method trains it but for the synthetic ones.

    Where the faces come with votes it learns from these, and not from one label.
    """

    classifier: Classifier

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        classifier: ClassifierConfig = ClassifierConfig(),  # noqa: B008
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008
        logit_adjustment: float = 0.0,
        classifier_optimization: Optimization = Optimization(),  # noqa: B008
        init_from: str | None = None,
        backbone_lr_fraction: float = 1.0,
        backbone_frozen_epochs: int = 0,
    ) -> None:
        """Build the module.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            classifier: Which classifier.
            augmentation: How its faces are changed.
            logit_adjustment: τ of A. Menon et al., Long-tail learning via logit adjustment, ICLR 2021. In training
                ``τ log π`` is added to the logits, π being the fractions of the expressions among the training faces
                of the face's own data set. With 1 the classifier learns as if all expressions were equally frequent.
            classifier_optimization: How C learns.
            init_from: Where its first weights come from, see `RecognitionModule`. Of the last layers it takes the rows
                of the expressions that are known there.
            backbone_lr_fraction: What fraction of the learning rate the backbone learns at.
            backbone_frozen_epochs: So many epochs at the beginning only what stands behind the backbone learns.
        """
        super().__init__(expressions, image_size, Classifier(len(expressions), classifier), init_from)
        check_range("backbone_lr_fraction", backbone_lr_fraction, 0)
        check_range("backbone_frozen_epochs", backbone_frozen_epochs, 0)
        self.backbone_lr_fraction, self.backbone_frozen_epochs = backbone_lr_fraction, backbone_frozen_epochs
        self.augmentation, self.image_loss = augmentation, classifier.image_loss
        check_range("logit_adjustment", logit_adjustment, 0)
        self.logit_adjustment = logit_adjustment
        self.log_priors = torch.zeros(1, len(expressions))
        self.classifier_optimization = classifier_optimization

    def on_fit_start(self) -> None:
        """Also ask how frequent the expressions are.

        Raises:
            ConfigError: The logits are to be adjusted, and there is no data module that knows it.
        """
        super().on_fit_start()
        if self.logit_adjustment > 0:
            source: FaceSource | None = getattr(self.trainer, "datamodule", None)
            if source is None:
                raise ConfigError("logit_adjustment needs a data module, which counts the expressions: fit with one.")
            self.log_priors = source.class_fractions().clamp_min(SMALLEST_FRACTION).log().to(self.device)

    def on_train_start(self) -> None:
        """Also freeze the backbone, as a run that goes on in the middle of an epoch does not start that."""
        super().on_train_start()
        self.on_train_epoch_start()

    def on_train_epoch_start(self) -> None:
        """Freeze or thaw the backbone: its weights and its batch statistics."""
        if self.backbone_frozen_epochs:
            learns = self.current_epoch >= self.backbone_frozen_epochs
            self.classifier.backbone.requires_grad_(learns).train(learns)

    def training_step(self, batch: FaceBatch, batch_idx: int) -> Tensor:
        """Cross entropy (Eq. 5, its first term) on a batch of real faces."""
        faces = augment_with_geometry(batch["image"], self.geometry_of(batch), self.augmentation)
        answers = self.classifier.outputs(*faces)
        if self.logit_adjustment > 0:
            source = batch.get("source", torch.zeros_like(batch["expression"]))
            added = self.logit_adjustment * self.log_priors[source]
            answers = ClassifierOutput(
                answers.logits + added, None if answers.image_logits is None else answers.image_logits + added
            )
        loss = fusion_loss(*answers, self.image_loss, batch.get("votes", batch["expression"]))
        if self._logs(self.trainer.global_step):
            self.log("train/c_real", loss, prog_bar=True)
        return loss

    def optimizations(self) -> list[Optimization]:
        """How C learns."""
        return [self.classifier_optimization]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """One optimizer, and its scheduler if the rate changes."""
        if self.backbone_lr_fraction == 1:
            return one_optimizer(self.classifier_optimization, self.classifier.parameters(), self.batches)
        backbone = list(self.classifier.backbone.parameters())
        behind = [value for name, value in self.classifier.named_parameters() if not name.startswith("backbone.")]
        groups: list[dict[str, Any]] = [
            {"params": behind},
            {"params": backbone, "lr_fraction": self.backbone_lr_fraction},
        ]
        return one_optimizer(self.classifier_optimization, groups, self.batches)
