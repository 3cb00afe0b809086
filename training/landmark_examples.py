"""Pictures of faces that the landmark network learns from, rendered and photographed, with what is known of them."""

import argparse
import io
import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from turned_photographs import turned

from geofer.faces import LEFT_EYE, NUM_LANDMARKS, RIGHT_EYE
from geofer.landmarks.face_finder import GLANCE, POSSIBLE, FaceFinder
from geofer.landmarks.face_landmarker import find_model
from geofer.landmarks.face_mesh import mesh_to_landmarks
from geofer.landmarks.face_mesh_model import FaceMeshModel
from geofer.landmarks.head_pose import head_pose
from geofer.landmarks.retinaface import RetinaFace
from geofer.landmarks.sightings import lean_of, square_around
from geofer.paths import written_whole
from geofer.rendering import RenderSpec, render_subject
from geofer.rendering.camera import head_rotation

KEPT = 144
"""Side of the pictures that are learned from, in pixels."""

AROUND = 1.8
"""Side of a photograph's picture over the larger side of RetinaFace's box."""

SPEC = RenderSpec(
    subjects=100_000,
    levels=(2, 4),
    poses="continuous",
    views=3,
    yaw_limit=90,
    pitch_limit=60,
    roll_jitter=8,
    image_size=KEPT,
    crop="loose",
    scene="picture",
    camera=True,
    lips="pressed",
    seed=5001,
)

VALIDATION = 16
"""So many people, the first ones, are only measured."""

FRONT_YAW, FRONT_PITCH, SURE = 35, 25, 0.9
"""Degrees up to which MediaPipe's points are taken for true, and how sure its mesh must be."""

YAW_TURNS, PITCH_TURNS = (15, 60), (-25, 25)
"""Degrees by which photographs are turned further away, and up or down."""

ROWS = 250
"""Photographs of one job."""

NEAR = {
    1: ((RIGHT_EYE, 0), (slice(30, 31), 2), (slice(48, 49), 3)),
    -1: ((LEFT_EYE, 1), (slice(30, 31), 2), (slice(54, 55), 4)),
}
"""Yaw's sign → points whose means RetinaFace sees on the near side, and which of its five they are."""


@dataclass(frozen=True)
class Examples:
    """Pictures of n faces; what is not known is NaN.

    Attributes:
        pictures: ``(n, KEPT, KEPT, 3)`` uint8 RGB.
        points: ``(n, 68, 2)`` float32 in pixels.
        near: ``(n, 3, 2)`` float32 in pixels: RetinaFace's points of `NEAR`.
        side: ``(n,)`` int64, the sign of the yaw that `NEAR` goes by.
        box: ``(n, 3)`` float32: middle and larger side of RetinaFace's box, in pixels.
        pose: ``(n, 3)`` float32: yaw, pitch, roll in degrees.
        held: ``(n,)`` bool, whether it only measures.
    """

    pictures: NDArray[np.uint8]
    points: NDArray[np.float32]
    near: NDArray[np.float32]
    side: NDArray[np.int64]
    box: NDArray[np.float32]
    pose: NDArray[np.float32]
    held: NDArray[np.bool_]

    def __len__(self) -> int:
        """How many faces."""
        return len(self.points)

    def save(self, path: Path) -> None:
        """Writes them."""
        with written_whole(path) as file:
            np.savez(file, **{field.name: getattr(self, field.name) for field in fields(self)})

    def of(self, rows: NDArray[np.bool_]) -> "Examples":
        """Some of them."""
        return Examples(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def gather(cls, paths: Iterable[Path]) -> "Examples":
        """Those of several files."""
        parts = [np.load(path) for path in paths]
        return cls(**{field.name: np.concatenate([part[field.name] for part in parts]) for field in fields(cls)})


def render_person(number: int, folder: Path) -> Path:
    """Renders one person and looks for the faces with RetinaFace, unless that was done before."""
    path = folder / f"{number}.npz"
    if path.exists():
        return path
    person = render_subject(SPEC, number)
    count = len(person.images)
    Examples(
        pictures=person.images,
        points=person.landmarks,
        near=np.full((count, 3, 2), np.nan, np.float32),
        side=np.ones(count, np.int64),
        box=np.stack([box_of(*pair) for pair in zip(person.images, person.landmarks, strict=True)]),
        pose=np.column_stack((person.yaw, person.pitch, person.roll)),
        held=np.full(count, number < VALIDATION),
    ).save(path)
    return path


@cache
def retinaface() -> RetinaFace:
    """One for each process."""
    return RetinaFace()


@cache
def finder() -> FaceFinder:
    """One for each process."""
    return FaceFinder(FaceMeshModel(find_model()), 40.0, SURE)


def box_of(picture: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """``(3,)`` middle and larger side of RetinaFace's box of the face with those points, NaN where it sees none."""
    place = square_around(np.full(2, (KEPT - 1) / 2), KEPT, 0.0, GLANCE)
    seen = retinaface().find(place.apply(picture), POSSIBLE)
    extent = np.ptp(points, axis=0).max()
    for box in KEPT / GLANCE * (seen.boxes[np.argsort(-seen.scores)] + 0.5) - 0.5:
        middle, size = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]).max()
        if np.linalg.norm(middle - points.mean(0)) < 0.4 * extent and 0.6 < size / extent < 2.5:
            return np.array((*middle, size), np.float32)
    return np.full(3, np.nan, np.float32)


def keep_photographs(job: tuple[Path, int], folder: Path) -> Path:
    """What is known of some photographs of a file, unless that was done before."""
    source, start = job
    path = folder / f"{source.stem}-{start}.npz"
    if path.exists():
        return path
    names = pq.read_schema(source).names
    table = pq.read_table(source, columns=[name for name in ("jpg", "image", "split") if name in names])
    if "split" in names:
        table = table.filter(pc.field("split") == "train")
    rows = []
    for number, row in enumerate(table.slice(start, ROWS).to_pylist(), start):
        picture = np.array(Image.open(io.BytesIO(row.get("jpg") or row["image"])).convert("RGB"))
        rows += photograph(picture, number, held="split" not in names and number % 10 == 0)
    rows = [blank(), *rows]
    stacked = Examples(**{field.name: np.stack([row[field.name] for row in rows]) for field in fields(Examples)})
    stacked.of(np.arange(len(rows)) > 0).save(path)
    return path


def blank() -> dict[str, NDArray[np.generic]]:
    """A row of `Examples` of which nothing is known."""
    return {
        "pictures": np.zeros((KEPT, KEPT, 3), np.uint8),
        "points": np.full((NUM_LANDMARKS, 2), np.nan, np.float32),
        "near": np.full((3, 2), np.nan, np.float32),
        "side": np.array(1),
        "box": np.full(3, np.nan, np.float32),
        "pose": np.full(3, np.nan, np.float32),
        "held": np.array(False),
    }


def photograph(picture: NDArray[np.uint8], number: int, held: bool) -> list[dict[str, NDArray[np.generic]]]:
    """The face of a photograph, and a turned copy of it, as rows of `Examples`; none if nothing is known of it."""
    found = finder().find(picture)
    if not found:
        return []
    face = max(found, key=lambda face: face.seen.size)
    lean = lean_of(face.seen.points)
    place = square_around(face.seen.middle, AROUND * face.seen.size, lean, KEPT)
    scale = np.sqrt(np.linalg.det(place.matrix[:, :2]))
    row = blank() | {
        "pictures": place.apply(picture),
        "box": np.array((*place.to_crop(face.seen.middle), scale * face.seen.size), np.float32),
        "held": np.array(held),
    }
    if not face.confirmed:
        if abs(lean) > np.pi / 4:  # taken for lying, which these are not
            return []
        five = place.to_crop(face.seen.points)
        side = 1 if five[2, 0] > five[:2, 0].mean() else -1
        near = five[[of_five for _, of_five in NEAR[side]]]
        return [row | {"near": near.astype(np.float32), "side": np.array(side)}]
    enlarged = scale / np.sqrt(np.linalg.det(face.place.matrix[:, :2]))
    mesh = np.column_stack((place.to_crop(face.place.to_picture(face.mesh[:, :2])), enlarged * face.mesh[:, 2]))
    points = mesh_to_landmarks(mesh[:, :2].astype(np.float32))
    yaw, pitch, roll = head_pose(points)
    if held:
        return [row | {"points": points, "pose": np.array((yaw, pitch, roll), np.float32)}]
    if not (abs(yaw) < FRONT_YAW and abs(pitch) < FRONT_PITCH and face.presence > SURE):
        return []
    chance = np.random.default_rng(number)
    side = np.sign(yaw) if abs(yaw) > 8 else chance.choice((-1, 1))
    turn = head_rotation(np.array([side * chance.uniform(*YAW_TURNS)]), chance.uniform(*PITCH_TURNS, 1), np.zeros(1))[0]
    drawn, moved = turned(row["pictures"], mesh, turn)
    there = mesh_to_landmarks(moved[:, :2].astype(np.float32))
    row |= {"points": points, "pose": np.array((yaw, pitch, roll), np.float32)}
    return [row, row | {"pictures": drawn, "points": there, "box": box_of(drawn, there), "pose": head_pose(there)}]


def prepare(options: argparse.Namespace) -> tuple[Examples, Examples]:
    """Rendered faces and photographs; what is not there yet is made."""
    rendered, taken = (options.folder / name for name in ("rendered", "photographs"))
    for folder in (rendered, taken):
        folder.mkdir(parents=True, exist_ok=True)
    jobs = [(path, start) for path in options.photographs for start in range(0, options.most, ROWS)]
    people = range(options.people)
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        photographs = pool.imap_unordered(partial(keep_photographs, folder=taken), jobs)
        taken_files = [file for file in track(photographs, "Photographs", total=len(jobs))]
        drawn = pool.imap_unordered(partial(render_person, folder=rendered), people)
        files = [file for file in track(drawn, "Rendering people", total=len(people))]
    return Examples.gather(sorted(files)), Examples.gather(sorted(taken_files))
