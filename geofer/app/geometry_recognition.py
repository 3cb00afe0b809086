"""Recognisers of geometry alone, where models are tested: on the faces of a data module."""

from collections.abc import Mapping, Sequence
from typing import Any

from geofer.errors import DataError
from geofer.faces import FaceBatch
from geofer.modules.classifier import Answers
from geofer.modules.geometry_classifier import GeometryClassifier, GeometryInputs
from geofer.modules.geometry_committee import GeometryCommittee, geometry_network
from geofer.modules.hyperparameters import plain_arguments
from geofer.modules.recognition import RecognitionModule
from geofer.modules.witness import HAVE_ACTIONS


class GeometryRecognition(RecognitionModule):
    """Tests a `geofer.modules.geometry_committee.geometry_network`, by the landmarks and facial actions of faces.

    It does not look at their pixels, so neither their size nor how they were cropped matters; and it is not trained.
    """

    classifier: GeometryClassifier | GeometryCommittee

    def __init__(
        self,
        expressions: Sequence[str],
        image_size: int,
        inputs: GeometryInputs = "blendshapes",
        hidden: int = 64,
        dropout: float = 0.0,
        score_edge: float = 0.0,
        members: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Build the module.

        Args:
            expressions: Names of the expressions, in the order of their labels.
            image_size: Side of the pictures in pixels.
            inputs: What the classifier looks at.
            hidden: Width of its hidden layer.
            dropout: Share of its inputs that were left out in training.
            score_edge: Of `GeometryClassifier`, which may see facial actions as logits.
            members: Of `GeometryCommittee`, in the place of one classifier with the settings above.
        """
        arguments = plain_arguments(self, locals())
        classifier = geometry_network(
            len(expressions), members, inputs=inputs, hidden=hidden, dropout=dropout, score_edge=score_edge
        )
        super().__init__(expressions, image_size, classifier, gradient_clip=None, decay=0.0)
        self.save_hyperparameters(arguments)

    def answers_of(self, batch: FaceBatch) -> Answers:
        """What the classifier says of a batch, by its geometry.

        Raises:
            DataError: It looks at facial actions, and those of a face are not known.
        """
        landmarks, actions = batch["landmarks"], batch.get("actions")
        if actions is None:
            if self.classifier.inputs != "landmarks":
                raise DataError(f"The recogniser looks at facial actions, and these faces have none. {HAVE_ACTIONS}.")
            actions = landmarks  # which it does not look at
        features = self.classifier.features(landmarks, actions)
        if unknown := int((~features.isfinite().all(dim=1)).sum()):
            raise DataError(
                "The recogniser looks at geometry alone, which of "
                f"{unknown} of {len(features)} faces of a batch is not known. {HAVE_ACTIONS}."
            )
        return Answers(self.classifier.classify(features), None)
