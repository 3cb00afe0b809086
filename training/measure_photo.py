"""Measures the bundled recognizer on photographs and on rendered faces.

    python training/measure_photo.py --root data/FER2013 --split val

prints what ``photo`` and ``rendered`` get right of FER+'s pictures, by the majority of the votes, and of rendered
people that neither was trained on, by how far their heads are turned. ``--split test`` is for the end: whoever chooses
by it has no test any more. MediaPipe finds the faces of the rendered pictures; of FER+ the pictures are taken whole,
and where MediaPipe finds no face in one, ``photo`` looks at its pixels alone and ``rendered``, which sees none, is not
asked.
"""

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from train_photo import Photographs, logits_of, photographs, shown, subset
from train_rendered import SPEC, TEST

import geofer
from geofer.app.models.model_source import read_model
from geofer.faces import EXPRESSIONS
from geofer.landmarks import Faces, build_detector
from geofer.networks.classifier import Classifier
from geofer.rendering import render_subject

YAWS = (0, 15, 30, 50)
"""Edges of the groups of rendered faces, in degrees to either side."""


def on_photographs(faces: Photographs, split: str) -> None:
    """Prints what both recognizers get right of FER+."""
    photo, _ = read_model("photo")
    assert isinstance(photo, Classifier)
    found = faces.blendshapes.isfinite().all(1)
    pixels, geometry = logits_of(photo, faces)
    shown(pixels + geometry, faces, f"photo, FER+ {split}")
    shown((pixels + geometry)[found], subset(faces, found), "photo, faces found")
    rendered, _ = read_model("rendered")
    with torch.inference_mode():
        logits = rendered(torch.zeros(int(found.sum()), 68, 2), faces.blendshapes[found])
    shown(logits, subset(faces, found), "rendered, faces found")


class Known:
    """A detector that was asked before."""

    def __init__(self, answers: Sequence[Faces]) -> None:
        self._answers = iter(answers)

    def detect(self, images: Sequence[NDArray[np.uint8]], names: Sequence[str] = ()) -> list[Faces]:
        """The next answers."""
        return [next(self._answers) for _ in images]


def on_rendered_people(people: int) -> None:
    """Prints what both recognizers get right of rendered people, by yaw."""
    subjects = [render_subject(SPEC, number) for number in TEST[:people]]
    pictures = [picture for subject in subjects for picture in subject.images]
    expression = np.concatenate([subject.expression for subject in subjects])
    yaw = np.abs(np.concatenate([subject.yaw for subject in subjects]))
    answers = build_detector("mediapipe", max_faces=1).detect(pictures)
    for name in ("photo", "rendered"):
        seen = geofer.load(name, detector=Known(answers))(pictures)
        told = np.array([EXPRESSIONS.index(faces[0].expression) if faces else -1 for faces in seen])
        line = []
        for low, high in pairwise(YAWS):
            group = (told >= 0) & (yaw >= low) & (yaw < high)
            each = [(told == label)[group & (expression == label)].mean() for label in range(len(EXPRESSIONS))]
            line.append(f"{low} to {high}°: {100 * np.mean(each):.1f} % ({group.sum()})")
        print(f"{name}, rendered faces, mean recall by yaw: {'; '.join(line)}; no face in {(told < 0).sum()}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("data/FER2013"), help="FER2013 and FER+")
    parser.add_argument("--split", choices=("val", "test"), default="val")
    parser.add_argument("--people", type=int, default=40, help="how many rendered people; 0 leaves them out")
    options = parser.parse_args()
    (faces,) = photographs(options.root, options.split)
    on_photographs(faces, options.split)
    if options.people:
        on_rendered_people(options.people)


if __name__ == "__main__":
    main()
