"""The classifier alone, trained on real faces: the row No_SynFI of Table VIII."""

from collections.abc import Sequence

import torch
from lightning.pytorch.cli import OptimizerCallable
from torch import Tensor
from torch.optim import Optimizer

from geofer.faces import FaceBatch
from geofer.modules.augmentation import AugmentationConfig, augment_with_geometry
from geofer.modules.hyperparameters import plain_arguments
from geofer.modules.losses import fusion_loss
from geofer.modules.recognition import RecognitionModule
from geofer.networks.classifier import Classifier, ClassifierConfig


class ExpressionClassifier(RecognitionModule):
    """C_exp trained with cross entropy on real faces, as the full method trains it but for the synthetic ones."""

    classifier: Classifier

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        classifier: ClassifierConfig = ClassifierConfig(),  # noqa: B008
        augmentation: AugmentationConfig = AugmentationConfig(),  # noqa: B008
        gradient_clip: float | None = None,
        decay: float = 0.0,
        classifier_optimizer: OptimizerCallable = lambda parameters: torch.optim.Adam(
            parameters, lr=5e-4, betas=(0.5, 0.999)
        ),
    ) -> None:
        """Build the module.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            classifier: Which classifier.
            augmentation: How its faces are changed.
            gradient_clip: Largest norm of the gradients; None does not clip.
            decay: The learning rate falls linearly to 0 over this last share of the training; 0 keeps it.
            classifier_optimizer: Builds the optimizer of C.
        """
        arguments = plain_arguments(self, locals())
        super().__init__(expressions, image_size, Classifier(len(expressions), classifier), gradient_clip, decay)
        self.save_hyperparameters(arguments)
        self.augmentation, self.image_loss = augmentation, classifier.image_loss
        self.classifier_optimizer = classifier_optimizer

    def training_step(self, batch: FaceBatch, batch_idx: int) -> Tensor:
        """Cross entropy (Eq. 5, its first term) on a batch of real faces."""
        faces = augment_with_geometry(batch["image"], self.geometry_of(batch), self.augmentation)
        loss = fusion_loss(*self.classifier.outputs(*faces), self.image_loss, batch["expression"])
        if self._logs(self.trainer.global_step):
            self.log("train/c_real", loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> Optimizer:
        """One optimizer."""
        return self.classifier_optimizer(self.classifier.parameters())
