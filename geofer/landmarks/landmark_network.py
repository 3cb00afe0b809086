"""The network of the detector ``geofer``: a face's crop to 68 points, how sure each is, and the head's pose."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from geofer.backbones.small_resnet import ResidualBlock
from geofer.faces import NUM_LANDMARKS, normalize_image
from geofer.landmarks.head_pose import rotation_angles, steady_pose
from geofer.landmarks.sightings import Sighting, lean_of, square_around
from geofer.model_files import check_sha256

SIDE = 96
"""Of the picture that the network sees, in pixels."""

MARGIN = 1.3
"""Side of its crop over the larger side of RetinaFace's box."""

WIDTHS = (32, 64, 128, 192)
"""Channels of the stem and of each stage; each halves height and width."""

SQUEEZED, HIDDEN = 64, 256
"""Channels of the last map, which keeps its places, and width of the layer that reads all of it."""

ASKEW = 15.0
"""Degrees by which a face may lean in its crop before it is looked at again, upright."""

BATCH = 32
"""Most faces that are looked at at once, which bounds the memory."""

MODEL = Path(__file__).with_name("landmark_network.safetensors")
"""Its weights in float16; ``training/train_landmarks.py`` made them."""

SHA256 = "89da9b1451772e4fa324bfc3fbccf98a2ce50c1e6d87e1f75600c785a9a1ec9d"
"""Of `MODEL`."""


@dataclass(frozen=True)
class SeenFaces:
    """What the network sees in B crops.

    Attributes:
        points: ``(B, 68, 2)`` in [-1, 1] of the crop; hidden ones, too.
        scales: ``(B, 68)`` of the points, b in `LandmarkNetwork`, in the same unit.
        rotations: ``(B, 3, 3)`` of the head, as `geofer.rendering.camera.head_rotation` makes them.
    """

    points: Tensor
    scales: Tensor
    rotations: Tensor

    @property
    def std(self) -> Tensor:
        """``(B, 68)`` standard deviation of x, and of y, of each point: of density exp(-r / b), sqrt(3) b."""
        return math.sqrt(3) * self.scales


class LandmarkNetwork(nn.Module):
    """A residual network whose last map is not averaged: where something is in it tells where it is in the face.

    Where a point is, is distributed around ``points`` by density exp(-r / b) / (2 pi b²), where r is the distance. The
    network tells b of each point (Kendall and Gal 2017, arXiv:1703.04977; Wood et al. 2022, arXiv:2204.02776 have
    exp(-r² / 2 sigma²), which mistakes in the pictures weigh on more). Rotations are read from six numbers by
    Gram-Schmidt (Zhou et al. 2019, arXiv:1812.07035), so that no angle jumps.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, WIDTHS[0], 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.ReLU()
        )
        self.stages = nn.Sequential(*(ResidualBlock(before, width, stride=2) for before, width in pairwise(WIDTHS)))
        self.squeeze = nn.Sequential(
            nn.Conv2d(WIDTHS[-1], SQUEEZED, 1, bias=False), nn.BatchNorm2d(SQUEEZED), nn.ReLU()
        )
        places = (SIDE // 2 ** len(WIDTHS)) ** 2
        self.read = nn.Sequential(nn.Flatten(), nn.Linear(SQUEEZED * places, HIDDEN), nn.ReLU())
        self.points = nn.Linear(HIDDEN, 2 * NUM_LANDMARKS)
        self.log_scales = nn.Linear(HIDDEN, NUM_LANDMARKS)
        self.rotation = nn.Linear(HIDDEN, 6)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> SeenFaces:
        """What it sees.

        Args:
            image: ``(B, 3, SIDE, SIDE)`` RGB in [-1, 1].
        """
        read = self.read(self.squeeze(self.stages(self.stem(image)))).float()
        with torch.autocast(image.device.type, enabled=False):
            points = self.points(read).unflatten(1, (NUM_LANDMARKS, 2))
            scales = self.log_scales(read).clamp(-7, 1).exp()
            return SeenFaces(points, scales, _rotations(self.rotation(read)))


def _rotations(numbers: Tensor) -> Tensor:
    """``(B, 6)`` to ``(B, 3, 3)``: the first two columns, made orthonormal, and their cross product."""
    first = F.normalize(numbers[:, :3], dim=1)
    second = F.normalize(numbers[:, 3:] - (first * numbers[:, 3:]).sum(1, keepdim=True) * first, dim=1)
    return torch.stack((first, second, torch.linalg.cross(first, second)), dim=2)


@cache
def landmark_network() -> LandmarkNetwork:
    """The bundled network, ready to predict; read when it is first asked for.

    Raises:
        DataError: Its file is damaged or another one.
    """
    from safetensors.torch import load_file

    check_sha256(MODEL, SHA256)
    network = LandmarkNetwork()
    stored = {name: value.float() for name, value in load_file(MODEL).items()}
    network.load_state_dict(network.state_dict() | stored)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class PlacedFaces:
    """What the network sees of n faces of a picture.

    Attributes:
        landmarks: ``(n, 68, 2)`` float32 in pixels of the picture.
        landmark_std: ``(n, 68)`` float32, standard deviation of x, and of y, of each point, in pixels.
        poses: ``(n, 3)`` float32: yaw, pitch and roll in degrees, as `geofer.faces` signs them.
    """

    landmarks: NDArray[np.float32]
    landmark_std: NDArray[np.float32]
    poses: NDArray[np.float32]


def look_at(image: NDArray[np.uint8], seen: Sequence[Sighting]) -> PlacedFaces:
    """Looks at faces of a picture that RetinaFace saw; at those that lean by more than `ASKEW`, twice.

    How RetinaFace's points lean tells no more than the nearest quarter turn: in profile, who looks up seems to lean.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        seen: The faces; none are fine.
    """
    if not seen:
        return PlacedFaces(
            *(np.zeros((0, *shape), np.float32) for shape in ((NUM_LANDMARKS, 2), (NUM_LANDMARKS,), (3,)))
        )
    leans = 90 * np.round(np.degrees([lean_of(face.points) for face in seen]) / 90)
    points, std, poses = _look(image, seen, leans)
    askew = np.flatnonzero(np.abs(poses[:, 2]) > ASKEW)
    if len(askew):
        leans[askew] += poses[askew, 2]
        points[askew], std[askew], poses[askew] = _look(
            image, [seen[number] for number in askew.tolist()], leans[askew]
        )
    poses[:, 2] += leans
    steady = [steady_pose(pose, float(lean)) for pose, lean in zip(poses, leans, strict=True)]
    return PlacedFaces(points.astype(np.float32), std.astype(np.float32), np.array(steady, np.float32))


def _look(
    image: NDArray[np.uint8], seen: Sequence[Sighting], leans: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Points and standard deviations in pixels, and poses in the crops, of faces that lean by ``(n,)`` degrees."""
    places = [
        square_around(face.middle, MARGIN * face.size, float(np.radians(lean)), SIDE)
        for face, lean in zip(seen, leans, strict=True)
    ]
    crops = torch.from_numpy(np.stack([place.apply(image) for place in places])).permute(0, 3, 1, 2)  # channels_last
    network = landmark_network()
    with torch.inference_mode():
        parts = [network(normalize_image(crops[start : start + BATCH])) for start in range(0, len(crops), BATCH)]
    points, std, rotations = (
        torch.cat([getattr(part, name) for part in parts]).numpy().astype(np.float64)
        for name in ("points", "std", "rotations")
    )
    pixels = ((points + 1) * SIDE - 1) / 2
    points = np.stack([place.to_picture(each) for place, each in zip(places, pixels, strict=True)])
    sides = np.array([MARGIN * face.size for face in seen])
    return points, std * sides[:, None] / 2, rotation_angles(rotations)
