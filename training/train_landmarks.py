"""Trains the network of the detector ``geofer``, from nothing to ``geofer/landmarks/landmark_network.safetensors``.

    python training/train_landmarks.py --photographs fairface.parquet ferplus.parquet

1. 216 people are rendered from all sides, with the truth of all 68 points and of the pose.
2. Each of ``--photographs`` is a Parquet file of pictures of one face each (column ``jpg`` or ``image``; of a file with
   a column ``split``, only ``train`` is read). Where the face is seen from the front, MediaPipe's points are taken for
   true, and the pose that follows from them for about true. Of each such face, a copy is turned in space
   (``turned_photographs.py``). Of faces that MediaPipe's mesh does not see, as profiles, RetinaFace's eye, nose and
   corner of the mouth on the near side are taken for about true.
3. The network learns from both, cropped by RetinaFace's boxes, which are moved, resized and turned, and with blur,
   noise, other light, and things before the face. The logarithmic likelihood of the points and the distance of the
   rotations are what it learns by. Its average over time is measured after each epoch and written at the end.

All steps are kept in ``--folder``, and a run that was interrupted goes on from there, and from its last epoch. Measured
are rendered people that it never saw, and each tenth photograph of files without a column ``split``, which it never
saw either. Errors are in % of the diagonal of the box around the 68 true points.
"""

import argparse
import csv
import hashlib
import io
import math
import multiprocessing
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache, partial
from pathlib import Path

import cv2
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from safetensors.torch import save
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from turned_photographs import turned

from geofer.faces import LEFT_EYE, MIRRORED_LANDMARKS, NUM_LANDMARKS, RIGHT_EYE
from geofer.landmarks.face_finder import GLANCE, POSSIBLE, FaceFinder, lean_of, square_around
from geofer.landmarks.face_landmarker import find_model
from geofer.landmarks.face_mesh import mesh_to_landmarks
from geofer.landmarks.face_mesh_model import FaceMeshModel
from geofer.landmarks.head_pose import head_pose, rotation_angles
from geofer.landmarks.landmark_network import MARGIN, SIDE, LandmarkNetwork, SeenFaces
from geofer.landmarks.retinaface import RetinaFace
from geofer.paths import cache_folder, written_whole
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

ABOUT = 0.05
"""How far, in halves of the crop, RetinaFace's points are off: b of their density."""

POSE_WEIGHTS = (10.0, 3.0)
"""What a rotation's chordal distance counts for beside the likelihood of the points: of rendered faces, whose pose is
known, and of photographs, whose pose follows from their points (`geofer.landmarks.head_pose`)."""

MEASURED = {"to 30": (0, 30), "30 to 45": (30, 45), "45 to 60": (45, 60), "60 to 75": (60, 75), "75 to 90": (75, 90)}
"""Bins of the absolute yaw, in degrees."""


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


class Crops:
    """Draws crops as the detector might see them, and what is known of them."""

    def __init__(self, faces: Examples, seed: int) -> None:
        """``faces`` to draw from."""
        self.faces, self.chance = faces, np.random.default_rng(seed)

    def draw(self, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Images ``(count, 3, SIDE, SIDE)``, points, near points and their side, rotations, as in `Examples`.

        Points are in [-1, 1] of the crop, and rotations ``(count, 3, 3)``.
        """
        drawn = [self._one(row) for row in self.chance.integers(len(self.faces), size=count)]
        images, points, near, side, pose = (np.stack(column) for column in zip(*drawn, strict=True))
        return (
            torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1,
            torch.from_numpy(points).float(),
            torch.from_numpy(near).float(),
            torch.from_numpy(side),
            torch.from_numpy(head_rotation(*pose.T)).float(),
        )

    def _one(self, row: int) -> tuple[NDArray[np.generic], ...]:
        chance, faces = self.chance, self.faces
        points, pose, side = faces.points[row], faces.pose[row].copy(), faces.side[row]
        middle, size = box_or_guess(faces.box[row], points, chance)
        size *= np.exp(0.09 * chance.standard_normal())
        middle = middle + 0.035 * size * chance.standard_normal(2)
        lean = math.radians(12 * chance.standard_normal() * (2.0 if chance.random() < 0.2 else 1.0))
        place = square_around(middle, MARGIN * size, lean, SIDE)
        image = cv2.warpAffine(
            faces.pictures[row], place.matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        points, near = (to_unit(place.to_crop(known)) for known in (points, faces.near[row]))
        pose[2] -= math.degrees(lean)
        if chance.random() < 0.5:
            image = image[:, ::-1]
            points = points[list(MIRRORED_LANDMARKS)] * (-1, 1)
            near, pose, side = near * (-1, 1), pose * (-1, 1, -1), -side
        return spoiled(np.ascontiguousarray(image), chance, faces.pictures), points, near, side, pose


def to_unit(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels of the crop to [-1, 1] of it."""
    return (2 * places + 1) / SIDE - 1


def box_or_guess(
    box: NDArray[np.float32], points: NDArray[np.float32], chance: np.random.Generator | None
) -> tuple[NDArray[np.float64], float]:
    """Middle and size of RetinaFace's box, or of one as it might be around the points."""
    if np.isfinite(box).all():
        return box[:2].astype(np.float64), float(box[2])
    low, high = points.min(0), points.max(0)
    extent = float((high - low).max())
    lift = 0.1 if chance is None else chance.uniform(0, 0.2)
    return (low + high) / 2 - (0, lift * extent), extent * (1.2 if chance is None else chance.uniform(1.05, 1.4))


def spoiled(image: NDArray[np.uint8], chance: np.random.Generator, others: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A crop behind things, in other light, coarse, blurred, noisy or compressed."""
    if chance.random() < 0.35:
        image = covered(image, chance, others)
    if chance.random() < 0.3:
        side = int(np.exp(chance.uniform(np.log(20), np.log(SIDE))))
        image = cv2.resize(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    if chance.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), chance.uniform(0.5, 1.8))
    if chance.random() < 0.15:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    levels = np.arange(256) / 255
    table = levels ** np.exp(0.3 * chance.standard_normal())
    table = 0.5 + (table - 0.5) * np.exp(0.25 * chance.standard_normal()) + 0.05 * chance.standard_normal()
    tint = np.exp(0.08 * chance.standard_normal(3)) if chance.random() < 0.5 else np.ones(3)
    image = cv2.LUT(image, np.clip(255 * table[:, None] * tint, 0, 255).astype(np.uint8)[None])
    if chance.random() < 0.2:
        noise = np.zeros((SIDE, SIDE, 3), np.int16)
        cv2.setRNGSeed(int(chance.integers(1 << 30)))
        cv2.randn(noise, 0, chance.uniform(2, 18))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if chance.random() < 0.15:
        written = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(20, 80))))[1]
        image = cv2.imdecode(written, cv2.IMREAD_COLOR)
    return np.asarray(image, np.uint8)


def covered(image: NDArray[np.uint8], chance: np.random.Generator, others: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Something before the face: a patch, a bar or the edge of something, of one color or of another picture."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    middle, angle = chance.uniform(0, SIDE, 2), chance.uniform(0, 180)
    form = chance.random()
    if form < 0.6:
        axes = chance.uniform(0.06, 0.3, 2) * SIDE
        cv2.ellipse(mask, (middle.tolist(), (2 * axes).tolist(), angle), (1,), -1)
    else:
        reach = SIDE * (chance.uniform(0.05, 0.12) if form < 0.75 else 2.0)
        away = SIDE * 2.0 if form >= 0.75 else 0.0
        middle = np.full(2, SIDE / 2) + (away + SIDE * chance.uniform(0.15, 0.5)) * np.array(
            (np.cos(np.radians(angle * 2)), np.sin(np.radians(angle * 2)))
        )
        corners = cv2.boxPoints((middle.tolist(), (2 * reach, 6 * SIDE), 2 * angle))
        cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), (1,))
    before: NDArray[np.generic] = chance.integers(0, 256, 3)
    if chance.random() < 0.5:
        other = others[chance.integers(len(others))]
        before = np.roll(other, chance.integers(KEPT, size=2), axis=(0, 1))[:SIDE, :SIDE]
    return np.where(mask[..., None] > 0, before, image).astype(np.uint8)


def loss_of(
    seen: SeenFaces, points: Tensor, near: Tensor, side: Tensor, rotations: Tensor, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """What is learned by: the mean of what points and near points cost, and of what rotations cost.

    Of a point at distance r, -log p = 2 log b + r / b, but for a constant (see `LandmarkNetwork`); near points have a
    fixed b. Rotations are |R - R'| apart, the chordal distance, 2 sqrt(2) sin(angle / 2), times ``weights``, ``(B,)``.
    """
    known = points[:, 0, 0].isfinite()
    away = (seen.points - points.nan_to_num()).norm(dim=2)
    likelihood = (2 * seen.scales.log() + away / seen.scales).mean(1)
    costs = [likelihood[known]]
    for sign, parts in NEAR.items():
        rows = (side == sign) & near[:, 0, 0].isfinite()
        means = torch.stack([seen.points[rows, part].mean(1) for part, _ in parts], dim=1)
        costs.append((means - near[rows]).norm(dim=2).mean(1) / ABOUT * len(parts) / 10)
    posed = rotations[:, 0, 0].isfinite()
    apart = (seen.rotations[posed] - rotations[posed]).flatten(1).norm(dim=1)
    return torch.cat(costs).sum() / len(points), (weights[posed] * apart).sum() / len(points)


@torch.no_grad()
def measure(network: torch.nn.Module, faces: Examples, bins: bool) -> dict[str, float]:
    """Errors in % of the diagonal of the box around the points; by yaw, and those of yaw and pitch, if ``bins``."""
    network.eval()
    crops, places = [], []
    for picture, box, points in zip(faces.pictures, faces.box, faces.points, strict=True):
        middle, size = box_or_guess(box, points, None)
        places.append(square_around(middle, MARGIN * size, 0.0, SIDE))
        crops.append(places[-1].apply(picture))
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 127.5 - 1
    seen = [network(part.contiguous(memory_format=torch.channels_last)) for part in images.split(64)]
    points = (torch.cat([part.points for part in seen]).numpy() + 1) * SIDE / 2 - 0.5
    points = np.stack([place.to_picture(each) for place, each in zip(places, points, strict=True)])
    angles = rotation_angles(torch.cat([part.rotations for part in seen]).numpy())
    diagonal = np.linalg.norm(np.ptp(faces.points, axis=1), axis=1)
    error = 100 * np.linalg.norm(points - faces.points, axis=2).mean(1) / diagonal
    if not bins:
        return {"photographs": float(error.mean())}
    told, yaw = {}, np.abs(faces.pose[:, 0])
    for name, (low, high) in MEASURED.items():
        rows = (yaw >= low) & (yaw < high)
        told[f"yaw {name}"] = float(error[rows].mean())
    for axis, name in enumerate(("yaw", "pitch")):
        told[f"error of {name}"] = float(np.abs(angles - faces.pose)[:, axis].mean())
    return told


def train(network: LandmarkNetwork, rendered: Examples, photographs: Examples, options: argparse.Namespace) -> None:
    """Fits the network, in place; it goes on from its last epoch, and becomes its average over time."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.998), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=0.02)
    steps = options.epochs * options.steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 300) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
    )
    kept, curve, first = options.folder / "state.pt", options.folder / "curve.csv", 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        first = state["epoch"] + 1
        for part, name in (
            (network, "network"),
            (average, "ema"),
            (optimizer, "optimizer"),
            (schedule, "schedule"),
        ):
            part.load_state_dict(state[name])
    learned = [faces.of(~faces.held) for faces in (rendered, photographs)]
    held = [faces.of(faces.held & np.isfinite(faces.points[:, 0, 0])) for faces in (rendered, photographs)]
    half = options.batch // 2
    weights = torch.tensor(POSE_WEIGHTS).repeat_interleave(half)
    for epoch in range(first, options.epochs):
        sources, start = [Crops(faces, 2 * epoch + number) for number, faces in enumerate(learned)], time.monotonic()
        network.train()
        lost = torch.zeros(2)
        for _ in range(options.steps):
            parts = [source.draw(half) for source in sources]
            image, *known = (torch.cat(part) for part in zip(*parts, strict=True))
            with torch.autocast("cpu", torch.bfloat16):
                seen = network(image.contiguous(memory_format=torch.channels_last))
            losses = torch.stack(loss_of(seen, *known, weights))
            optimizer.zero_grad()
            losses.sum().backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 20.0)
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            lost += losses.detach()
        told = {"epoch": epoch, "seconds": round(time.monotonic() - start), "points": lost[0].item() / options.steps}
        told |= {"rotations": lost[1].item() / options.steps}
        for faces, bins in zip(held, (True, False), strict=True):
            told |= measure(average.module, faces, bins)
        state = {"epoch": epoch, "network": network.state_dict(), "ema": average.state_dict()}
        state |= {"optimizer": optimizer.state_dict(), "schedule": schedule.state_dict()}
        with written_whole(kept) as file:
            torch.save(state, file)
        log(curve, told)
    network.load_state_dict(average.module.state_dict())
    network.eval()


def log(path: Path, told: dict[str, float]) -> None:
    """Adds a row to the curve, and prints it."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, told)
        if new:
            writer.writeheader()
        writer.writerow({name: round(value, 4) for name, value in told.items()})
    print(", ".join(f"{name} {value:.2f}" for name, value in told.items()), flush=True)


def main() -> None:
    """Render, look, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, nargs="+", required=True, help="Parquet files of a face each")
    parser.add_argument("--most", type=int, default=3000, help="photographs of each file, the first ones")
    parser.add_argument("--people", type=int, default=216)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=250, help="batches of an epoch")
    parser.add_argument("--batch", type=int, default=64, help="half of it rendered, half photographs")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    kept = cache_folder() / "landmarks" / hashlib.sha256(repr(SPEC).encode()).hexdigest()[:16]
    parser.add_argument("--folder", type=Path, default=kept, help="what was rendered and seen, the state and the curve")
    parser.add_argument("--output", type=Path, default=Path("geofer/landmarks/landmark_network.safetensors"))
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    rendered, photographs = prepare(options)
    print(f"{len(rendered)} rendered faces, {len(photographs)} photographs and turned copies", flush=True)
    network = LandmarkNetwork()
    train(network, rendered, photographs, options)
    weights = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    content = save({name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")})
    with written_whole(options.output) as file:
        file.write(content)
    print(f"{options.output}: {len(content):,} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
