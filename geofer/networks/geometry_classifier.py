"""Recognition from geometry alone: 68 landmarks and 52 blendshapes, without a look at the pixels.

A rendered face and a photograph differ in every pixel, but a raised brow is a raised brow in both. MediaPipe scores
the very blendshapes that move the rendered head, so what is learned from rendered faces is of use on photographs.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from geofer.faces import INNER_LIP, LEFT_EYE, LEFT_EYE_OUTER, RIGHT_EYE, RIGHT_EYE_OUTER
from geofer.ranges import check_range

GeometryInputs = Literal["landmarks", "blendshapes", "both"]
"""What a `GeometryClassifier` looks at."""

NUM_BLENDSHAPES = 52
"""Scores of blendshapes, in the order of `geofer.landmarks.face_mesh.BLENDSHAPES`."""

LANDMARKS_USED = 51
"""The last ones: the jaw line follows the head's shape and turn more than its expression."""


class GeometryClassifier(nn.Module):
    """A perceptron on landmarks and blendshapes.

    Landmarks are brought to a common place, size and roll first (`upright`), and each input is standardized by the
    training faces' mean and deviation, which are buffers.
    """

    def __init__(
        self,
        num_classes: int,
        inputs: GeometryInputs = "blendshapes",
        hidden: int = 64,
        dropout: float = 0.0,
        logit_eps: float = 0.0,
    ) -> None:
        """Build it.

        Args:
            num_classes: K.
            inputs: What it looks at.
            hidden: Width of the hidden layer; 0 makes it linear.
            dropout: Share of the inputs that are left out in training.
            logit_eps: If above 0, blendshapes are seen as logits of scores, which are drawn to within this of 0 and
                1 before. A lowered lip corner hardly ever scores above a hundredth, but its logit moves.
        """
        super().__init__()
        check_range("hidden", hidden, 0)
        check_range("logit_eps", logit_eps, 0, 0.5)
        self.inputs = inputs
        self.logit_eps = logit_eps
        width = {"landmarks": 0, "blendshapes": NUM_BLENDSHAPES, "both": NUM_BLENDSHAPES}[inputs]
        width += 0 if inputs == "blendshapes" else 2 * LANDMARKS_USED
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("std", torch.ones(width))
        layers: list[nn.Module] = [nn.Dropout(dropout)]
        if hidden:
            layers += [nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden or width, num_classes))

    def features(self, landmarks: Tensor, blendshapes: Tensor) -> Tensor:
        """What is looked at, before it is standardized: ``(B, 52)``, ``(B, 102)`` or both of them side by side.

        Args:
            landmarks: ``(B, 68, 2)``, in any unit; x to the right, y down.
            blendshapes: ``(B, 52)`` in [0, 1].
        """
        parts = []
        if self.inputs != "landmarks":
            parts.append(score_logits(blendshapes, self.logit_eps) if self.logit_eps else blendshapes)
        if self.inputs != "blendshapes":
            parts.append(upright(landmarks)[:, -LANDMARKS_USED:].flatten(1))
        return torch.cat(parts, dim=1)

    def standardize_by(self, features: Tensor) -> None:
        """Take mean and deviation from training features, ``(N, …)``; what does not vary counts for nothing."""
        self.mean.copy_(features.mean(0))
        self.std.copy_(features.std(0).clamp_min(1e-3))

    def forward(self, landmarks: Tensor, blendshapes: Tensor) -> Tensor:
        """Landmarks ``(B, 68, 2)`` and blendshapes ``(B, 52)`` to logits ``(B, K)``."""
        return self.classify(self.features(landmarks, blendshapes))

    def classify(self, features: Tensor) -> Tensor:
        """Features to logits ``(B, K)``."""
        logits: Tensor = self.layers((features - self.mean) / self.std)
        return logits


def score_logits(scores: Tensor, edge: float) -> Tensor:
    """Logits of scores in [0, 1], which are drawn to within ``edge`` of 0 and 1 before; of any shape."""
    return torch.logit(edge + (1 - 2 * edge) * scores.float().clamp(0, 1))


def upright(landmarks: Tensor) -> Tensor:
    """Landmarks with the eyes level, their middle at 0, and the eyes' distance from the mouth as the unit.

    The eyes' distance from the mouth stays when a head turns sideways; the distance between the eyes does not.

    Args:
        landmarks: ``(B, 68, 2)``, in any unit.

    Returns:
        ``(B, 68, 2)``.
    """
    points = landmarks.float()
    middle = (points[:, RIGHT_EYE].mean(1) + points[:, LEFT_EYE].mean(1)) / 2
    along = points[:, LEFT_EYE_OUTER] - points[:, RIGHT_EYE_OUTER]
    cosine, sine = (along / along.norm(dim=1, keepdim=True).clamp_min(1e-6)).unbind(1)
    unit = (points[:, INNER_LIP].mean(1) - middle).norm(dim=1).clamp_min(1e-6)
    x, y = ((points - middle[:, None]) / unit[:, None, None]).unbind(2)
    cosine, sine = cosine[:, None], sine[:, None]
    return torch.stack((cosine * x + sine * y, cosine * y - sine * x), dim=2)
