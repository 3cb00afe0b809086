"""The classifier alone, trained on real faces: the row No_SynFI of Table VIII."""

from collections.abc import Sequence

from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor

from geofer.faces import FaceBatch
from geofer.modules.augmentation import AugmentationConfig, augment_with_geometry
from geofer.modules.losses import fusion_loss
from geofer.modules.optimization import Optimization, one_optimizer
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
        classifier_optimization: Optimization = Optimization(),  # noqa: B008
    ) -> None:
        """Build the module.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            classifier: Which classifier.
            augmentation: How its faces are changed.
            classifier_optimization: How C learns.
        """
        super().__init__(expressions, image_size, Classifier(len(expressions), classifier))
        self.augmentation, self.image_loss = augmentation, classifier.image_loss
        self.classifier_optimization = classifier_optimization

    def training_step(self, batch: FaceBatch, batch_idx: int) -> Tensor:
        """Cross entropy (Eq. 5, its first term) on a batch of real faces."""
        faces = augment_with_geometry(batch["image"], self.geometry_of(batch), self.augmentation)
        loss = fusion_loss(*self.classifier.outputs(*faces), self.image_loss, batch["expression"])
        if self._logs(self.trainer.global_step):
            self.log("train/c_real", loss, prog_bar=True)
        return loss

    def optimizations(self) -> list[Optimization]:
        """How C learns."""
        return [self.classifier_optimization]

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """One optimizer, and its scheduler if the rate changes."""
        return one_optimizer(self.classifier_optimization, self.classifier, self.batches)
