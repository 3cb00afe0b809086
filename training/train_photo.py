"""Trains the recognizer of photographs bundled with geofer, from nothing to ``geofer/app/models/photo.safetensors``.

    pip install '.[imagenet]'
    python training/train_photo.py --root data/FER2013

``--root`` holds ``fer2013.csv`` and ``fer2013new.csv``, the pictures of FER2013 and the votes of FER+. The steps:

1. ``geofer fit --config configs/experiment/photo.yaml`` trains the network of pixels (75 minutes of one core); a run
   that was interrupted goes on from its last epoch. Its last weights, an average over time, are taken as they are.
2. MediaPipe scores the blendshapes of the same pictures (half an hour of one core, kept), and a perceptron learns
   the same votes from them: the geometry branch of `geofer.networks.classifier.Classifier`.
3. FER+'s validation pictures choose three numbers: what the branch counts for, how far frequent expressions are
   preferred, and the temperature. They also give the accuracy by head pose.
4. The weights are rounded to float16, which is measured, and written.

FER+'s test pictures and all other faces are left alone; `geofer evaluate` measures on them.
"""

import argparse
import copy
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F
import yaml
from torch import Tensor

from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.app.models.model_source import read_model
from geofer.app.models.reliability import Reliability
from geofer.datamodules import FER2013
from geofer.datamodules.preparation.config import Preparation
from geofer.faces import EXPRESSIONS, Split, normalize_image
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.networks.classifier import SILENT, Classifier, ClassifierConfig

CONFIG = Path(__file__).parents[1] / "configs" / "experiment" / "photo.yaml"

ACCURACY = 0.855
"""Of the validation pictures: the recognizer prefers frequent expressions only as far as this asks for."""

BRANCH_WEIGHTS, PRIORS = (0.0, 0.25, 0.5, 0.75, 1.0), tuple(step / 20 for step in range(21))
"""What the branch may count for beside the pixels, and the exponents of the expressions' shares to choose from."""

UNUSED = tuple(name for name in BLENDSHAPES if name.startswith(("eyeLook", "_neutral")))
"""Where somebody looks says little of an expression, and much of where the camera stood."""

YAWS, PITCHES = (-50, -30, -10, 10, 30, 50), (-25, -8, 8, 25)
"""Edges of the cells that accuracy is measured in, in degrees."""

FEWEST = 20
"""Faces in a cell whose accuracy is told."""

ABOUT_FER2013 = (
    "FER2013's pictures were collected from the web for an open challenge (Goodfellow et al., ICONIP 2013); nobody in "
    "them was asked. The labels are FER+'s (Barsoum et al., ICMI 2016, MIT license). This model is for research."
)


@dataclass(frozen=True)
class Photographs:
    """Pictures of FER+, N of them.

    Attributes:
        images: ``(N, 3, 48, 48)`` uint8.
        votes: ``(N, K)``, see `geofer.datamodules.datasets.fer2013.vote_fractions`.
        expression: ``(N,)`` what the majority sees.
        blendshapes: ``(N, 52)`` as MediaPipe scores them; NaN where it finds no face.
        landmarks: ``(N, 68, 2)`` likewise.
        yaw: ``(N,)`` in degrees, as MediaPipe sees it; NaN likewise.
        pitch: ``(N,)`` likewise.
    """

    images: Tensor
    votes: Tensor
    expression: Tensor
    blendshapes: Tensor
    landmarks: Tensor
    yaw: Tensor
    pitch: Tensor


def photographs(root: Path, *splits: Split) -> list[Photographs]:
    """The pictures of some splits, once MediaPipe has scored them."""
    whole, scored = (
        FER2013(
            root,
            labels="ferplus",
            repeated_pictures="drop",
            image_size=48,
            preparation=Preparation(detector=detector, crop="none"),
        )
        for detector in ("none", "mediapipe")
    )
    for data in (whole, scored):
        data.prepare_data()
        data.setup("validate")
    origins, seen = whole.store.origins, scored.store.origins
    assert origins is not None and seen is not None and scored.store.table.blendshapes is not None  # noqa: PT018
    place = {file: row for row, file in enumerate(seen.files(np.arange(len(seen.faces))))}
    found = []
    for split in splits:
        rows = np.flatnonzero(whole.store.split == split)
        table = whole.store.table.select(rows)
        there = np.array([place.get(file, -1) for file in origins.files(rows)])
        theirs = scored.store.table.select(there[there >= 0])
        known = np.full((len(rows), 190), np.nan, np.float32)
        every = np.arange(len(theirs))
        points = theirs.landmarks[every].reshape(-1, 136)
        known[there >= 0] = np.column_stack((theirs.blendshapes[every], theirs.yaw, theirs.pitch, points))
        found.append(
            Photographs(
                images=torch.from_numpy(whole.store.pictures.gather(rows)).permute(0, 3, 1, 2),
                votes=torch.from_numpy(table.label_fractions(len(EXPRESSIONS))),
                expression=torch.from_numpy(table.expression),
                blendshapes=torch.from_numpy(known[:, :52]),
                landmarks=torch.from_numpy(known[:, 54:].reshape(-1, 68, 2)),
                yaw=torch.from_numpy(known[:, 52]),
                pitch=torch.from_numpy(known[:, 53]),
            )
        )
    return found


def trained_network(root: Path, run: Path) -> tuple[Classifier, ModelDescription]:
    """The network of pixels, trained if it was not before."""
    last = run / "checkpoints" / "last.ckpt"
    if not finished(run):
        settings = yaml.safe_load(CONFIG.read_text())
        settings["data"]["init_args"]["sources"]["photographs"]["init_args"]["root"] = str(root)
        resume = ["--ckpt_path", str(last)] if last.is_file() else []
        with TemporaryDirectory() as folder:
            config = Path(folder, CONFIG.name)
            config.write_text(yaml.safe_dump(settings))
            command = ["fit", "--config", str(config), "--trainer.default_root_dir", str(run), *resume]
            subprocess.run([sys.executable, "-m", "geofer", *command], check=True)
    network, description = read_model(last)
    assert isinstance(network, Classifier)
    return network, description


def finished(run: Path) -> bool:
    """Whether a run has reached its last epoch."""
    last, config = run / "checkpoints" / "last.ckpt", run / "config.yaml"
    if not (last.is_file() and config.is_file()):
        return False
    epochs = yaml.safe_load(config.read_text())["trainer"]["max_epochs"]
    return bool(torch.load(last, map_location="cpu", weights_only=True)["epoch"] + 1 >= epochs)


def with_branch(network: Classifier, description: ModelDescription) -> tuple[Classifier, ModelDescription]:
    """The same network with a geometry branch of blendshapes that has learned nothing yet."""
    architecture = {**description.architecture, "geometry": "blendshapes"}
    joined = Classifier(len(EXPRESSIONS), ClassifierConfig(**architecture))
    joined.load_state_dict(network.state_dict(), strict=False)
    return joined.eval(), replace(description, architecture=architecture)


def train_branch(network: Classifier, faces: Photographs, steps: int = 3000) -> None:
    """Fits the geometry branch alone, with logits adjusted to the shares of the expressions."""
    branch = network.geometry_branch
    assert branch is not None
    network.standardize_by(faces.blendshapes)
    branch.std[[BLENDSHAPES.index(name) for name in UNUSED]] = SILENT
    rows = faces.blendshapes.isfinite().all(1).nonzero()[:, 0]
    log_priors, mirrored = faces.votes.mean(0).log(), list(MIRRORED_BLENDSHAPES)
    optimizer = torch.optim.AdamW(branch.parameters(), 3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    branch.train()
    for _ in range(steps):
        chosen = rows[torch.randint(len(rows), (256,))]
        blendshapes = faces.blendshapes[chosen]
        blendshapes = torch.where(torch.rand(256, 1) < 0.5, blendshapes[:, mirrored], blendshapes)
        loss = F.cross_entropy(branch.classify(blendshapes) + log_priors, faces.votes[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    branch.eval()


@torch.inference_mode()
def logits_of(network: Classifier, faces: Photographs) -> tuple[Tensor, Tensor]:
    """What the pixels and what the branch says, ``(N, K)`` each; 0 of a branch that has seen nothing."""
    assert network.geometry_branch is not None
    pixels = torch.cat([network(normalize_image(part)) for part in faces.images.split(256)])
    heard = faces.blendshapes.isfinite().all(1, keepdim=True)
    return pixels, torch.where(heard, network.geometry_branch.classify(faces.blendshapes.nan_to_num()), 0)


def recalls(logits: Tensor, faces: Photographs) -> Tensor:
    """``(K,)`` share of each expression's faces that is recognized."""
    right = (logits.argmax(1) == faces.expression).float()
    return torch.stack([right[faces.expression == label].mean() for label in range(len(EXPRESSIONS))])


def accuracy(logits: Tensor, faces: Photographs) -> float:
    """Share of all faces that are recognized."""
    return float((logits.argmax(1) == faces.expression).float().mean())


def choose(network: Classifier, train: Photographs, val: Photographs) -> dict[str, float]:
    """Chooses the three numbers, and builds them into the last layers.

    Returns:
        ``branch``, ``prior`` and ``temperature``.
    """
    pixels, branch = logits_of(network, val)
    log_priors = train.votes.mean(0).log()
    best = max(BRANCH_WEIGHTS, key=lambda weight: float(recalls(pixels + weight * branch, val).mean()))
    joined = pixels + best * branch
    enough = [prior for prior in PRIORS if accuracy(joined + prior * log_priors, val) >= ACCURACY]
    prior = enough[0] if enough else max(PRIORS, key=lambda share: accuracy(joined + share * log_priors, val))
    joined = joined + prior * log_priors
    temperatures = torch.linspace(0.3, 3, 109)
    losses = torch.stack([F.cross_entropy(joined / temperature, val.votes) for temperature in temperatures])
    temperature = float(temperatures[losses.argmin()])
    last_of_pixels, last_of_branch = network.head[-1], network.geometry_branch.layers[-1]  # type: ignore[union-attr]
    with torch.no_grad():
        last_of_pixels.bias += prior * log_priors
        for layer, weight in ((last_of_pixels, 1.0), (last_of_branch, best)):
            for parameter in layer.parameters():
                parameter *= weight / temperature
    return {"branch": best, "prior": prior, "temperature": temperature}


def by_pose(logits: Tensor, faces: Photographs) -> Reliability:
    """Accuracy in each cell of pitch and yaw that has faces enough."""
    right = (logits.argmax(1) == faces.expression).float()
    row = torch.bucketize(faces.pitch, torch.tensor(PITCHES).float(), right=True) - 1
    column = torch.bucketize(faces.yaw, torch.tensor(YAWS).float(), right=True) - 1
    known = faces.yaw.isfinite()
    cells = [[right[known & (row == r) & (column == c)] for c in range(len(YAWS) - 1)] for r in range(len(PITCHES) - 1)]
    return Reliability(
        tuple(map(float, YAWS)),
        tuple(map(float, PITCHES)),
        tuple(tuple(round(float(cell.mean()), 3) if len(cell) >= FEWEST else None for cell in line) for line in cells),
        tuple(tuple(map(len, line)) for line in cells),
    )


def shown(logits: Tensor, faces: Photographs, what: str) -> dict[str, float]:
    """Accuracy, mean recall and calibration error, printed and returned."""
    probabilities = logits.softmax(1)
    sure, answer = probabilities.max(1)
    right = (answer == faces.expression).float()
    cell = (sure * 15).long().clamp_max(14)
    error = sum(
        float((cell == one).float().mean()) * abs(float(right[cell == one].mean() - sure[cell == one].mean()))
        for one in range(15)
        if (cell == one).any()
    )
    each = recalls(logits, faces)
    listed = ", ".join(f"{name} {100 * recall:.0f}" for name, recall in zip(EXPRESSIONS, each.tolist(), strict=True))
    print(
        f"{what:28} {100 * right.mean():5.1f} % of {len(right)}, mean recall {100 * each.mean():.1f} % ({listed}), "
        f"calibration error {error:.3f}"
    )
    return {"accuracy": float(right.mean()), "mean recall": float(each.mean()), "calibration error": error}


def main() -> None:
    """Train, score, choose, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data/FER2013"), help="FER2013 and FER+")
    parser.add_argument("--run", type=Path, default=Path("runs/photo"), help="the run's folder")
    parser.add_argument("--seed", type=int, default=0, help="of the geometry branch; the network's is in the config")
    parser.add_argument("--output", type=Path, default=Path("geofer/app/models/photo.safetensors"))
    options = parser.parse_args()
    image_alone, trained = trained_network(options.root, options.run)
    train, val = photographs(options.root, "train", "val")
    torch.manual_seed(options.seed)
    network, description = with_branch(image_alone, trained)
    train_branch(network, train)
    pixels, branch = logits_of(network, val)
    shown(pixels, val, "pixels")
    heard = val.blendshapes.isfinite().all(1)
    shown(branch[heard], subset(val, heard), "branch, where it sees a face")
    chosen = choose(network, train, val)
    print(", ".join(f"{name} {value:.2f}" for name, value in chosen.items()))
    together = sum(logits_of(network, val))
    assert isinstance(together, Tensor)
    shown(together, val, "both, calibrated")
    description = replace(
        description,
        reliability=by_pose(together, val),
        provenance={
            "command": "python training/train_photo.py",
            "data": f"{len(train.expression)} pictures of FER2013 with the votes of FER+, and rendered faces of 300 "
            f"people. {ABOUT_FER2013}",
            "start": "ImageNet weights of EfficientNet-Lite0 (Apache-2.0)",
            **{name: value for name, value in description.provenance.items() if name in ("seed", "geofer", "epoch")},
            "chosen on FER+'s validation pictures": {name: round(value, 3) for name, value in chosen.items()},
        },
    )
    halved = rounded(network)
    save_model(options.output, halved, description)
    stored, _ = load_model(options.output)
    assert isinstance(stored, Classifier)
    measured = shown(sum(logits_of(stored, val)), val, "both, stored as float16")  # type: ignore[arg-type]
    measured = {name: round(value, 4) for name, value in measured.items()}
    told = {**description.provenance, "FER+ validation pictures": measured}
    save_model(options.output, halved, replace(description, provenance=told))
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.2f} MB")


def rounded(network: Classifier) -> Classifier:
    """A copy in float16, but for the geometry branch, which is small and whose silent inputs need larger numbers."""
    copied = copy.deepcopy(network)
    copied.backbone.half()
    copied.head.half()
    return copied


def subset(faces: Photographs, chosen: Tensor) -> Photographs:
    """Some of them."""
    return Photographs(**{name: value[chosen] for name, value in vars(faces).items()})


if __name__ == "__main__":
    main()
