"""A trained generator at work: one face of a picture, and the faces that target geometries make of it."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofer.app.models.generator_file import load_generator_file
from geofer.app.models.model_source import BEST
from geofer.app.models.training_crop import training_crop
from geofer.app.recognition.inputs import Picture, read_any
from geofer.checkpoints import read_checkpoint
from geofer.datamodules.preparation.detection import choose_face
from geofer.errors import CheckpointError, ConfigError, DataError, printable
from geofer.faces import CropRule, denormalize_image, normalize_image, normalize_landmarks
from geofer.landmarks import Faces, LandmarkDetector
from geofer.landmarks.alignment import alignment_for
from geofer.landmarks.head_pose import head_pose
from geofer.paths import AnyPath, as_path
from geofer.schema import LONGEST_NAME
from geofer.weight_files import bundled_generators

LARGEST_YAW, LARGEST_PITCH = 45, 30
"""Degrees; no rendered person is seen from further aside, so no generator has learned it from them."""


@dataclass(frozen=True)
class SourceFace:
    """A face to synthesize from.

    Attributes:
        crop: ``(S, S, 3)`` uint8 RGB.
        landmarks: ``(68, 2)`` float32 in [-1, 1] of the crop.
        pose: Yaw, pitch and roll in degrees.
        others: How many smaller faces the picture also shows.
    """

    crop: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    pose: tuple[float, float, float]
    others: int


class FaceGenerator(Protocol):
    """What synthesizes: a `GeometryGuidedFER`, or a `geofer.app.models.generator_file.PretrainedGenerator`.

    Attributes:
        expressions: Those that it knows.
        image_size: Side of its faces in pixels.
        provenance: What it was trained on; ``crop`` says how its faces were cropped.
    """

    expressions: tuple[str, ...]
    image_size: int
    provenance: dict[str, Any]

    def synthesize(self, image: Tensor, landmarks: Tensor, source: Tensor) -> Tensor:
        """``(B, 3, S, S)`` faces with target landmarks and their own, both ``(B, 68, 2)``, to ``(B, 3, S, S)``."""
        ...


def load_generator(checkpoint: AnyPath | None = None, crop: CropRule | None = None) -> FaceGenerator:
    """A trained generator, ready to synthesize on the CPU.

    Args:
        checkpoint: A checkpoint of the full method that ``geofer fit`` wrote; its run's folder, whose best checkpoint
            is taken; or a generator's file, ``.safetensors``. None takes the bundled generator.
        crop: How its training faces were cropped, if it does not say so itself.

    Returns:
        The generator; ``provenance["crop"]`` is the rule to crop faces by, see `geofer.app.models.training_crop`.

    Raises:
        CheckpointError: The file is damaged or no checkpoint, its model has no generator, or its crop is not ``crop``.
        ConfigError: A crop is named for a generator's file, which knows its own.
    """
    if checkpoint is None or checkpoint in bundled_generators() or Path(checkpoint).suffix == ".safetensors":
        if crop is not None:
            raise ConfigError("A crop is named for checkpoints of runs; a generator's file knows its own.")
        return load_generator_file() if checkpoint is None else load_generator_file(checkpoint)
    from geofer.modules import GeometryGuidedFER  # with Lightning, which takes three seconds to load

    checkpoint = as_path(checkpoint, "The generator")
    if checkpoint.is_dir():
        checkpoint = checkpoint / BEST
    held = read_checkpoint(checkpoint).get("hyper_parameters")
    name = held.get("class_path") if isinstance(held, dict) else None
    if not isinstance(name, str) or name.rpartition(".")[2] != GeometryGuidedFER.__name__:
        kind = printable(name).rpartition(".")[2][:LONGEST_NAME] if name else "unknown"
        raise CheckpointError(
            f"The model of {printable(checkpoint)} is {kind}, not GeometryGuidedFER: it has no generator. "
            "Choose a checkpoint of the full method, as `geofer fit --config quickstart` trains it."
        )
    model = GeometryGuidedFER.load_from_checkpoint(checkpoint).eval()
    model.provenance["crop"] = training_crop(model.provenance, checkpoint, crop)
    return model


def find_source(picture: Picture, detector: LandmarkDetector, size: int, crop: CropRule = "tight") -> SourceFace:
    """The largest face of a picture, found and cropped as faces to train on are.

    Args:
        picture: In any form that `geofer.app.recognition.inputs.read_any` takes.
        detector: Finds the faces and their landmarks.
        size: Side of the crop in pixels.
        crop: How the generator's training faces were cropped.

    Raises:
        DataError: The picture cannot be read, shows no face, or its largest face cannot be cropped; it names the file.
    """
    pixels, name = read_any(picture)
    known_as = Path(picture).name if isinstance(picture, str | PathLike) else name
    faces = detector.detect([pixels], [known_as])[0]
    try:
        return largest_face(pixels, faces, size, crop)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


def largest_face(pixels: NDArray[np.uint8], faces: Faces, size: int, crop: CropRule = "tight") -> SourceFace:
    """The largest face of a picture's pixels, cropped as faces to train on are.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB.
        faces: What a detector found in them.
        size: Side of the crop in pixels.
        crop: How the generator's training faces were cropped.

    Raises:
        DataError: There is no face, or the largest one cannot be cropped.
    """
    chosen = choose_face(faces, None, None)
    landmarks = faces.landmarks[chosen]
    alignment = alignment_for(crop, faces.boxes[chosen], landmarks, pixels.shape, size)
    yaw, pitch, roll = np.nan_to_num(head_pose(landmarks)).tolist()
    return SourceFace(
        crop=alignment.apply(pixels),
        landmarks=normalize_landmarks(torch.from_numpy(alignment.to_crop(landmarks)), size).numpy().astype(np.float32),
        pose=(yaw, pitch, roll),
        others=len(faces) - 1,
    )


def synthesize(model: FaceGenerator, face: SourceFace, targets: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Gives one face other geometries, with the generator's averaged weights.

    Args:
        model: From `load_generator`.
        face: Whose crop has the model's ``image_size``.
        targets: ``(B, 68, 2)`` in [-1, 1] of the crop.

    Returns:
        ``(B, S, S, 3)`` uint8 RGB.
    """
    count = len(targets)
    image = normalize_image(torch.from_numpy(face.crop).permute(2, 0, 1)).expand(count, -1, -1, -1)
    source = torch.from_numpy(face.landmarks).expand(count, -1, -1)
    synthetic = model.synthesize(image, torch.from_numpy(targets), source)
    pictures: NDArray[np.uint8] = denormalize_image(synthetic).permute(0, 2, 3, 1).cpu().numpy()
    return pictures


def way_between(start: NDArray[np.float32], end: NDArray[np.float32], steps: int) -> NDArray[np.float32]:
    """Geometries on the straight way from one to another, both included: ``(steps, 68, 2)``."""
    way = np.linspace(0, 1, steps, dtype=np.float32)[:, None, None]
    return (1 - way) * start + way * end


def beyond_training(landmarks: NDArray[np.float32]) -> str | None:
    """What is unusual about the pose of a target geometry ``(68, 2)``; None if rendered people are seen from there."""
    yaw, pitch, _ = head_pose(landmarks)
    if abs(yaw) <= LARGEST_YAW + 5 and abs(pitch) <= LARGEST_PITCH + 5:  # what estimates of poses may be off by
        return None
    return (
        f"the target is turned by yaw {yaw:+.0f}° and pitch {pitch:+.0f}°; rendered people are seen up to "
        f"±{LARGEST_YAW}° and ±{LARGEST_PITCH}°, so a generator trained on them has not learned it"
    )
