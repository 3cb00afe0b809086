"""Trains the recognizer that geofer ships: blendshapes as MediaPipe scores them, learned from rendered faces.

Run ``python training/train_rendered.py``. It renders 400 people (minutes, resumable), lets MediaPipe score them, fits
two small perceptrons, measures them by pose on people they never saw, and writes
``geofer/app/models/rendered.safetensors``.

MediaPipe's scores of rendered faces are not those of photographs: it sees the brows of rendered neutral faces raised
and the brows of neutral photographs slightly drawn, and rendered frowns hardly move its scores. The blendshapes that
move the rendered head, on the other hand, are known exactly, and in photographs MediaPipe scores just such
blendshapes. So seven of ten training faces are *translated*: what MediaPipe scores in photographs of neutral faces,
moved by the true blendshapes. The others are the scores of rendered faces as they are.

How MediaPipe answers is known badly, so the two perceptrons, whose mean probability counts, learn of it in two ways:
one from what was measured on photographs that were warped by the rendered head's moves
(``geofer/landmarks/score_response_measured.py``), in logits of scores, since many that matter stay below a hundredth;
the other from guesses (``geofer/landmarks/score_response_assumed.py``), in the scores themselves. No photograph's
label is learned from, but the tables rest on photographs: of neutral faces, and of smiles.
"""

import argparse
import hashlib
import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.progress import track
from torch import Tensor
from translation import GuessedTranslation, MeasuredTranslation

from geofer.app.models.model_file import ModelDescription, save_model
from geofer.app.models.reliability import Reliability
from geofer.faces import EXPRESSIONS
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.landmarks.score_response_assumed import in_mediapipes_order
from geofer.landmarks.score_response_measured import EDGE
from geofer.networks.geometry_classifier import GeometryClassifier
from geofer.networks.geometry_ensemble import GeometryEnsemble
from geofer.paths import cache_folder, written_whole
from geofer.rendering import HEAD_BLENDSHAPES, RenderSpec, render_subject

SPEC = RenderSpec(
    subjects=100_000,
    levels=(2, 3, 4),
    poses="continuous",
    views=1,
    yaw_limit=50,
    pitch_limit=25,
    roll_jitter=8,
    image_size=192,
    crop="loose",
    scene="picture",
    camera=True,
    lips="pressed",
    seed=4001,
)

UNUSED = tuple(name for name in BLENDSHAPES if name.startswith(("eyeLook", "_neutral")))
"""Where somebody looks says little of an expression, and much of where the camera stood."""

COUNTS = {"neutral": 1.5, "anger": 1.3, "disgust": 1.3}
"""How much a face counts beside those of other expressions: resting faces differ most, and are met most; angry and
disgusted ones are recognized least."""

MEMBERS = (
    {"inputs": "blendshapes", "hidden": 64, "dropout": 0.0, "logit_eps": EDGE},
    {"inputs": "blendshapes", "hidden": 64, "dropout": 0.2, "logit_eps": 0.0},
)
"""The perceptron that learns what was measured, and the one that learns what was guessed: it leaves inputs out, so as
to lean on no guess alone."""

YAWS, PITCHES = (-50, -30, -10, 10, 30, 50), (-25, -8, 8, 25)
"""Edges of the cells that accuracy is measured in, in degrees."""

VALIDATION, TEST = range(0, 400, 8), range(1, 400, 4)
"""People that choose the temperature, and people that only measure."""


@dataclass(frozen=True)
class Scored:
    """Rendered faces that MediaPipe found.

    Attributes:
        scores: ``(N, 52)`` those of MediaPipe.
        blendshapes: ``(N, 52)`` the truth, in MediaPipe's order.
        expression: ``(N,)`` labels.
        yaw: ``(N,)`` true, in degrees.
        pitch: ``(N,)`` true, in degrees.
        person: ``(N,)`` numbers.
    """

    scores: Tensor
    blendshapes: Tensor
    expression: Tensor
    yaw: Tensor
    pitch: Tensor
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
    blendshapes = in_mediapipes_order(person.blendshapes, HEAD_BLENDSHAPES)
    with written_whole(path) as file:
        np.savez(
            file,
            scores=np.concatenate([faces.blendshapes for faces in found if len(faces)]),
            blendshapes=blendshapes[seen],
            expression=person.expression[seen],
            yaw=person.yaw[seen],
            pitch=person.pitch[seen],
            person=np.full(seen.sum(), number),
        )


def score_people(people: int, folder: Path, processes: int) -> Scored:
    """Renders and scores what is missing, and gathers all."""
    folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = pool.imap_unordered(partial(score_person, folder=folder), range(people))
        for _ in track(jobs, "Rendering people", total=people):
            pass
    return gather(range(people), folder)


def gather(people: Iterable[int], folder: Path) -> Scored:
    """What is known of people whose faces were scored."""
    parts = [np.load(folder / f"{number}.npz") for number in people]
    gathered = (np.concatenate([part[field.name] for part in parts]) for field in fields(Scored))
    return Scored(*map(torch.from_numpy, gathered))


def neutral_faces(faces: Scored) -> Tensor:
    """Scores of the neutral faces that are not turned far, ``(N, 52)``."""
    near = (faces.expression == EXPRESSIONS.index("neutral")) & (faces.yaw.abs() < 40)
    return faces.scores[near]


def train(
    classifier: GeometryClassifier,
    translation: Callable[[Tensor], Tensor],
    faces: Scored,
    steps: int,
    translated: float,
) -> None:
    """Fits one classifier; expressions count alike but for `COUNTS`, and a share of the faces is translated.

    Args:
        classifier: Of blendshapes.
        translation: From true blendshapes ``(B, 52)`` to what the classifier looks at in a photograph, ``(B, 52)``.
        faces: To learn from.
        steps: Batches.
        translated: The share.
    """
    rendered, mirrored = looks(classifier, faces), list(MIRRORED_BLENDSHAPES)
    classifier.standardize_by(torch.cat((translation(faces.blendshapes), rendered)))
    classifier.std[[BLENDSHAPES.index(name) for name in UNUSED]] = 1e6
    weights = len(faces.expression) / torch.bincount(faces.expression, minlength=len(EXPRESSIONS))
    weights *= torch.tensor([COUNTS.get(name, 1.0) for name in EXPRESSIONS])
    optimizer = torch.optim.AdamW(classifier.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in track(range(steps), "Training"):
        chosen = torch.randint(len(faces.expression), (256,))
        mixed = torch.where(torch.rand(256, 1) < translated, translation(faces.blendshapes[chosen]), rendered[chosen])
        mixed = torch.where(torch.rand(256, 1) < 0.5, mixed[:, mirrored], mixed)
        loss = F.cross_entropy(classifier.classify(mixed), faces.expression[chosen], weights, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    classifier.eval()


def train_ensemble(faces: Scored, validation: Scored, steps: int, translated: float) -> GeometryEnsemble:
    """Fits and calibrates both of `MEMBERS`."""
    ensemble = GeometryEnsemble(len(EXPRESSIONS), MEMBERS)
    neutral = neutral_faces(faces)
    for member, translation in zip(
        ensemble.members, (MeasuredTranslation(neutral), GuessedTranslation(neutral)), strict=True
    ):
        train(member, translation, faces, steps, translated)
        calibrate(member, validation)
    return ensemble.eval()


def looks(classifier: GeometryClassifier | GeometryEnsemble, faces: Scored) -> Tensor:
    """What a classifier of blendshapes looks at, of rendered faces as they are."""
    nowhere = torch.zeros(len(faces.scores), 68, 2)
    return classifier.features(nowhere, faces.scores)


@torch.no_grad()
def calibrate(classifier: GeometryClassifier, faces: Scored) -> None:
    """Divides the logits by the temperature that makes rendered validation faces most likely."""
    logits = classifier.classify(looks(classifier, faces))
    temperatures = torch.linspace(0.5, 4, 71)
    losses = [F.cross_entropy(logits / temperature, faces.expression) for temperature in temperatures]
    best = temperatures[torch.stack(losses).argmin()]
    for parameter in classifier.layers[-1].parameters():
        parameter /= best


@torch.no_grad()
def recognized(ensemble: GeometryEnsemble, faces: Scored) -> Tensor:
    """``(N,)`` bool, which faces are recognized."""
    return ensemble.classify(looks(ensemble, faces)).argmax(1) == faces.expression


def recalls(ensemble: GeometryEnsemble, faces: Scored) -> dict[str, float]:
    """Share of each expression's faces that are recognized."""
    right = recognized(ensemble, faces)
    return {name: float(right[faces.expression == label].float().mean()) for label, name in enumerate(EXPRESSIONS)}


def by_pose(ensemble: GeometryEnsemble, faces: Scored) -> Reliability:
    """Accuracy in each cell of pitch and yaw."""
    right = recognized(ensemble, faces).float()
    row = torch.bucketize(faces.pitch, torch.tensor(PITCHES[1:-1]).float(), right=True)
    column = torch.bucketize(faces.yaw, torch.tensor(YAWS[1:-1]).float(), right=True)
    cells = [[right[(row == r) & (column == c)] for c in range(len(YAWS) - 1)] for r in range(len(PITCHES) - 1)]
    return Reliability(
        tuple(map(float, YAWS)),
        tuple(map(float, PITCHES)),
        tuple(tuple(round(float(cell.mean()), 3) if len(cell) else None for cell in line) for line in cells),
        tuple(tuple(map(len, line)) for line in cells),
    )


def main() -> None:
    """Render, score, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=400)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--translated", type=float, default=0.7, help="share of the training faces that are translated")
    parser.add_argument("--processes", type=int, default=2)
    kept = (
        cache_folder() / "recognizer" / hashlib.sha256(repr(SPEC).encode()).hexdigest()[:16]
    )  # other faces, other folder
    parser.add_argument("--folder", type=Path, default=kept, help="what MediaPipe said, kept")
    parser.add_argument("--output", type=Path, default=Path("geofer/app/models/rendered.safetensors"))
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    faces = score_people(options.people, options.folder, options.processes)
    validation, test = faces.of(VALIDATION), faces.of(TEST)
    held = torch.isin(faces.person, torch.tensor([*VALIDATION, *TEST]))
    ensemble = train_ensemble(faces[~held], validation, options.steps, options.translated)
    rendered = recalls(ensemble, test)
    for name, recall in rendered.items():
        print(f"{name:10} {100 * recall:5.1f} %")
    print(f"{'mean':10} {100 * sum(rendered.values()) / len(rendered):5.1f} % of {len(test.expression)} rendered faces")
    description = ModelDescription(
        kind="geometry",
        expressions=EXPRESSIONS,
        architecture={"members": list(MEMBERS)},
        reliability=by_pose(ensemble, test),
        provenance={
            "command": "python training/train_rendered.py",
            "data": f"{options.people} rendered people, and scores of some photographs; see the script",
            "seed": options.seed,
            "recall on rendered faces of unseen people": {name: round(value, 3) for name, value in rendered.items()},
        },
    )
    save_model(options.output, ensemble, description)
    print(f"{options.output}: {options.output.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
