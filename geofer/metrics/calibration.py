"""Whether a classifier is right as often as it says."""

import torch
from torch import Tensor
from torchmetrics import Metric


class CalibrationError(Metric):
    r"""Expected calibration error (Guo et al., ICML 2017, Eq. 3) of the predicted expression.

    ``ECE = Σ_b n_b / N · |accuracy_b − confidence_b|`` over equally wide bins of the largest probability; bin b holds
    ``b / bins < p ≤ (b + 1) / bins``. 0 is perfect, 1 the worst.

    Args:
        bins: Number of bins.

    Examples:
        >>> import torch
        >>> error = CalibrationError()
        >>> error.update(torch.tensor([[0.9, 0.1], [0.9, 0.1]]), torch.tensor([0, 1]))  # sure, and right in half
        >>> round(error.compute(), 2)
        0.4
    """

    full_state_update = False
    faces: Tensor
    confidence: Tensor
    correct: Tensor

    def __init__(self, bins: int = 15) -> None:
        super().__init__()
        self.bins = bins
        self.add_state("faces", torch.zeros(bins, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("correct", torch.zeros(bins, dtype=torch.int64), dist_reduce_fx="sum")
        self.add_state("confidence", torch.zeros(bins, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, probabilities: Tensor, expression: Tensor) -> None:
        """Add a batch.

        Args:
            probabilities: ``(B, K)``, each row sums to 1.
            expression: ``(B,)`` int64 true expressions.
        """
        confidence, prediction = probabilities.double().max(1)
        index = (confidence * self.bins).ceil().long().sub(1).clamp(0, self.bins - 1)
        self.faces.index_add_(0, index, torch.ones_like(index))
        self.correct.index_add_(0, index, (prediction == expression).long())
        self.confidence.index_add_(0, index, confidence)

    def compute(self) -> float:
        """The error, in [0, 1]."""
        return float((self.correct - self.confidence).abs().sum() / self.faces.sum())
