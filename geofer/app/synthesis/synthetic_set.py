"""A labeled set of synthetic faces, which keeps track of whose face each one is."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from geofer.app.synthesis.generation import (
    LARGEST_PITCH,
    LARGEST_YAW,
    FaceGenerator,
    SourceFace,
    find_source,
    synthesize,
)
from geofer.app.synthesis.target_geometry import moved_landmarks, placed_in_crop
from geofer.datamodules.datasets.face_table import FaceTable
from geofer.datamodules.layouts.layout import list_files
from geofer.datamodules.layouts.table_columns import LANDMARK_COLUMNS
from geofer.errors import DataError, printable
from geofer.faces import CropRule, denormalize_landmarks
from geofer.landmarks import LandmarkDetector
from geofer.names import in_cell, storable
from geofer.paths import AnyPath, as_path, written_whole

TABLE = "faces.csv"
COLUMNS = ("path", "expression", "subject", "group", "split", "yaw", "pitch", "source", *LANDMARK_COLUMNS)
TURN = (15.0, 10.0)
"""Degrees of yaw and pitch that a synthetic face is turned from its source at most: larger turns look worse."""


class SourcePicture(NamedTuple):
    """A picture to synthesize from.

    Attributes:
        file: Relative to the folder of all pictures, with forward slashes.
        subject: Whose face it shows; empty if only its group is known.
        group: What else must stay in one split, such as a movie; empty if nothing must.
        split: ``train``, or empty if no split was made yet.
    """

    file: str
    subject: str
    group: str
    split: str


def source_pictures(pictures: AnyPath) -> tuple[Path, list[SourcePicture]]:
    """The pictures that a synthetic set may be made of, with the person on each.

    Args:
        pictures: A folder with a folder for each person; or a table that `geofer.datamodules.FaceTable` reads, with a
            subject in each row. Of a table that names a split only the rows of ``train`` are taken.

    Returns:
        The folder that the files' names count from, and the pictures.

    Raises:
        DataError: There are none, or it is not known who is on one of them.
    """
    pictures = as_path(pictures)
    if pictures.is_dir():
        root, files = pictures, list_files(pictures)
        found = [SourcePicture(file, file.split("/")[0] if "/" in file else "", "", "") for file in files]
    else:
        root = pictures.parent
        records = FaceTable(root, table=pictures.name).records()
        found = [
            SourcePicture(record.file, record.subject or "", record.group or "", record.split or "")
            for record in records
            if record.split in (None, "train")
        ]
    if not found:
        raise DataError(f"{printable(pictures)} holds no picture to train on.")
    if nameless := [picture.file for picture in found if not picture.subject]:
        raise DataError(
            f"Nothing says who is on {printable(nameless[0])}, so its synthetic faces could end up in more than one "
            "split. Put each person's pictures into a folder of their own, or name a table with the column subject."
        )
    return root, found


def find_faces(
    root: Path,
    sources: Sequence[SourcePicture],
    detector: LandmarkDetector,
    size: int,
    crop: CropRule,
    left_out: list[str],
) -> Iterator[tuple[SourcePicture, SourceFace]]:
    """The largest face of each picture, with what is known of it.

    Args:
        root: Folder that the sources' names count from.
        sources: From `source_pictures`.
        detector: Finds the faces.
        size: Side of the crop in pixels.
        crop: How the generator's training faces were cropped.
        left_out: Gets a sentence for each picture without a usable face.
    """
    for source in sources:
        try:
            yield source, find_source(root / source.file, detector, size, crop)
        except DataError as error:
            left_out.append(str(error))


def write_synthetic_set(
    folder: AnyPath,
    model: FaceGenerator,
    faces: Iterable[tuple[SourcePicture, SourceFace]],
    per_face: int,
    seed: int,
) -> int:
    """Gives each face other expressions and poses, and writes pictures and a table that `FaceTable` reads.

    Expressions take turns, so that all are shown equally often. Each is performed as rendered people do, at the
    strongest level, from a pose near the source's.

    Args:
        folder: Where to; the table appears when all pictures are there.
        model: From `geofer.app.synthesis.generation.load_generator`.
        faces: From `find_faces`, or from `geofer.app.synthesis.training_faces.training_faces`.
        per_face: Synthetic faces of each source.
        seed: Of performances and poses.

    Returns:
        How many faces there were.

    Raises:
        DataError: ``folder`` holds something already, or there is no face.
    """
    folder = as_path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{printable(folder)} is not empty; choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    rows: list[list[object]] = []
    for source, face in faces:
        labels = [model.expressions[(len(rows) + turn) % len(model.expressions)] for turn in range(per_face)]
        poses = [_near(face, chance) for _ in labels]
        shown = [_perform(label, pose, face, chance) for label, pose in zip(labels, poses, strict=True)]
        targets = np.stack([placed_in_crop(one, face.landmarks, model.provenance["crop"]) for one in shown])
        made = zip(labels, poses, targets, synthesize(model, face, targets), strict=True)
        for label, (yaw, pitch), target, picture in made:
            name = f"{len(rows):06d}.png"
            with written_whole(folder / name) as file:
                Image.fromarray(picture).save(file, format="PNG")
            points = denormalize_landmarks(torch.from_numpy(target), model.image_size).flatten().tolist()
            numbers = [f"{number:.4f}" for number in (yaw, pitch)]
            whose = (
                storable(source.subject),
                storable(source.group),
            )  # as an index has them, which the leak guard compares
            labeled = [name, label, *whose, source.split, *numbers, in_cell(source.file)]
            rows.append([*labeled, *(f"{value:.4f}" for value in points)])
    if not rows:
        raise DataError("There is no face to synthesize from.")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *rows])
    with written_whole(folder / TABLE) as file:
        file.write(text.getvalue().encode())
    return len(rows) // per_face


def _near(face: SourceFace, chance: np.random.Generator) -> tuple[float, float]:
    """A yaw and pitch near the face's own, within those that rendered people are seen from."""
    yaw, pitch = (own + chance.uniform(-turn, turn) for own, turn in zip(face.pose, TURN, strict=False))
    return float(np.clip(yaw, -LARGEST_YAW, LARGEST_YAW)), float(np.clip(pitch, -LARGEST_PITCH, LARGEST_PITCH))


def _perform(
    expression: str, pose: tuple[float, float], face: SourceFace, chance: np.random.Generator
) -> NDArray[np.float32]:
    from geofer.rendering.expressions import LEVELS, sample_blendshapes, sample_style

    blendshapes = sample_blendshapes(expression, len(LEVELS), sample_style(chance), chance)
    return moved_landmarks(face.landmarks, blendshapes, *pose)
