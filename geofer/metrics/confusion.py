"""The confusion matrix, and the two scores that follow from it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric


class ConfusionMatrix(Metric):
    """Counts faces by true and predicted expression.

    Args:
        num_classes: Number of expressions, K.

    Examples:
        >>> import torch
        >>> matrix = ConfusionMatrix(num_classes=2)
        >>> matrix.update(prediction=torch.tensor([0, 1, 1]), expression=torch.tensor([0, 0, 1]))
        >>> matrix.compute()
        array([[1, 1],
               [0, 1]])
    """

    full_state_update = False
    counts: Tensor

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.add_state("counts", torch.zeros(num_classes**2, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, prediction: Tensor, expression: Tensor) -> None:
        """Add a batch.

        Args:
            prediction: ``(B,)`` int64 predicted expressions.
            expression: ``(B,)`` int64 true expressions.
        """
        cell = expression * self.num_classes + prediction
        self.counts.index_add_(0, cell, torch.ones_like(cell))

    def compute(self) -> NDArray[np.int64]:
        """``(K, K)`` int64; rows are true expressions, columns predicted ones."""
        counts: NDArray[np.int64] = self.counts.view(self.num_classes, self.num_classes).cpu().numpy()
        return counts.copy()


def recalls(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(K,)`` share of each expression's faces that is recognized, in [0, 1]; NaN for one that nobody shows.

    Args:
        confusion: ``(K, K)``, rows are true expressions.

    Examples:
        >>> import numpy as np
        >>> recalls(np.array([[3, 1], [0, 2]]))
        array([0.75, 1.  ])
    """
    shown = confusion.sum(1)
    return np.where(shown > 0, np.diag(confusion) / np.maximum(shown, 1), np.nan)


def balanced_accuracy(confusion: NDArray[np.int64]) -> float:
    """Mean recall over the expressions that occur, in [0, 1]; chance is 1/K however the faces are distributed.

    Args:
        confusion: ``(K, K)``, rows are true expressions.

    Examples:
        >>> import numpy as np
        >>> balanced_accuracy(np.array([[3, 1], [0, 2]]))
        0.875
    """
    return float(np.nanmean(recalls(confusion)))


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean over expressions of ``2 TP / (2 TP + FP + FN)``, in [0, 1].

    An expression that is neither shown nor predicted is left out, as in scikit-learn.

    Args:
        confusion: ``(K, K)``, rows are true expressions.

    Examples:
        >>> import numpy as np
        >>> round(macro_f1(np.array([[3, 1], [0, 2]])), 3)
        0.829
    """
    involved = confusion.sum(0) + confusion.sum(1)
    return float((2 * np.diag(confusion)[involved > 0] / involved[involved > 0]).mean())
