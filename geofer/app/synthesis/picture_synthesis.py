"""``geofer.synthesize``: from a picture and a trained generator to its face with another expression and pose."""

import warnings
from collections.abc import Mapping
from os import PathLike
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geofer.app.recognition.inputs import Picture
from geofer.app.synthesis import generation
from geofer.app.synthesis.generation import FaceGenerator, beyond_training, find_source, load_generator
from geofer.app.synthesis.target_geometry import controlled_landmarks, placed_in_crop, read_geometry, tight_landmarks
from geofer.errors import AssumptionWarning, ConfigError, DataError
from geofer.faces import NUM_LANDMARKS, CropRule
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.paths import AnyPath


def synthesize(
    picture: Picture,
    generator: AnyPath | FaceGenerator | None = None,
    *,
    expression: str | None = None,
    level: int = 4,
    blendshapes: Mapping[str, float] = MappingProxyType({}),
    yaw: float | None = None,
    pitch: float | None = None,
    like: Picture | None = None,
    landmarks: AnyPath | ArrayLike | None = None,
    detector: str | LandmarkDetector = "mediapipe",
    crop: CropRule | None = None,
) -> NDArray[np.uint8]:
    """Gives the largest face of a picture another expression and pose, as ``geofer synthesize`` does.

    The target is one of three: the face's own shape, moved by ``expression`` and ``blendshapes`` and turned to ``yaw``
    and ``pitch``; the face of another picture, ``like``; or 68 points, ``landmarks``.

    Args:
        picture: In any form that `geofer.app.recognition.inputs.read_any` takes.
        generator: A checkpoint of the full method, its run's folder, a generator's file, or what
            `geofer.app.synthesis.generation.load_generator` made of one, which saves reading it again. None takes the
            bundled generator, which knows rendered people and photographs.
        expression: One of `geofer.faces.EXPRESSIONS`; neutral, if only other settings are named.
        level: 1 (slight) to 4 (strong).
        blendshapes: Strengths in [0, 1] on top of the expression, such as ``{"jawOpen": 0.6}``.
        yaw: Degrees in ±90, > 0 turns the nose to the image's right; None keeps the face's own.
        pitch: Degrees in ±60, > 0 looks up; None keeps the face's own.
        like: A picture whose largest face is the target.
        landmarks: ``(68, 2)`` iBUG points, x to the right and y down, in pixels of any picture; or a file of them,
            ``.csv``, ``.npy`` or ``.pts``.
        detector: What finds the faces; a name, or a detector.
        crop: How the generator's training faces were cropped, if its checkpoint does not say so.

    Returns:
        ``(S, S, 3)`` uint8 RGB; S is the generator's ``image_size``.

    Raises:
        ConfigError: There is no target, or several; or a setting is unknown or out of its range.
        CheckpointError: The generator's checkpoint is damaged, or has no generator.
        DataError: A picture cannot be read or shows no face, or the landmarks are no face's.

    Warns:
        AssumptionWarning: A picture shows several faces, of which the largest is taken; or the target is turned further
            than rendered people are.

    Examples:
        >>> import geofer
        >>> face = geofer.synthesize("me.jpg", expression="happiness", yaw=20)  # doctest: +SKIP
        >>> face.shape  # doctest: +SKIP
        (128, 128, 3)
    """
    controlled = expression is not None or bool(blendshapes) or yaw is not None or pitch is not None
    if controlled + (like is not None) + (landmarks is not None) != 1:
        raise ConfigError("Name one target: like, or landmarks, or some of expression, blendshapes, yaw and pitch.")
    model = load_generator(generator, crop) if generator is None or isinstance(generator, str | PathLike) else generator
    rule = model.provenance["crop"]
    find = build_detector(detector) if isinstance(detector, str) else detector
    face = _found(find_source(picture, find, model.image_size, rule))
    if controlled:
        target = controlled_landmarks(face.landmarks, expression, level, blendshapes, yaw, pitch)
    elif like is not None:
        target = _found(find_source(like, find, model.image_size, "tight")).landmarks
    else:
        target = _points(landmarks)
    if (unusual := beyond_training(target)) is not None:
        warnings.warn(f"{unusual}.", AssumptionWarning, stacklevel=2)
    made: NDArray[np.uint8] = generation.synthesize(model, face, placed_in_crop(target, face.landmarks, rule)[None])[0]
    return made


def _found(face: generation.SourceFace) -> generation.SourceFace:
    if face.others:
        warnings.warn(
            f"The picture shows {face.others + 1} faces; the largest one is taken.", AssumptionWarning, stacklevel=3
        )
    return face


def _points(landmarks: AnyPath | ArrayLike | None) -> NDArray[np.float32]:
    if isinstance(landmarks, str | PathLike):
        return read_geometry(landmarks)
    points = np.asarray(landmarks, np.float64)
    if points.shape != (NUM_LANDMARKS, 2):
        raise DataError(f"Landmarks must have the shape ({NUM_LANDMARKS}, 2); it is {points.shape}.")
    return tight_landmarks(points)
