"""My image, now: pictures in, faces with their expressions, head poses and how far to trust them out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from geofer.app.model_file import ModelDescription, load_model
from geofer.errors import ConfigError, DataError, printable
from geofer.faces import denormalise_image, normalise_image
from geofer.landmarks import Faces, LandmarkDetector, build_detector
from geofer.landmarks.alignment import alignment_for
from geofer.landmarks.closer_look import CloserLook
from geofer.pictures import read_picture

SHIPPED = Path(__file__).with_name("models") / "rendered.safetensors"
"""The recogniser that geofer carries; ``scripts/train_recogniser.py`` makes it."""

Picture = str | PathLike[str] | Image.Image | NDArray[np.uint8] | Tensor
"""A file; a Pillow picture; ``(H, W, 3)`` uint8 RGB; ``(3, H, W)`` RGB, uint8 or floats in [-1, 1]."""


@dataclass(frozen=True, eq=False)
class RecognisedFace:
    """One face of a picture.

    Attributes:
        box: ``(4,)`` left, top, right, bottom in pixels.
        landmarks: ``(68, 2)`` iBUG points in pixels.
        yaw: Degrees; positive turns the nose to the picture's right. The pan of `geofer.faces`.
        pitch: Degrees; positive looks up. The tilt of `geofer.faces`.
        roll: Degrees; positive leans the top of the head to the picture's right.
        probabilities: Of each expression, by its name; they sum to 1.
        reliability: Share of faces at such a pose that the recogniser got right when it was tested; None where it
            never was.
    """

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    yaw: float
    pitch: float
    roll: float
    probabilities: Mapping[str, float]
    reliability: float | None

    @property
    def expression(self) -> str:
        """The most probable one."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


class Recogniser:
    """Finds the faces of pictures and recognises their expressions.

    Attributes:
        description: What the model is, and what it was trained on.
    """

    def __init__(
        self,
        network: nn.Module,
        description: ModelDescription,
        detector: str | LandmarkDetector = "mediapipe",
        device: str = "cpu",
        batch_size: int = 32,
        bf16: bool = False,
    ) -> None:
        """Join a network and a landmark detector.

        Args:
            network: As `geofer.app.model_file.load_model` returns it.
            description: What it is.
            detector: A landmark detector, or the name of one, which then also looks closer at small faces.
            device: Where the network runs, such as ``cuda``.
            batch_size: Most faces that the network sees at once.
            bf16: Whether the network computes in bfloat16 where that is safe.

        Raises:
            ConfigError: There is no such device.
        """
        self.description = description
        self._detector = CloserLook(build_detector(detector)) if isinstance(detector, str) else detector
        try:
            self._device = torch.device(device)
            self._network = network.eval().to(self._device)
        except (RuntimeError, AssertionError) as error:  # torch says it in both ways
            raise ConfigError(f"The device {device!r} cannot be used: {error}") from error
        self._batch_size, self._bf16 = batch_size, bf16

    def __call__(self, pictures: Picture | Sequence[Picture]) -> list[RecognisedFace] | list[list[RecognisedFace]]:
        """The faces of one picture, or of each of several.

        Raises:
            DataError: A picture cannot be read, or is none; it says which.
        """
        if isinstance(pictures, Sequence) and not isinstance(pictures, str):
            return [self.recognise(picture) for picture in pictures]
        return self.recognise(pictures)

    def recognise(self, picture: Picture) -> list[RecognisedFace]:
        """The faces of one picture, the largest first; none if there are none.

        Raises:
            DataError: It cannot be read, or is no picture.
        """
        pixels, name = read_any(picture)
        faces = self._detector.detect([pixels], [name])[0]
        if not len(faces):
            return []
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            logits = torch.cat([self._network(*part) for part in self._inputs(pixels, faces)])
        shares = logits.float().softmax(dim=1).cpu().tolist()
        return [self._face(faces, number, share) for number, share in enumerate(shares)]

    def _inputs(self, pixels: NDArray[np.uint8], faces: Faces) -> Iterator[tuple[Tensor, ...]]:
        """What the network looks at, in batches."""
        if self.description.kind == "geometry":
            if faces.blendshapes is None:
                raise ConfigError(
                    "This recogniser looks at facial actions, which this detector does not tell; take mediapipe."
                )
            whole: tuple[Tensor, ...] = torch.from_numpy(faces.landmarks), torch.from_numpy(faces.blendshapes)
        else:
            whole = (
                torch.stack([self._crop(pixels, *face) for face in zip(faces.boxes, faces.landmarks, strict=True)]),
            )
        for start in range(0, len(faces), self._batch_size):
            yield tuple(part[start : start + self._batch_size].to(self._device) for part in whole)

    def _crop(self, pixels: NDArray[np.uint8], box: NDArray[np.float32], landmarks: NDArray[np.float32]) -> Tensor:
        """``(3, S, S)`` in [-1, 1], cropped as for training."""
        size = self.description.image_size
        crop = alignment_for(self.description.crop, box, landmarks, pixels.shape, size).apply(pixels)
        return normalise_image(torch.from_numpy(crop).permute(2, 0, 1))

    def _face(self, faces: Faces, number: int, shares: list[float]) -> RecognisedFace:
        yaw, pitch, roll = map(float, faces.poses[number])
        known = self.description.reliability
        return RecognisedFace(
            box=faces.boxes[number],
            landmarks=faces.landmarks[number],
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            probabilities=dict(zip(self.description.expressions, shares, strict=True)),
            reliability=known.at(yaw, pitch) if known else None,
        )


def load(path: str | Path | None = None, **options: Any) -> Recogniser:  # noqa: ANN401
    """A recogniser, ready to call.

    Args:
        path: A model file, as `geofer.app.model_file.save_model` writes it, or a checkpoint (``.ckpt``) of a training
            run; None takes the recogniser that geofer carries.
        options: ``detector``, ``device``, ``batch_size`` and ``bf16`` of `Recogniser`.

    Raises:
        CheckpointError: The file is missing, damaged, or something else.
    """
    from geofer.app.checkpoint_model import from_checkpoint

    path = Path(SHIPPED if path is None else path)
    network, description = from_checkpoint(path) if path.suffix == ".ckpt" else load_model(path)
    return Recogniser(network, description, **options)


def read_any(picture: Picture) -> tuple[NDArray[np.uint8], str]:
    """The pixels of a picture in any form, ``(H, W, 3)`` uint8 RGB, and a name for messages.

    Raises:
        DataError: It cannot be read, or is no picture.
    """
    if isinstance(picture, str | PathLike):
        if "://" in str(picture):
            raise DataError(f"{printable(picture)} is an address; save the picture on this machine first.")
        return read_picture(Path(picture)), printable(picture)
    if isinstance(picture, Image.Image):
        return np.array(picture.convert("RGB")), "The picture"
    if isinstance(picture, Tensor):
        if picture.ndim != 3 or picture.shape[0] != 3:
            raise DataError(f"A tensor of shape {tuple(picture.shape)} is no picture; give (3, H, W), RGB.")
        whole = denormalise_image(picture) if picture.is_floating_point() else picture
        picture = whole.permute(1, 2, 0).cpu().numpy()
    if not isinstance(picture, np.ndarray) or picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        shape = f" of shape {picture.shape} and {picture.dtype}" if isinstance(picture, np.ndarray) else ""
        raise DataError(f"A {type(picture).__name__}{shape} is no picture; give (H, W, 3) uint8, RGB.")
    return picture, "The picture"
