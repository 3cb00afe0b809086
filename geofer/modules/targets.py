"""Which geometries synthetic faces get: those of training subjects, as they are or varied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from geofer.errors import ConfigError, LeakError
from geofer.faces import JAW, NOSE_BRIDGE, LandmarkBank
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.ranges import check_choice, check_ranges

_RIGID = (*range(JAW.start, JAW.stop), *range(NOSE_BRIDGE.start, NOSE_BRIDGE.stop))  # tell a pose, hardly an expression


TargetSource = Literal["bank", "pair", "own"]
Painter = Literal["generator", "warp", "input"]


@dataclass(frozen=True)
class SynthesisConfig:
    """The synthetic faces that the classifier learns from.

    Attributes:
        targets: ``bank`` gives a face the geometry of any training subject, ``pair`` another one of its own person,
            which is what G is trained on, and ``own`` the face's own, for controls.
        bank_size: So many geometries of the bank are used, as many of each expression as can be; None takes all. The
            paper has 60 (Section IV-B).
        painter: Who makes the faces: the ``generator``; or for controls the geometric ``warp`` that it starts from, or
            nobody, and C gets the ``input`` again.
        per_real: Synthetic faces for each real one, once the ramp is over.
        at_once: How many of them G makes and C sees at once; None takes all. Fewer need less memory and have the same
            gradients, except that batch normalization knows each part alone.
        weight: What their loss weighs beside that of the real faces.
        pooled: Real and synthetic faces count alike in Eq. 5, so that with k synthetic faces for each real one these
            weigh k times as much. Otherwise both means count alike, and a synthetic face counts 1/k of a real one.
        confidence_weighting: Each synthetic face counts as much as C believes its label, so that faces which do not
            show what they should are left out.
        separate_statistics: C's running batch statistics, which it is tested with, come from real faces alone.
        noise: σ of Table IX, uniform in [-σ, σ] pixels at 224, on the target landmarks.
        candidates: Of so many random geometries, take the one whose pose is nearest to the face's.
        mix: Share of the targets that are mixtures with another geometry of the same expression and a similar pose.
        jitter: Targets are turned, scaled and shifted by normal draws; 1 is 10°, 10 % and 5 % of the picture.
        motions: A target is how a face of the bank differs from its own person's neutral ones, laid on the shape of the
            face's own person, and comes from somebody else. The paper takes another person's geometry, shape and all.
    """

    targets: TargetSource = "bank"
    bank_size: int | None = None
    painter: Painter = "generator"
    per_real: float = 1.0
    at_once: int | None = None
    weight: float = 1.0
    pooled: bool = False
    confidence_weighting: bool = False
    separate_statistics: bool = False
    noise: float = 0.0
    candidates: int = 1
    mix: float = 0.0
    jitter: float = 0.0
    motions: bool = False

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, and more synthetic faces than there are pairs.

        Raises:
            ConfigError: It says which; or two options exclude each other.
        """
        smallest = {"per_real": 0, "at_once": 1, "weight": 0, "noise": 0, "candidates": 1, "mix": 0, "jitter": 0}
        smallest["bank_size"] = 1
        check_ranges("synthesis", self, low=smallest, high={"mix": 1})
        check_choice("synthesis.targets", self.targets, get_args(TargetSource))
        check_choice("synthesis.painter", self.painter, get_args(Painter))
        if self.bank_size is not None and self.motions:
            raise ConfigError(
                "synthesis.bank_size leaves people out, and synthesis.motions needs all of them: set one of the two."
            )
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
    """Draws target geometries from a bank.

    With ``config.motions`` it holds each geometry without its person's shape, and adds that of the face's own person.
    """

    def __init__(
        self, bank: LandmarkBank, config: SynthesisConfig, device: torch.device, neutral: int | None = None
    ) -> None:
        """Keep the bank on ``device``, sorted by expression.

        Args:
            bank: The target geometries.
            config: What is drawn from them.
            device: Where to.
            neutral: Label of the neutral expression, for ``config.motions``.

        Raises:
            ConfigError: ``config.motions`` is set, and there is no neutral expression.
        """
        order = bank.expression.argsort(stable=True)
        if config.bank_size is not None:
            order = _some_of_each(bank.expression, config.bank_size)
        self.landmarks = bank.landmarks[order].to(device, torch.float32)
        subject = bank.subject[order].to(device)
        self.people, person = torch.unique(subject, return_inverse=True)
        self.shapes = torch.zeros(len(self.people), *self.landmarks.shape[1:], device=device)
        if config.motions:
            if neutral is None:
                raise ConfigError("synthesis.motions needs the expression neutral, which the data have not.")
            self.shapes = shapes_of(self.landmarks, person, bank.expression[order].to(device) == neutral)
            self.landmarks = self.landmarks - self.shapes[person]
        self.by_person = person.argsort(stable=True)  # rows, those of a person next to each other
        self.faces = torch.bincount(person)
        self.expression = bank.expression[order].to(device)
        self.blendshapes = None if bank.blendshapes is None else bank.blendshapes[order].to(device, torch.float32)
        count = torch.bincount(self.expression)
        self.count, self.first = count, count.cumsum(0) - count
        self.config = config

    def sample(self, landmarks: Tensor, subject: Tensor) -> Targets:
        """A target for each face.

        Args:
            landmarks: ``(B, 68, 2)`` of the faces, in [-1, 1].
            subject: ``(B,)`` whose faces they are.
        """
        config, device = self.config, landmarks.device
        drawn = torch.randint(len(self.landmarks), (len(landmarks), config.candidates), device=device)
        if config.motions:
            person = torch.searchsorted(self.people, subject)
            drawn, own = self._somebody_else(person, config.candidates), self.shapes[person]
            landmarks = landmarks - own
        chosen = self._nearest(landmarks, drawn)
        target, expression = self.landmarks[chosen], self.expression[chosen]
        blendshapes = None if self.blendshapes is None else self.blendshapes[chosen]
        if config.mix > 0:
            target, blendshapes = self._mix(target, expression, blendshapes)
        if config.motions:
            target = target + own
        return Targets(moved(target, config), expression, blendshapes)

    def _somebody_else(self, person: Tensor, count: int) -> Tensor:
        """``(B, count)`` random rows of other people than ``(B,)``; of the same if the bank has nobody else."""
        theirs, others = self.faces[person], len(self.landmarks) - self.faces[person]
        before = (self.faces.cumsum(0) - self.faces)[person]
        draws = torch.rand(len(person), count, device=person.device)
        place = (draws * torch.where(others > 0, others, theirs)[:, None]).long()
        place = place + theirs[:, None] * ((others > 0)[:, None] & (place >= before[:, None]))
        rows: Tensor = self.by_person[place]
        return rows

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


def shapes_of(landmarks: Tensor, person: Tensor, neutral: Tensor) -> Tensor:
    """What people's neutral faces have that the average head has not, wherever it is seen from.

    Args:
        landmarks: ``(N, 68, 2)``.
        person: ``(N,)`` number of each face's person, from 0.
        neutral: ``(N,)`` which faces are neutral; of people without any, all their faces count.

    Returns:
        ``(P, 68, 2)``: the mean of what the affine camera leaves over that takes the average head nearest to a face.
    """
    head = torch.tensor(MEAN_HEAD, dtype=torch.float64)
    homogeneous = torch.cat([head, torch.ones(len(head), 1)], dim=1)
    leaves = (torch.eye(len(head)) - homogeneous @ torch.linalg.pinv(homogeneous)).to(landmarks)
    people = int(person.max()) + 1
    has = torch.zeros(people, dtype=torch.bool, device=person.device).index_put((person[neutral],), torch.tensor(True))
    counts = (neutral | ~has[person]).to(landmarks.dtype)
    total = landmarks.new_zeros(people, *landmarks.shape[1:])
    total = total.index_add(0, person, (leaves @ landmarks) * counts[:, None, None])
    return total / landmarks.new_zeros(people).index_add(0, person, counts)[:, None, None]


def _some_of_each(expression: Tensor, count: int) -> Tensor:
    """Rows of ``count`` geometries, by expression: as many of each as of the others, or all of a rare one.

    They are the same in every run, so that one that goes on has those it began with.
    """
    draws = torch.rand(len(expression), generator=torch.Generator().manual_seed(0))
    shuffled = draws.argsort()
    labels = expression.cpu()[shuffled]
    rank = torch.zeros(len(labels), dtype=torch.long)
    for label in set(labels.tolist()):
        rank[labels == label] = torch.arange(int((labels == label).sum()))
    rows = shuffled[rank.argsort(stable=True)[:count]]
    return rows[expression.cpu()[rows].argsort(stable=True)].to(expression.device)


def moved(landmarks: Tensor, config: SynthesisConfig) -> Tensor:
    """Targets ``(B, 68, 2)`` with the jitter and the noise that synthetic faces are to have."""
    jittered = _jitter(landmarks, config.jitter) if config.jitter > 0 else landmarks
    return add_noise(jittered, config.noise)


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
