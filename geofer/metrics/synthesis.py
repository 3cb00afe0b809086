"""Everything that is measured of synthetic faces, in one module."""

import math
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from geofer.errors import DataError
from geofer.metrics.diversity import RelativeDiversity
from geofer.metrics.image_similarity import image_similarity
from geofer.metrics.impostors import ImpostorDistance
from geofer.metrics.kernel_distance import KernelDistance
from geofer.metrics.landmark_error import landmark_error
from geofer.metrics.pair_means import Estimate, PairMeans
from geofer.metrics.synthesis_report import PAIR_MEASURES, REAL_MEASURES, SET_MEASURES, SynthesisReport


class SynthesisMetrics(nn.Module):
    """Bundles what is measured of synthetic faces x', made from x with the geometry of x^t, into a `SynthesisReport`.

    All processes of a distributed run may see different numbers of pairs; `compute` is collective and answers the same
    on each.

    Args:
        features: Length of the features that the kernel distance compares.
        embedding: Length of a face embedding; 0 if identities are not compared.
    """

    def __init__(self, features: int, embedding: int = 0) -> None:
        super().__init__()
        self.means = PairMeans(PAIR_MEASURES + REAL_MEASURES)
        self.whole = nn.ModuleDict({"kid": KernelDistance(features), "diversity": RelativeDiversity(p=1)})
        if embedding:
            self.whole["impostor_distance"] = ImpostorDistance(embedding)
            self.whole["kid_identity"] = KernelDistance(embedding)
            self.whole["diversity_identity"] = RelativeDiversity(p=2)

    def update(
        self,
        synthetic: Mapping[str, Tensor],
        real: Mapping[str, Tensor],
        landmarks: Tensor,
        expression: Tensor,
        subject: Tensor,
        inputs: Tensor | None = None,
    ) -> None:
        """Add a batch of pairs.

        What is known of the faces x' and of the faces x^t goes by these names:

        - ``image``: ``(B, 3, H, W)`` uint8;
        - ``landmarks``: ``(B, 68, 2)`` in [-1, 1] as a detector sees them, NaN where it found no face;
        - ``logits``: ``(B, K)`` of a classifier;
        - ``features``: ``(B, features)``;
        - ``embedding``: ``(B, embedding)``, if identities are compared.

        Args:
            synthetic: What is known of x'.
            real: What is known of x^t.
            landmarks: ``(B, 68, 2)`` g^t in [-1, 1], the true points of x^t.
            expression: ``(B,)`` int64 y^t.
            subject: ``(B,)`` int64, one number a person.
            inputs: ``(B, embedding)`` of the faces x.
        """
        values = image_similarity(synthetic["image"], real["image"])
        for prefix, faces in (("", synthetic), ("real_", real)):
            for name, value in landmark_error(faces["landmarks"], landmarks).items():
                values[prefix + name] = value
            values[f"{prefix}expression_accuracy"] = (faces["logits"].argmax(1) == expression).float()
            if inputs is not None:
                values[f"{prefix}identity_distance"] = torch.linalg.vector_norm(faces["embedding"] - inputs, dim=1)
        self.means.update(values, subject)
        whole: Any = self.whole
        whole["kid"].update(real["features"], synthetic["features"])
        if inputs is not None:
            whole["kid_identity"].update(real["embedding"], synthetic["embedding"])
            whole["impostor_distance"].update(inputs, real["embedding"], subject)

    def update_diversity(self, synthetic: Mapping[str, Tensor], real: Mapping[str, Tensor]) -> None:
        """Add the faces of P people with one geometry, named as in `update`; only pictures and embeddings are compared.

        Args:
            synthetic: Faces x' of P people, all with the same geometry.
            real: A real face of each, with about that geometry.
        """
        whole: Any = self.whole
        whole["diversity"].update(real["image"], synthetic["image"])
        if "embedding" in real:
            whole["diversity_identity"].update(real["embedding"], synthetic["embedding"])

    def compute(self) -> SynthesisReport:
        """The report on all faces since the last `reset`.

        Raises:
            DataError: If there were none.
        """
        means, pairs, subjects = self.means.compute()
        if not pairs:
            raise DataError("There are no pairs of faces to report on: the split that was evaluated is empty.")
        values = {name: Estimate(math.nan) for name in SET_MEASURES}
        for name, metric in cast(Mapping[str, Metric], self.whole).items():
            values[name] = Estimate(metric.compute())
        return SynthesisReport({**means, **values}, pairs, subjects)

    def reset(self) -> None:
        """Forget all faces."""
        for metric in (self.means, *cast(Mapping[str, Metric], self.whole).values()):
            metric.reset()
