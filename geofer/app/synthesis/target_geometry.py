"""Geometries to give a face: those of an average head that shows what it is told, and those that a file holds."""

import csv
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.errors import ConfigError, DataError, printable
from geofer.faces import NUM_LANDMARKS, CropRule, denormalize_landmarks, normalize_landmarks
from geofer.landmarks.alignment import TIGHT_MARGIN, alignment_for
from geofer.landmarks.head_pose import head_pose
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.landmarks.precomputed import read_pts
from geofer.paths import AnyPath, as_path
from geofer.ranges import check_range, plain_number
from geofer.rendering.expressions import expression_blendshapes
from geofer.small_files import small_array, small_file

DISTANCE = 1.2
"""Meters from the average head to its camera, in the middle of those that rendered people are seen from."""


def changed_blendshapes(blendshapes: NDArray[np.float32], changes: Mapping[str, float]) -> NDArray[np.float32]:
    """Blendshapes with some of them set anew.

    Args:
        blendshapes: ``(52,)`` in [0, 1].
        changes: Strength in [0, 1] of each blendshape to set, by its name in `geofer.rendering.HEAD_BLENDSHAPES`.

    Raises:
        ConfigError: There is no such blendshape, or a strength is out of its range.
    """
    from geofer.rendering import HEAD_BLENDSHAPES

    changed = blendshapes.copy()
    for name, strength in changes.items():
        if name not in HEAD_BLENDSHAPES:
            close = get_close_matches(name, HEAD_BLENDSHAPES, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(HEAD_BLENDSHAPES)}."
            raise ConfigError(f"There is no blendshape {name!r}. {hint}")
        if not 0 <= strength <= 1:
            raise ConfigError(f"The blendshape {name} is {strength:g}; choose 0 (none) to 1 (strongest).")
        changed[HEAD_BLENDSHAPES.index(name)] = strength
    return changed


def controlled_landmarks(
    landmarks: NDArray[np.float32],
    expression: str | None = None,
    level: int = 4,
    blendshapes: Mapping[str, float] = MappingProxyType({}),
    yaw: float | None = None,
    pitch: float | None = None,
) -> NDArray[np.float32]:
    """A face's own landmarks, moved and turned as it is told.

    Args:
        landmarks: ``(68, 2)`` of the face, in [-1, 1] of its crop.
        expression: One of `geofer.faces.EXPRESSIONS`; None is neutral.
        level: 1 (slight) to 4 (strong).
        blendshapes: Strengths in [0, 1] on top of the expression, by their names.
        yaw: Degrees in ±90; None keeps the face's own.
        pitch: Degrees in ±60; None keeps the face's own.

    Returns:
        ``(68, 2)`` in [-1, 1] of the tight crop.

    Raises:
        ConfigError: A setting is unknown or out of its range.
    """
    yaw, pitch = plain_number(yaw), plain_number(pitch)
    check_range("yaw", yaw, -90, 90)
    check_range("pitch", pitch, -60, 60)
    shown = changed_blendshapes(expression_blendshapes(expression or "neutral", level), blendshapes)
    return moved_landmarks(landmarks, shown, yaw, pitch)


def posed_landmarks(
    blendshapes: NDArray[np.float32], yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0
) -> NDArray[np.float32]:
    """What the average rendered person's landmarks look like, cropped as rendered people are.

    Args:
        blendshapes: ``(52,)`` in [0, 1], in the order of `geofer.rendering.HEAD_BLENDSHAPES`.
        yaw: Degrees, > 0 turns the nose to the image's right.
        pitch: Degrees, > 0 looks up.
        roll: Degrees, > 0 leans the top of the head to the image's right.

    Returns:
        ``(68, 2)`` in [-1, 1] of the tight crop.
    """
    from geofer.rendering.camera import crop_cameras, head_rotation, project_points, to_pixels
    from geofer.rendering.head import load_head
    from geofer.rendering.landmarks import LANDMARK_VERTICES

    head = load_head()
    shapes = head.moves.reshape(len(blendshapes), -1, 3)[:, head.index_of(np.array(LANDMARK_VERTICES))]
    points = np.array(MEAN_HEAD) / 1000 + np.tensordot(blendshapes, shapes, axes=1)
    angles = (np.array([angle], np.float32) for angle in (yaw, pitch, roll))
    projected = project_points(points[None].astype(np.float32), head_rotation(*angles), DISTANCE)
    cameras = crop_cameras(projected, DISTANCE, "tight")
    return normalize_landmarks(torch.from_numpy(to_pixels(projected, cameras, 2)), 2)[0].numpy()


def moved_landmarks(
    landmarks: NDArray[np.float32],
    blendshapes: NDArray[np.float32],
    yaw: float | None = None,
    pitch: float | None = None,
    own: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """A face's own landmarks as blendshapes move them, and turned: its shape stays its own.

    The average head is laid over the landmarks by the affine camera that takes its points nearest to them. Blendshapes
    and the turn move its points before that camera; what the camera leaves over is the person's, and stays.

    Args:
        landmarks: ``(68, 2)`` of the face, with any expression, in [-1, 1] of its tight crop.
        blendshapes: ``(52,)`` in [0, 1] to show, in the order of `geofer.rendering.HEAD_BLENDSHAPES`.
        yaw: Degrees, > 0 turns the nose to the image's right; None keeps the face's own.
        pitch: Degrees, > 0 looks up; None keeps the face's own.
        own: ``(52,)`` what the face shows already; None takes it for neutral.

    Returns:
        ``(68, 2)`` in [-1, 1] of the new geometry's tight crop.
    """
    from geofer.rendering.camera import head_rotation
    from geofer.rendering.head import load_head
    from geofer.rendering.landmarks import LANDMARK_VERTICES

    head = load_head()
    shapes = 1000 * head.moves.reshape(len(blendshapes), -1, 3)[:, head.index_of(np.array(LANDMARK_VERTICES))]
    shown = np.array(MEAN_HEAD) + (0 if own is None else np.tensordot(own, shapes, axes=1))
    camera, *_ = np.linalg.lstsq(np.column_stack((shown, np.ones(NUM_LANDMARKS))), landmarks, rcond=None)
    left = landmarks - shown @ camera[:3] - camera[3]
    wanted = np.array(MEAN_HEAD) + np.tensordot(blendshapes, shapes, axes=1)
    if yaw is not None or pitch is not None:
        before = np.nan_to_num(head_pose(landmarks))
        after = np.where([yaw is None, pitch is None, True], before, [yaw or 0.0, pitch or 0.0, 0.0])
        turns = head_rotation(*np.stack((before, after), axis=1).astype(np.float32))
        wanted = wanted @ (turns[0].T @ turns[1]).T
    return tight_landmarks((wanted @ camera[:3] + camera[3] + left + 2) * 128)


def read_geometry(path: AnyPath) -> NDArray[np.float32]:
    """The 68 iBUG points of a file, cropped tightly, wherever in whatever picture they lie.

    Args:
        path: ``.pts`` as iBUG writes it, ``.npy`` with an array ``(68, 2)``, or ``.csv`` with 68 lines ``x,y``, maybe
            below a line of names; x to the right and y down.

    Returns:
        ``(68, 2)`` in [-1, 1] of the tight crop.

    Raises:
        DataError: The file is missing or holds something else; it names the file.
    """
    path = as_path(path)
    readers = {".pts": read_pts, ".npy": _read_array, ".csv": _read_lines}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise DataError(f"{printable(path)} is no file of landmarks; they are read from {', '.join(readers)}.")
    try:
        points = np.asarray(read(path), np.float64)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{printable(path)} cannot be read as landmarks: {printable(error)[:300]}.") from error
    if points.shape != (NUM_LANDMARKS, 2) or not np.isfinite(points).all():
        raise DataError(f"{printable(path)} must hold {NUM_LANDMARKS} × 2 finite numbers; its shape is {points.shape}.")
    if not (extent := np.ptp(points, axis=0).max()) > 0:
        raise DataError(f"{printable(path)} holds {NUM_LANDMARKS} times the same point, which is no face.")
    return tight_landmarks((points - points.min(axis=0)) / extent * 256)


def placed_in_crop(target: NDArray[np.float32], landmarks: NDArray[np.float32], crop: CropRule) -> NDArray[np.float32]:
    """A target as it would lie in a face's crop: in place of the face, and as large.

    Args:
        target: ``(68, 2)`` in [-1, 1] of the target's tight crop.
        landmarks: ``(68, 2)`` of the face, in [-1, 1] of its crop.
        crop: The rule that the face was cropped by. ``ibug-similarity`` also turns the target upright.

    Returns:
        ``(68, 2)`` in [-1, 1] of the face's crop.
    """
    if crop == "tight":
        return target
    if crop == "ibug-similarity":
        points = denormalize_landmarks(torch.from_numpy(target).double(), 256).numpy()
        aligned = alignment_for(crop, None, points, (256, 256), 256).to_crop(points)
        return normalize_landmarks(torch.from_numpy(aligned), 256).numpy().astype(np.float32)
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    return np.asarray((low + high) / 2 + (high - low).max() / 2 * TIGHT_MARGIN * target, np.float32)


def tight_landmarks(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Points in pixels of a picture to [-1, 1] of their own tight crop, both ``(68, 2)``.

    Raises:
        DataError: The points are not finite, or no face's.
    """
    width, height = np.maximum(points.max(axis=0), 1).astype(int) + 1
    crop = alignment_for("tight", None, points, (height, width), 256)
    return normalize_landmarks(torch.from_numpy(crop.to_crop(points)), crop.size).numpy().astype(np.float32)


def _read_array(path: Path) -> NDArray[np.float64]:
    return np.asarray(small_array(path), np.float64)


def _read_lines(path: Path) -> NDArray[np.float64]:
    rows = [row for row in csv.reader(small_file(path).decode("utf-8").splitlines()) if row]
    if len(rows) == NUM_LANDMARKS + 1:
        rows = rows[1:]
    return np.array([[float(cell) for cell in row] for row in rows])
