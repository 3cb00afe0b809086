"""My image, now: pictures in, faces with their expressions, head poses and how far to trust them out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from geofer.app.models.model_file import ModelDescription
from geofer.app.models.model_source import BUNDLED, read_model
from geofer.app.models.pretrained import Pretrained
from geofer.app.recognition.face_warnings import face_warning, is_askew
from geofer.app.recognition.views import View, camera_views, video_views
from geofer.errors import ConfigError, DataError, printable
from geofer.faces import normalize_image
from geofer.landmarks import Faces, LandmarkDetector, build_detector
from geofer.landmarks.alignment import alignment_for
from geofer.landmarks.quarter_turns import QuarterTurns
from geofer.networks.geometry_classifier import NUM_BLENDSHAPES
from geofer.pictures import MAX_PIXELS, read_picture, to_rgb
from geofer.videos import VideoFrame

Picture = str | PathLike[str] | Image.Image | NDArray[np.uint8] | Tensor
"""A file; a Pillow picture; ``(H, W, 3)`` uint8 RGB; ``(3, H, W)`` RGB, uint8 or floats in [0, 1]."""


@dataclass(frozen=True, eq=False)
class RecognizedFace:
    """One face of a picture.

    Attributes:
        box: ``(4,)`` left, top, right, bottom in pixels.
        landmarks: ``(68, 2)`` iBUG points in pixels.
        yaw: Degrees; positive turns the nose to the picture's right. The yaw of `geofer.faces`.
        pitch: Degrees; positive looks up. The pitch of `geofer.faces`.
        roll: Degrees; positive leans the top of the head to the picture's right.
        probabilities: Of each expression, by its name; they sum to 1.
        reliability: Share of faces at such a pose that the recognizer got right when it was tested; None where it
            never was, or where the landmarks are estimated.
        warning: Why the result may be worthless: a head pose that was not tested, too few pixels, or landmarks that
            were estimated.
    """

    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    yaw: float
    pitch: float
    roll: float
    probabilities: Mapping[str, float]
    reliability: float | None
    warning: str | None = None

    @property
    def expression(self) -> str:
        """The most probable one."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


class Recognizer(Pretrained):
    """Finds the faces of pictures and recognizes their expressions.

    Attributes:
        description: What the model is, and what it was trained on.
        network: The network, on its device.
    """

    def __init__(
        self,
        network: nn.Module,
        description: ModelDescription,
        detector: str | LandmarkDetector = "retinaface",
        device: str = "cpu",
        batch_size: int = 32,
        bf16: bool = False,
    ) -> None:
        """Join a network and a landmark detector.

        Args:
            network: As `geofer.app.models.model_file.load_model` returns it.
            description: What it is.
            detector: A landmark detector, or the name of one.
            device: Where the network runs, such as ``cuda``.
            batch_size: Most faces that the network sees at once.
            bf16: Whether the network computes in bfloat16 where that is safe.

        Raises:
            ConfigError: There is no such device, or the batch size is less than 1.
        """
        if batch_size < 1:
            raise ConfigError(f"The batch size is {batch_size}; give 1 or more.")
        self.description = description
        self._detector = build_detector(detector) if isinstance(detector, str) else detector
        try:
            self._device = torch.device(device)
            self.network = network.eval().to(self._device)
        except (RuntimeError, AssertionError) as error:  # torch says it in both ways
            raise ConfigError(f"The device {device!r} cannot be used: {error}") from error
        self._batch_size, self._bf16 = batch_size, bf16

    def __call__(self, pictures: Picture | Sequence[Picture]) -> list[RecognizedFace] | list[list[RecognizedFace]]:
        """The faces of one picture, or of each of several; a tensor ``(B, 3, H, W)`` is several.

        Raises:
            DataError: A picture cannot be read, or is none; it says which.
        """
        if isinstance(pictures, Tensor) and pictures.ndim == 4:
            pictures = list(pictures)
        if isinstance(pictures, Sequence) and not isinstance(pictures, str):
            return [faces for _, faces in self.each(_view(picture) for picture in pictures)]
        return self.recognize(pictures)

    def recognize(self, picture: Picture) -> list[RecognizedFace]:
        """The faces of one picture, the largest first; none if there are none.

        Raises:
            DataError: It cannot be read, or is no picture.
        """
        ((_, faces),) = self.each([_view(picture)])
        return faces

    def video(self, path: str | PathLike[str], every: float = 0.0) -> Iterator[tuple[VideoFrame, list[RecognizedFace]]]:
        """The faces of each frame of a video.

        Args:
            path: The file.
            every: Seconds from one frame to the next; 0 takes all.

        Raises:
            DataError: The file cannot be read; or, after its last frame, something of it is missing.
            ConfigError: PyAV is not installed.
        """
        for view, faces in self.each(video_views(Path(path), every)):
            if view.frame is None:
                raise DataError(view.error)
            yield view.frame, faces

    def camera(self, device: int | str = 0, every: float = 0.0) -> Iterator[tuple[VideoFrame, list[RecognizedFace]]]:
        """The faces that a camera sees, frame by frame, until the caller has enough.

        Args:
            device: Number of the camera, or the path of one.
            every: Least seconds from one frame to the next.

        Raises:
            DataError: There is no such camera, or it stops.
        """
        for view, faces in self.each(camera_views(device, every), at_once=True):
            if view.frame is not None:
                yield view.frame, faces

    def each(self, views: Iterable[View], at_once: bool = False) -> Iterator[tuple[View, list[RecognizedFace]]]:
        """The faces of many pictures and frames, in their order; what has no pixels has none.

        A network of pixels sees faces of several pictures at once, which is quicker.

        Args:
            views: Looked at one by one, as they are needed.
            at_once: Give the faces of each view before the next one is taken.
        """
        waiting: list[tuple[View, Faces, tuple[Tensor, ...]]] = []
        at_once = at_once or self.description.kind == "geometry"  # which would gain nothing
        for view in views:
            waiting.append((view, *self._look(view)))
            if at_once or self._are_a_batch(waiting):
                yield from self._recognized(waiting)
                waiting = []
        yield from self._recognized(waiting)

    def _are_a_batch(self, waiting: Sequence[tuple[View, Faces, tuple[Tensor, ...]]]) -> bool:
        """Whether these views have faces enough, or are too many to hold."""
        pixels = sum(view.pixels.size // 3 for view, _, _ in waiting if view.pixels is not None)
        faces = sum(len(faces) for _, faces, _ in waiting)
        return max(faces, len(waiting)) >= self._batch_size or pixels >= MAX_PIXELS

    def _look(self, view: View) -> tuple[Faces, tuple[Tensor, ...]]:
        """The faces of a view, and what the network looks at, one row a face."""
        if view.pixels is None:
            return Faces.none(), ()
        (faces,) = self._detector.detect([view.pixels], [view.name])
        return faces, self._inputs(view.pixels, faces) if len(faces) else ()

    def _recognized(
        self, looks: Sequence[tuple[View, Faces, tuple[Tensor, ...]]]
    ) -> Iterator[tuple[View, list[RecognizedFace]]]:
        """Each view with its faces, once the network has seen all of them."""
        inputs = [torch.cat(parts) for parts in zip(*(inputs for _, _, inputs in looks if inputs), strict=True)]
        shares = iter(self._probabilities(inputs) if inputs else [])
        for view, faces, _ in looks:
            yield view, [self._face(faces, number, next(shares)) for number in range(len(faces))]

    def _probabilities(self, inputs: Sequence[Tensor]) -> list[list[float]]:
        batches = zip(*(torch.split(part, self._batch_size) for part in inputs), strict=True)
        with torch.inference_mode(), torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
            logits = torch.cat([self.network(*(part.to(self._device) for part in batch)) for batch in batches])
        shares: list[list[float]] = logits.float().softmax(dim=1).cpu().tolist()
        return shares

    def _inputs(self, pixels: NDArray[np.uint8], faces: Faces) -> tuple[Tensor, ...]:
        """What the network looks at."""
        return tuple(self._input(name, pixels, faces) for name in self.description.inputs)

    def _input(self, name: str, pixels: NDArray[np.uint8], faces: Faces) -> Tensor:
        """One of the network's inputs, see `ModelDescription.inputs`."""
        if name == "image":
            return torch.stack([self._crop(pixels, faces, number) for number in range(len(faces))])
        if name == "landmarks":
            turns = (QuarterTurns.upright(float(roll), pixels.shape) for roll in faces.poses[:, 2])
            return torch.from_numpy(
                np.stack([turn.points(at) for turn, at in zip(turns, faces.landmarks, strict=True)])
            )
        if faces.blendshapes is None and self.description.kind == "picture":
            return torch.full((len(faces), NUM_BLENDSHAPES), torch.nan)  # its pixels alone decide then
        if faces.blendshapes is None:
            raise ConfigError(
                "This recognizer looks at blendshapes, which this detector does not tell; take retinaface."
            )
        return torch.from_numpy(faces.blendshapes)

    def _crop(self, pixels: NDArray[np.uint8], faces: Faces, number: int) -> Tensor:
        """``(3, S, S)`` in [-1, 1], cropped as for training; a face that lies or hangs is turned upright."""
        turn = QuarterTurns.upright(float(faces.poses[number, 2]), pixels.shape)
        box, landmarks = turn.box(faces.boxes[number]), turn.points(faces.landmarks[number])
        size, upright = self.description.image_size, turn.picture(pixels)
        crop = alignment_for(self.description.crop, box, landmarks, upright.shape, size).apply(upright)
        return normalize_image(torch.from_numpy(crop).permute(2, 0, 1))

    def _face(self, faces: Faces, number: int, shares: list[float]) -> RecognizedFace:
        yaw, pitch, roll = map(float, faces.poses[number])
        known = self.description.reliability
        estimated = faces.estimated is not None and bool(faces.estimated[number])
        tested = known is not None and not estimated and not is_askew(roll)
        return RecognizedFace(
            box=faces.boxes[number],
            landmarks=faces.landmarks[number],
            yaw=yaw,
            pitch=pitch,
            roll=roll,
            probabilities=dict(zip(self.description.expressions, shares, strict=True)),
            reliability=known.at(yaw, pitch) if known and tested else None,
            warning=face_warning(faces.landmarks[number], yaw, pitch, known, roll, estimated),
        )


def load(path: str | Path | None = None, **options: Any) -> Recognizer:  # noqa: ANN401
    """A recognizer, ready to call.

    Args:
        path: A model file, a checkpoint, a folder, or a model of the Hugging Face Hub, see
            `geofer.app.models.model_source.read_model`; None takes ``photo``, the bundled recognizer
            beside ``rendered``.
        options: ``detector``, ``device``, ``batch_size`` and ``bf16`` of `Recognizer`.

    Raises:
        CheckpointError: The file is missing, damaged, or something else.
        HubError: The Hub has no such model, or cannot be reached.
    """
    return Recognizer(*read_model(BUNDLED if path is None else path), **options)


def _view(picture: Picture) -> View:
    pixels, name = read_any(picture)
    return View(name, pixels)


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
        return np.array(to_rgb(picture)), "The picture"
    if isinstance(picture, Tensor):
        if picture.ndim != 3 or picture.shape[0] != 3:
            raise DataError(f"A tensor of shape {tuple(picture.shape)} is no picture; give (3, H, W), RGB.")
        whole = _whole_numbers(picture) if picture.is_floating_point() else picture
        picture = whole.permute(1, 2, 0).cpu().numpy()
    if not isinstance(picture, np.ndarray) or picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        shape = f" of shape {picture.shape} and {picture.dtype}" if isinstance(picture, np.ndarray) else ""
        raise DataError(f"A {type(picture).__name__}{shape} is no picture; give (H, W, 3) uint8, RGB.")
    return picture, "The picture"


def _whole_numbers(picture: Tensor) -> Tensor:
    """Floats in [0, 1] to uint8; others would be guessed at, and a wrong guess looks like a faint picture."""
    if not ((picture >= 0) & (picture <= 1)).all():
        low, high = (f"{float(value):g}" for value in (picture.min(), picture.max()))
        raise DataError(
            f"A float tensor from {low} to {high} is no picture; give values in [0, 1]: (x + 1) / 2 of those in "
            "[-1, 1], x / 255 of those in [0, 255]."
        )
    return (picture.float() * 255).round().to(torch.uint8)
