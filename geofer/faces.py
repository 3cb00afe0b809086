"""The vocabulary that all packages share: expressions, head poses, landmarks, and what a batch holds.

Conventions, used everywhere:

* **Pixels**: ``(0, 0)`` is the center of the top left pixel, x to the right, y down.
* **Landmarks** between packages are in ``[-1, 1]`` of the crop: -1 is its left (top) edge, +1 its right (bottom) edge.
* **Images** between packages are RGB in ``[-1, 1]``: ``x / 127.5 - 1``.
* **Yaw** > 0 turns the nose to the image's right; **pitch** > 0 looks up; **roll** > 0 leans the top of the head to
  the image's right. All in degrees.
"""

from __future__ import annotations  # torch takes seconds, and a help text that names expressions does not need it

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from torch import Tensor

EXPRESSIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""The seven prototypic expressions, in the order of their labels wherever no data set says otherwise."""

Split = Literal["train", "val", "test"]

CropRule = Literal["tight", "fer2013", "paper", "ibug-similarity", "none"]
"""How a face is cropped: ``tight`` is the square around the 68 points × 1.12, as rendered faces are cropped;
``fer2013`` shows the forehead, too, as the average picture of FER2013 does; ``paper`` is the square around the
detector's box; ``ibug-similarity`` brings eyes and mouth to a template by a similarity; ``none`` takes the whole
picture."""

NUM_LANDMARKS = 68
JAW = slice(0, 17)
RIGHT_BROW, LEFT_BROW = slice(17, 22), slice(22, 27)  # right and left of the person, not of the image
NOSE_BRIDGE, NOSE_BASE = slice(27, 31), slice(31, 36)
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
OUTER_LIP, INNER_LIP = slice(48, 60), slice(60, 68)
RIGHT_EYE_OUTER, LEFT_EYE_OUTER = 36, 45

MIRRORED_LANDMARKS = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46),
    *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1),
    *range(59, 54, -1),
    *range(64, 59, -1),
    *range(67, 64, -1),
)
"""``landmarks[..., MIRRORED_LANDMARKS, :]`` restores the iBUG order after a picture was flipped left to right."""


class FaceBatch(TypedDict):
    """Faces with their labels, as a data module hands them out.

    Attributes:
        image: ``(B, 3, H, W)``; uint8 from the loader, float in [-1, 1] once on the device.
        landmarks: ``(B, 68, 2)`` iBUG points as (x, y) in [-1, 1] of the crop.
        expression: ``(B,)`` int64, index into the data module's ``expressions``.
        subject: ``(B,)`` int64, one number a person.
        yaw: ``(B,)`` float, degrees; NaN if unknown.
        pitch: ``(B,)`` float, degrees; NaN if unknown.
        tags: ``(B,)`` int64, bit i set if the face is in the i-th evaluation subset of the data module's ``tags``; left
            out where there are none.
        blendshapes: ``(B, 52)`` blendshapes in [0, 1], in the order of `geofer.landmarks.face_mesh.BLENDSHAPES`: true
            ones of rendered faces, scores of a detector for pictures; NaN for a face of which they are not known. Left
            out where the data have none.
        votes: ``(B, K)`` what share of those who labeled it saw each expression; rows sum to 1. Left out where nobody
            counted.
        source: ``(B,)`` int64, which of several data sets it comes from; left out where there is but one.
    """

    image: Tensor
    landmarks: Tensor
    expression: Tensor
    subject: Tensor
    yaw: Tensor
    pitch: Tensor
    tags: NotRequired[Tensor]
    blendshapes: NotRequired[Tensor]
    votes: NotRequired[Tensor]
    source: NotRequired[Tensor]


class PairBatch(FaceBatch):
    """Pairs ``(x, x^t, g^t, y^t)`` of one subject: the input face as in `FaceBatch`, and a second face of the person.

    Attributes:
        target_image: ``(B, 3, H, W)``, the same person with another (or the same) expression and pose.
        target_landmarks: ``(B, 68, 2)`` of the target image, in [-1, 1].
        target_expression: ``(B,)`` int64 of the target image.
        target_blendshapes: ``(B, 52)`` of the target image; left out where ``blendshapes`` is.
    """

    target_image: Tensor
    target_landmarks: Tensor
    target_expression: Tensor
    target_blendshapes: NotRequired[Tensor]


@dataclass(frozen=True)
class LandmarkBank:
    """Target geometries for synthesis: the landmarks of training subjects, with their labels.

    Attributes:
        landmarks: ``(N, 68, 2)`` in [-1, 1].
        expression: ``(N,)`` int64.
        subject: ``(N,)`` int64.
        blendshapes: ``(N, 52)`` blendshapes, as a batch holds them; None where the data have none.
    """

    landmarks: Tensor
    expression: Tensor
    subject: Tensor
    blendshapes: Tensor | None = None

    def __len__(self) -> int:
        """Number of geometries."""
        return len(self.landmarks)


class FaceSource(Protocol):
    """What a training module may ask of ``trainer.datamodule``; `geofer.datamodules` implements it."""

    expressions: Sequence[str]
    image_size: int

    def landmark_bank(self) -> LandmarkBank:
        """Landmarks of the training subjects."""
        ...

    def subjects(self, split: Split) -> frozenset[int]:
        """Subject numbers of one split."""
        ...

    def class_fractions(self) -> Tensor:
        """``(S, K)`` what share of the training faces shows each expression, for each of S sources."""
        ...

    def provenance(self) -> dict[str, Any]:
        """What a checkpoint says of the data, as plain data; ``crop`` names how the faces were cropped."""
        ...


def normalize_image(image: Tensor) -> Tensor:
    """uint8 pixels to floats in [-1, 1]: ``x / 127.5 - 1``.

    Examples:
        >>> import torch
        >>> normalize_image(torch.tensor([0, 255], dtype=torch.uint8))
        tensor([-1.,  1.])
    """
    import torch

    return image.to(torch.get_default_dtype()) / 127.5 - 1


def denormalize_image(image: Tensor) -> Tensor:
    """Floats in [-1, 1] to uint8 pixels, rounded and clamped; the inverse of `normalize_image`.

    Examples:
        >>> import torch
        >>> denormalize_image(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([  0, 128, 255], dtype=torch.uint8)
    """
    import torch

    return ((image.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def normalize_landmarks(pixels: Tensor, size: int) -> Tensor:
    """Pixel coordinates to [-1, 1] of a ``size`` × ``size`` crop.

    Examples:
        >>> import torch
        >>> normalize_landmarks(torch.tensor([[-0.5, 31.5]]), size=64)
        tensor([[-1.,  0.]])
    """
    return (2 * pixels + 1) / size - 1


def denormalize_landmarks(landmarks: Tensor, size: int) -> Tensor:
    """Coordinates in [-1, 1] to pixels of a ``size`` × ``size`` crop; the inverse of `normalize_landmarks`.

    Examples:
        >>> import torch
        >>> denormalize_landmarks(torch.tensor([[0.0, 0.0]]), size=64)
        tensor([[31.5000, 31.5000]])
    """
    return ((landmarks + 1) * size - 1) / 2
