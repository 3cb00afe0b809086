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
import math
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from landmark_crops import Crops, box_or_guess
from landmark_examples import NEAR, SPEC, Examples, prepare
from safetensors.torch import save
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from geofer.datamodules.preparation.rendering import renderer_digest
from geofer.landmarks.head_pose import rotation_angles
from geofer.landmarks.landmark_network import MARGIN, SIDE, LandmarkNetwork, SeenFaces
from geofer.landmarks.sightings import square_around
from geofer.paths import cache_folder, written_whole

ABOUT = 0.05
"""How far, in halves of the crop, RetinaFace's points are off: b of their density."""

POSE_WEIGHTS = (10.0, 3.0)
"""What a rotation's chordal distance counts for beside the likelihood of the points: of rendered faces, whose pose is
known, and of photographs, whose pose follows from their points (`geofer.landmarks.head_pose`)."""

MEASURED = {"to 30": (0, 30), "30 to 45": (30, 45), "45 to 60": (45, 60), "60 to 75": (60, 75), "75 to 90": (75, 90)}
"""Bins of the absolute yaw, in degrees."""


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
    kept = cache_folder() / "landmarks" / hashlib.sha256((repr(SPEC) + renderer_digest()).encode()).hexdigest()[:16]
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
