"""Recognizers of geometry alone, where models are tested: on the faces of a data module."""

from collections.abc import Mapping, Sequence
from typing import Any

from geofer.errors import DataError
from geofer.faces import FaceBatch
from geofer.modules.recognition import RecognitionModule
from geofer.networks.classifier import ClassifierOutput
from geofer.networks.geometry_branch import HAVE_BLENDSHAPES
from geofer.networks.geometry_classifier import GeometryClassifier, GeometryInputs
from geofer.networks.geometry_ensemble import GeometryEnsemble, geometry_network


class GeometryRecognition(RecognitionModule):
    """Tests a `geofer.networks.geometry_ensemble.geometry_network`, by the landmarks and blendshapes of faces.

    It does not look at their pixels, so neither their size nor how they were cropped matters; and it is not trained.
    """

    classifier: GeometryClassifier | GeometryEnsemble

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        inputs: GeometryInputs = "blendshapes",
        hidden: int = 64,
        dropout: float = 0.0,
        logit_eps: float = 0.0,
        members: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Build the module.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            inputs: What the classifier looks at.
            hidden: Width of its hidden layer.
            dropout: Share of its inputs that were left out in training.
            logit_eps: Of `GeometryClassifier`, which may see blendshapes as logits.
            members: Of `GeometryEnsemble`, in the place of one classifier with the settings above.
        """
        classifier = geometry_network(
            len(expressions), members, inputs=inputs, hidden=hidden, dropout=dropout, logit_eps=logit_eps
        )
        super().__init__(expressions, image_size, classifier)

    def classify(self, batch: FaceBatch) -> ClassifierOutput:
        """What the classifier says of a batch, by its geometry.

        Raises:
            DataError: It looks at blendshapes, and those of a face are not known.
        """
        landmarks, blendshapes = batch["landmarks"], batch.get("blendshapes")
        if blendshapes is None:
            if self.classifier.inputs != "landmarks":
                raise DataError(f"The recognizer looks at blendshapes, and these faces have none. {HAVE_BLENDSHAPES}.")
            blendshapes = landmarks  # which it does not look at
        features = self.classifier.features(landmarks, blendshapes)
        if unknown := int((~features.isfinite().all(dim=1)).sum()):
            raise DataError(
                "The recognizer looks at geometry alone, which of "
                f"{unknown} of {len(features)} faces of a batch is not known. {HAVE_BLENDSHAPES}."
            )
        return ClassifierOutput(self.classifier.classify(features), None)
