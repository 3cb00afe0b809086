"""What MediaPipe might score in photographs of people who show a rendered person's blendshapes.

How a face at rest scores and what blendshapes do to scores is told by two tables:
`geofer.landmarks.score_response_measured` and `geofer.landmarks.score_response_assumed`.
"""

import torch
from torch import Tensor

from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.landmarks.score_response_assumed import BLENDSHAPES_DIFFER, FACES_DIFFER, INTENSITY, answers, neutral_scores
from geofer.landmarks.score_response_measured import EDGE, STRENGTH, logit_slopes, neutral_logits, noise
from geofer.networks.geometry_classifier import score_logits

OF_THE_PERSON = 0.6
"""Share of how much neutral photographs differ that is not the pose's and noise's."""


def vary(median: float, count: int) -> Tensor:
    """How strongly each of ``count`` faces shows each of its 52 blendshapes, ``(count, 52)``, at random."""
    intensity = median * torch.exp(FACES_DIFFER * torch.randn(count, 1))
    return intensity * torch.exp(BLENDSHAPES_DIFFER * torch.randn(count, len(BLENDSHAPES)))


class MeasuredTranslation:
    """Logits of the scores that MediaPipe might give a photograph of somebody who shows known blendshapes.

    Logits add up: of the photographed face at rest, of its blendshapes, and of noise.
    """

    def __init__(self, neutral: Tensor) -> None:
        """Learn how people at rest differ in several scores together.

        Args:
            neutral: Scores of rendered neutral faces, ``(N, 52)``.
        """
        logits = score_logits(neutral, EDGE)
        logits = torch.cat((logits, logits[:, list(MIRRORED_BLENDSHAPES)]))
        correlation = (logits + 1e-3 * torch.randn_like(logits)).T.corrcoef()
        self.together = torch.linalg.cholesky(correlation + 1e-3 * torch.eye(len(BLENDSHAPES)))
        self.mean, self.std = map(torch.from_numpy, neutral_logits())
        self.logit_slopes, self.noise = torch.from_numpy(logit_slopes()), torch.from_numpy(noise())

    def __call__(self, blendshapes: Tensor) -> Tensor:
        """True blendshapes ``(B, 52)`` to logits ``(B, 52)``, at random."""
        count = len(blendshapes)
        person = self.std * (torch.randn(count, 52) @ self.together.T)
        shown = vary(STRENGTH, count) * blendshapes
        return self.mean + person + shown @ self.logit_slopes + self.noise * torch.randn(count, 52)


class GuessedTranslation:
    """Scores as MediaPipe might give them for such a photograph, by guesses.

    What pose and noise do to scores, rendered faces tell.
    """

    def __init__(self, neutral: Tensor) -> None:
        """Learn what pose and noise do to scores.

        Args:
            neutral: Scores of rendered neutral faces, ``(N, 52)``.
        """
        self.residuals = neutral - neutral.mean(0)
        self.mean, self.std = map(torch.from_numpy, neutral_scores())
        self.answers = torch.from_numpy(answers())

    def __call__(self, blendshapes: Tensor) -> Tensor:
        """True blendshapes ``(B, 52)`` to scores ``(B, 52)`` in [0, 1], at random."""
        count = len(blendshapes)
        residuals = self.residuals[torch.randint(len(self.residuals), (count,))]
        person = OF_THE_PERSON * self.std * torch.randn(count, 52)
        person = (person + person[:, list(MIRRORED_BLENDSHAPES)]) / 2**0.5
        shown = vary(INTENSITY, count) * blendshapes
        return (self.mean + residuals + person + shown @ self.answers).clamp(0, 1)
