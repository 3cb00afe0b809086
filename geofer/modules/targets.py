"""Which geometries synthetic faces get: those of training subjects, as they are or varied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from geofer.errors import ConfigError, LeakError
from geofer.faces import JAW, NOSE_BRIDGE, LandmarkBank
from geofer.ranges import check_choice, check_ranges

_RIGID = (*range(JAW.start, JAW.stop), *range(NOSE_BRIDGE.start, NOSE_BRIDGE.stop))  # tell a pose, hardly an expression


@dataclass(frozen=True)
class SynthesisConfig:
    """The synthetic faces that the classifier learns from.

    Attributes:
        targets: ``bank`` gives a face the geometry of any training subject, ``pair`` another one of its own person,
            which is what G is trained on.
        per_real: Synthetic faces for each real one, once the ramp is over.
        at_once: How many of them G makes and C sees at once; None takes all. Fewer need less memory and have the same
            gradients, except that batch normalization knows each part alone.
        weight: What their loss weighs beside that of the real faces.
        confidence_weighting: Each synthetic face counts as much as C believes its label, so that faces which do not
            show what they should are left out.
        separate_statistics: C's running batch statistics, which it is tested with, come from real faces alone.
        noise: σ of Table IX, uniform in [-σ, σ] pixels at 224, on the target landmarks.
        candidates: Of so many random geometries, take the one whose pose is nearest to the face's.
        mix: Share of the targets that are mixtures with another geometry of the same expression and a similar pose.
        jitter: Targets are turned, scaled and shifted by normal draws; 1 is 10°, 10 % and 5 % of the picture.
    """

    targets: Literal["bank", "pair"] = "bank"
    per_real: float = 1.0
    at_once: int | None = None
    weight: float = 1.0
    confidence_weighting: bool = False
    separate_statistics: bool = False
    noise: float = 0.0
    candidates: int = 1
    mix: float = 0.0
    jitter: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, and more synthetic faces than there are pairs.

        Raises:
            ConfigError: It says which; or ``targets`` is ``pair`` and ``per_real`` above 1.
        """
        smallest = {"per_real": 0, "at_once": 1, "weight": 0, "noise": 0, "candidates": 1, "mix": 0, "jitter": 0}
        check_ranges("synthesis", self, low=smallest, high={"mix": 1})
        check_choice("synthesis.targets", self.targets, ("bank", "pair"))
        if self.targets == "pair" and self.per_real > 1:
            raise ConfigError(
                f"synthesis.per_real is {self.per_real}, but synthesis.targets: pair gives one synthetic face for each "
                "real one: take bank, or at most 1."
            )


def check_bank(bank: LandmarkBank, held_out: Mapping[str, frozenset[int]]) -> None:
    """Refuse a bank that holds anybody who is validated or tested on.

    Args:
        bank: The target geometries.
        held_out: Subjects of each split that is not trained on.

    Raises:
        LeakError: It names the split and the subjects.
    """
    present = set(bank.subject.tolist())
    for split, subjects in held_out.items():
        if shared := sorted(present & subjects):
            names = ", ".join(map(str, shared[:5])) + (f" and {len(shared) - 5} more" if len(shared) > 5 else "")
            raise LeakError(
                f"The landmark bank holds subjects of the {split} split: {names}. Synthetic faces may only show "
                "geometries of training subjects: build the bank from the training split."
            )


class Targets(NamedTuple):
    """Geometries that faces are given.

    Attributes:
        landmarks: ``(B, 68, 2)`` in [-1, 1].
        expression: ``(B,)`` what they express.
        blendshapes: ``(B, 52)`` blendshapes; None if the bank has none.
    """

    landmarks: Tensor
    expression: Tensor
    blendshapes: Tensor | None


class TargetSampler:
    """Draws target geometries from a bank."""

    def __init__(self, bank: LandmarkBank, config: SynthesisConfig, device: torch.device) -> None:
        """Keep the bank on ``device``, sorted by expression."""
        order = bank.expression.argsort(stable=True)
        self.landmarks = bank.landmarks[order].to(device, torch.float32)
        self.expression = bank.expression[order].to(device)
        self.blendshapes = None if bank.blendshapes is None else bank.blendshapes[order].to(device, torch.float32)
        count = torch.bincount(self.expression)
        self.count, self.first = count, count.cumsum(0) - count
        self.config = config

    def sample(self, landmarks: Tensor) -> Targets:
        """A target for each face.

        Args:
            landmarks: ``(B, 68, 2)`` of the faces, in [-1, 1].
        """
        config, device = self.config, landmarks.device
        drawn = torch.randint(len(self.landmarks), (len(landmarks), config.candidates), device=device)
        chosen = self._nearest(landmarks, drawn)
        target, expression = self.landmarks[chosen], self.expression[chosen]
        blendshapes = None if self.blendshapes is None else self.blendshapes[chosen]
        if config.mix > 0:
            target, blendshapes = self._mix(target, expression, blendshapes)
        if config.jitter > 0:
            target = _jitter(target, config.jitter)
        return Targets(add_noise(target, config.noise), expression, blendshapes)

    def _nearest(self, landmarks: Tensor, candidates: Tensor) -> Tensor:
        """Of ``(B, n)`` candidates, the index ``(B,)`` of each whose pose is nearest to the landmarks'."""
        if candidates.shape[1] == 1:
            return candidates[:, 0]
        difference = self.landmarks[candidates][:, :, _RIGID] - landmarks[:, None, _RIGID]
        nearest = difference.square().sum(dim=(2, 3)).argmin(dim=1, keepdim=True)
        return candidates.gather(1, nearest)[:, 0]

    def _mix(self, target: Tensor, expression: Tensor, blendshapes: Tensor | None) -> tuple[Tensor, Tensor | None]:
        draws = torch.rand(len(target), 16, device=target.device)
        others = self.first[expression, None] + (draws * self.count[expression, None]).long()
        other = self._nearest(target, others)
        share = torch.rand(len(target), 1, 1, device=target.device)
        share = share * (torch.rand(len(target), 1, 1, device=target.device) < self.config.mix)
        if blendshapes is not None and self.blendshapes is not None:
            blendshapes = torch.lerp(blendshapes, self.blendshapes[other], share[:, 0])
        return torch.lerp(target, self.landmarks[other], share), blendshapes


def add_noise(landmarks: Tensor, sigma: float) -> Tensor:
    """Landmarks ``(B, 68, 2)`` in [-1, 1] plus uniform noise of ±``sigma`` pixels at 224 (Table IX)."""
    if sigma == 0:
        return landmarks
    return landmarks + torch.empty_like(landmarks).uniform_(-sigma, sigma) * (2 / 224)


def _jitter(landmarks: Tensor, strength: float) -> Tensor:
    angle, scale, x, y = torch.randn(4, len(landmarks), device=landmarks.device) * strength
    angle, scale = torch.deg2rad(10 * angle), torch.exp(0.1 * scale)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], dim=-1), torch.stack([sin, cos], dim=-1)], dim=-2)
    center = landmarks.mean(dim=1, keepdim=True)
    shift = 0.1 * torch.stack([x, y], dim=-1)[:, None]
    return (landmarks - center) @ turn.mT + center + shift
