"""Several classifiers of geometry that see blendshapes in different ways, and answer together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from geofer.errors import ConfigError
from geofer.networks.geometry_classifier import GeometryClassifier, GeometryInputs


class GeometryEnsemble(nn.Module):
    """The mean probability of several `GeometryClassifier`: where one is wrong, another may not be.

    It is used as one of them is.
    """

    def __init__(self, num_classes: int, members: Sequence[Mapping[str, Any]]) -> None:
        """Build it.

        Args:
            num_classes: K.
            members: Arguments of each `GeometryClassifier`, without ``num_classes``.

        Raises:
            ConfigError: There are none, or they look at different things.
        """
        super().__init__()
        self.members = nn.ModuleList(GeometryClassifier(num_classes, **arguments) for arguments in members)
        looked_at = {member.inputs for member in self._members()}
        if len(looked_at) != 1:
            raise ConfigError(
                f"The members of a ensemble look at {' and '.join(sorted(looked_at)) or 'nothing'}; "
                "name one or more that look at the same."
            )

    def _members(self) -> list[GeometryClassifier]:
        return [member for member in self.members if isinstance(member, GeometryClassifier)]

    @property
    def inputs(self) -> GeometryInputs:
        """What all members look at."""
        return self._members()[0].inputs

    def features(self, landmarks: Tensor, blendshapes: Tensor) -> Tensor:
        """What the members look at, side by side: ``(B, F)``; see `GeometryClassifier.features`."""
        return torch.cat([member.features(landmarks, blendshapes) for member in self._members()], dim=1)

    def forward(self, landmarks: Tensor, blendshapes: Tensor) -> Tensor:
        """Landmarks ``(B, 68, 2)`` and blendshapes ``(B, 52)`` to logarithms of probabilities ``(B, K)``."""
        return self.classify(self.features(landmarks, blendshapes))

    def classify(self, features: Tensor) -> Tensor:
        """Features to logarithms of probabilities ``(B, K)``."""
        members = self._members()
        shares = torch.split(features, [len(member.mean) for member in members], dim=1)
        answers = [member.classify(share).log_softmax(dim=1) for member, share in zip(members, shares, strict=True)]
        return torch.stack(answers).logsumexp(dim=0) - math.log(len(members))


def geometry_network(
    num_classes: int,
    members: Sequence[Mapping[str, Any]] = (),
    **arguments: Any,  # noqa: ANN401
) -> GeometryClassifier | GeometryEnsemble:
    """A ensemble of ``members``, or one `GeometryClassifier` of ``arguments`` if there are none."""
    return GeometryEnsemble(num_classes, members) if members else GeometryClassifier(num_classes, **arguments)
