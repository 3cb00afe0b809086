"""The losses, one function for each equation of the paper."""

from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from geofer.ranges import check_choice, check_ranges

VariationScale = Literal["mean", "side", "sum"]


@dataclass(frozen=True)
class LossConfig:
    """λ of Eq. 10, what each term weighs in the loss of E and G; and the choices within the terms.

    The discriminators and the classifier minimize their own losses, unweighted. A discriminator whose weight is 0 is
    neither trained nor asked.

    Attributes:
        attribute: λ1, of D_att (Eq. 3).
        prior: λ2, of D_i (Eq. 4).
        classification: λ3, of C (Eq. 5).
        reconstruction: Of Eq. 7, which carries no λ in the paper.
        geometry: λ4, of Eq. 9.
        variation: λ5, of Eq. 8.
        variation_scale: What Eq. 8's sum is divided by, see `total_variation_loss`.
        label_smoothing: ρ of Eq. 6, for synthetic faces.
        reconstruction_target: What x' is compared with in Eq. 7: x^t, or x, which is the equation to the letter.
        region_weight: What pixels around eyes and mouth of x^t count for in Eq. 7.
        mouth_weight: What pixels inside the mouth of x^t count for beside that.
        gradients: Of `gradient_loss`, which the paper has not.
        condition_learns: Whether λ1 reaches E through the condition that D_att sees, too, and not through x' alone.
    """

    attribute: float = 1e-3
    prior: float = 1e-3
    classification: float = 1e-3
    reconstruction: float = 1.0
    geometry: float = 1e-4
    variation: float = 1e-4
    label_smoothing: float = 0.1
    reconstruction_target: Literal["target", "input"] = "target"
    region_weight: float = 1.0
    mouth_weight: float = 0.0
    gradients: float = 0.0
    variation_scale: VariationScale = "mean"
    condition_learns: bool = True

    def __post_init__(self) -> None:
        """Refuse numbers out of their range.

        Raises:
            ConfigError: It says which.
        """
        others = ("reconstruction_target", "variation_scale", "condition_learns")
        numbers = [field.name for field in fields(self) if field.name not in others]
        check_ranges("losses", self, low=dict.fromkeys(numbers, 0), high={"label_smoothing": 1})
        check_choice("losses.reconstruction_target", self.reconstruction_target, ("target", "input"))
        check_choice("losses.variation_scale", self.variation_scale, get_args(VariationScale))


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """What D_att maximizes in Eq. 3, and D_i in Eq. 4, as a loss: ``-E[log D(real)] - E[log(1 - D(fake))]``.

    Args:
        real: Logits of real pictures (D_att) or of draws from the prior (D_i), any shape.
        fake: Logits of synthetic pictures or of f(x), any shape.

    Returns:
        A scalar.

    Examples:
        >>> import torch
        >>> discriminator_loss(real=torch.tensor([4.0]), fake=torch.tensor([-4.0]))  # both are told apart
        tensor(0.0363)
    """
    return F.softplus(-real.float()).mean() + F.softplus(fake.float()).mean()


def adversarial_loss(fake: Tensor) -> Tensor:
    """The generator's side of Eq. 3 and 4 in its non-saturating form: ``-E[log D(fake)]``.

    Args:
        fake: Logits of synthetic pictures or of f(x), any shape.

    Returns:
        A scalar.

    Examples:
        >>> import torch
        >>> adversarial_loss(torch.tensor([0.0]))  # log 2: D does not know
        tensor(0.6931)
    """
    return F.softplus(-fake.float()).mean()


def classification_loss(
    logits: Tensor, expression: Tensor, smoothing: float = 0.0, weight: Tensor | None = None
) -> Tensor:
    """Eq. 5, cross entropy, with the smoothed labels of Eq. 6.

    The true class gets ``1 - (K - 1) ρ / K`` and every other one ``ρ / K``; ρ = 0 is plain cross entropy.

    Args:
        logits: ``(B, K)``.
        expression: ``(B,)`` int64, the true class; or ``(B, K)`` shares of those who saw each class.
        smoothing: ρ in [0, 1].
        weight: ``(B,)``, what each face counts for; the mean is over all B.

    Returns:
        A scalar.

    Examples:
        >>> import torch
        >>> logits, expression = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([0])
        >>> classification_loss(logits, expression)
        tensor(0.2395)
        >>> classification_loss(logits, expression, smoothing=0.1)
        tensor(0.3729)
    """
    losses = F.cross_entropy(logits.float(), expression, label_smoothing=smoothing, reduction="none")
    return losses.mean() if weight is None else (weight * losses).mean()


def fusion_loss(
    logits: Tensor,
    image_logits: Tensor | None,
    image_loss: float,
    expression: Tensor,
    smoothing: float = 0.0,
    weight: Tensor | None = None,
) -> Tensor:
    """Eq. 5 for a classifier with a geometry branch: of both branches, plus λ times of the image branch alone.

    Args:
        logits: ``(B, K)``, of both branches.
        image_logits: ``(B, K)``, of the image branch alone; None if there is no geometry branch, which leaves Eq. 5.
        image_loss: λ, 0 or more.
        expression: ``(B,)`` or ``(B, K)`` of `classification_loss`.
        smoothing: ρ of `classification_loss`.
        weight: ``(B,)`` of `classification_loss`.

    Returns:
        A scalar.
    """
    loss = classification_loss(logits, expression, smoothing, weight)
    if image_logits is None or image_loss == 0:
        return loss
    return loss + image_loss * classification_loss(image_logits, expression, smoothing, weight)


def reconstruction_loss(image: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Eq. 7, the identity preserving loss: L1, mean over pixels.

    Args:
        image: x', ``(B, 3, H, W)``.
        target: The same person's x^t, ``(B, 3, H, W)``.
        weight: ``(B, 1, H, W)``, what each pixel counts for; the mean is weighted with it.

    Returns:
        A scalar.

    Examples:
        >>> import torch
        >>> image, target = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
        >>> reconstruction_loss(image, target)
        tensor(1.)
    """
    if weight is None:
        return F.l1_loss(image, target)
    difference = (image.float() - target).abs().mean(dim=1, keepdim=True)
    return (weight * difference).sum() / weight.sum()


def gradient_loss(image: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """L1 between the differences of neighboring pixels of two pictures: edges, which L1 of colors leaves soft.

    Args:
        image: x', ``(B, 3, H, W)``.
        target: x^t, ``(B, 3, H, W)``.
        weight: ``(B, 1, H, W)``, what each pixel counts for.

    Returns:
        A scalar: the weighted mean of horizontal plus that of vertical differences.
    """
    difference = image.float() - target
    across = difference.diff(dim=3).abs().mean(dim=1, keepdim=True) * weight[..., 1:]
    down = difference.diff(dim=2).abs().mean(dim=1, keepdim=True) * weight[:, :, 1:]
    return (across.sum() + down.sum()) / weight.sum()


def total_variation_loss(image: Tensor, scale: VariationScale = "mean") -> Tensor:
    """Eq. 8, anisotropic total variation: differences of neighboring pixels, across and down.

    The paper writes a sum. Weighed with its λ5 of 1e-4 a sum outweighs Eq. 7 many times, and a mean hardly counts.

    Args:
        image: x', ``(B, 3, H, W)``.
        scale: ``mean`` over all differences; ``side`` sums those of a face and divides by its height, as the authors'
            code of 2018 does (at 224 pixels some 670 times the mean); ``sum`` sums them. The batch is always averaged.

    Returns:
        A scalar: the horizontal plus the vertical differences.

    Examples:
        >>> import torch
        >>> image = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
        >>> total_variation_loss(image), total_variation_loss(image, "side"), total_variation_loss(image, "sum")
        (tensor(1.), tensor(1.), tensor(2.))
    """
    image = image.float()
    across, down = image.diff(dim=3).abs(), image.diff(dim=2).abs()
    if scale == "mean":
        return across.mean() + down.mean()
    total = (across.sum() + down.sum()) / len(image)
    return total / image.shape[2] if scale == "side" else total


def geometry_loss(reconstruction: Tensor, landmarks: Tensor) -> Tensor:
    """Eq. 9: squared L2 between landmarks and what E gives back, mean over the batch.

    Args:
        reconstruction: ``(B, 68, 2)``.
        landmarks: g^t, ``(B, 68, 2)``.

    Returns:
        A scalar.

    Examples:
        >>> import torch
        >>> geometry_loss(torch.zeros(2, 68, 2), torch.full((2, 68, 2), 0.1))  # 136 coordinates, 0.01 each
        tensor(1.3600)
    """
    return torch.square(reconstruction.float() - landmarks).flatten(1).sum(dim=1).mean()
