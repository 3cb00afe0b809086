"""How accuracy falls as faces turn away, are covered, small, or badly lit."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from geofer.datamodules.base import FaceDataModule
from geofer.faces import normalize_image
from geofer.metrics.groups import GroupAccuracy, accuracy_by_group
from geofer.metrics.pose_expression import POSE_STEP
from geofer.modules.recognition import RecognitionModule
from geofer.networks.modes import evaluating
from geofer.workers import progress_bar

GAMMA = 2.2
"""Of displays: a pixel's value in [0, 1] to this power is about proportional to the light."""

LEVELS: Mapping[str, tuple[float, ...]] = {
    "occlusion": (0, 5, 10, 20, 30, 40),
    "resolution": (8, 12, 16, 24, 32, 48, 64),
    "light": (-4, -3, -2, -1, 0, 1, 2),
}
"""Percent of the picture that a square covers; pixels along each side; stops of exposure."""


def occlude(image: Tensor, fraction: float, place: Tensor) -> Tensor:
    """Covers a gray square.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        fraction: Of the picture that is covered, in [0, 1].
        place: ``(B, 2)`` in [0, 1]: where the square lies, from the left to the right edge, and from top to bottom.
    """
    covered = image.clone()
    height, width = image.shape[-2:]
    side = [round(fraction**0.5 * length) for length in (height, width)]
    for picture, (x, y) in zip(covered, place.tolist(), strict=True):
        top, left = round(y * (height - side[0])), round(x * (width - side[1]))
        picture[:, top : top + side[0], left : left + side[1]] = 0
    return covered


def lower_resolution(image: Tensor, side: int) -> Tensor:
    """Shrinks pictures to ``side`` pixels and enlarges them again, as a face far away is seen.

    Args:
        image: ``(B, 3, S, S)`` in [-1, 1].
        side: Pixels that are left along each side; from S on nothing changes.
    """
    if side >= image.shape[-1]:
        return image
    small = F.interpolate(image, size=(side, side), mode="bilinear", antialias=True)
    return F.interpolate(small, size=image.shape[-2:], mode="bilinear")


def change_light(image: Tensor, stops: float) -> Tensor:
    """Twice the light for each stop, half for each negative one; what is too bright for the picture turns white.

    Args:
        image: ``(B, 3, H, W)`` in [-1, 1].
        stops: Of the exposure.
    """
    factor: float = 2 ** (stops / GAMMA)
    return ((image + 1) * factor).clamp(max=2) - 1


def pose_curves(predictions: Mapping[str, Tensor]) -> tuple[GroupAccuracy, ...]:
    """Accuracy by yaw, and by pitch, in steps of 15°; faces with an unknown angle are left out of its curve.

    Args:
        predictions: As `geofer.callbacks.predictions.read_predictions` gives them.
    """
    correct = predictions["probabilities"].argmax(1) == predictions["expression"]
    return tuple(
        group
        for angle in ("yaw", "pitch")
        for group in accuracy_by_group(
            angle, (predictions[angle] / POSE_STEP).round() * POSE_STEP + 0.0, correct, predictions["subject"]
        )
    )


@torch.no_grad()
def measure_robustness(
    model: RecognitionModule, data: FaceDataModule, *, seed: int = 0, batch_size: int = 128
) -> tuple[GroupAccuracy, ...]:
    """Accuracy on test faces that are made worse, by what is done to them and how much; shows a progress bar.

    Args:
        model: Recognizes them.
        data: Whose test faces; prepared.
        seed: Of where the squares lie; the same at all sizes.
        batch_size: Faces at a time.

    Returns:
        Of each factor in `LEVELS` the accuracy by level; resolutions above that of the pictures are left out, and
        their own is there.
    """
    data.setup("test")
    faces = data.faces("test")
    place = torch.from_numpy(np.random.default_rng(seed).random((len(faces), 2)))
    sides = [side for side in LEVELS["resolution"] if side < data.image_size]
    levels = {**LEVELS, "resolution": (*sides, float(data.image_size))}
    correct: dict[tuple[str, float], list[Tensor]] = {(name, v): [] for name in levels for v in levels[name]}
    with progress_bar() as progress, evaluating(model):
        bar = progress.add_task("Measuring robustness", total=len(faces))
        for rows in np.split(np.arange(len(faces)), range(batch_size, len(faces), batch_size)):
            image = normalize_image(faces.images(rows).to(model.device))
            truth = torch.from_numpy(faces.table.expression[rows])
            for (name, level), answers in correct.items():
                seen = _perturb(name, image, level, place[rows])
                answers.append(model(seen).argmax(1).cpu() == truth)
            progress.advance(bar, len(rows))
    return tuple(
        group
        for (name, level), answers in correct.items()
        for group in accuracy_by_group(name, np.full(len(faces), level), torch.cat(answers), faces.table.subject)
    )


def _perturb(name: str, image: Tensor, level: float, place: Tensor) -> Tensor:
    match name:
        case "occlusion":
            return occlude(image, level / 100, place)
        case "resolution":
            return lower_resolution(image, int(level))
        case _:
            return change_light(image, level)
