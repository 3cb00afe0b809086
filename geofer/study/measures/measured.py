"""What is measured of a finished run beside its accuracy: its synthetic faces, and how robust its classifier is."""

import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.errors import DataError
from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.synthesis_report import SynthesisReport
from geofer.paths import written_whole


@dataclass(frozen=True)
class Pictures:
    """A test person as a generator shows them; P poses, K expressions, T steps of a strip.

    Attributes:
        real: ``(P, K, H, W, 3)`` uint8, the person's own pictures; white where there is none.
        synthetic: ``(P, K, H, W, 3)`` uint8, made from one picture with the geometry of the real ones.
        landmarks: ``(T, 68, 2)`` in [-1, 1], from one expression to another; T is 0 if the person shows but one.
        strip: ``(T, H, W, 3)`` uint8, the faces that these make.
    """

    real: NDArray[np.uint8]
    synthetic: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    strip: NDArray[np.uint8]


@dataclass(frozen=True)
class Measures:
    """Of one row and seed.

    Attributes:
        synthesis: How good its synthetic faces are; None if it makes none, or nobody asked.
        pictures: Some of them.
        robustness: Accuracy by pose and on worse pictures; empty if nobody asked.
    """

    synthesis: SynthesisReport | None = None
    pictures: Pictures | None = None
    robustness: tuple[GroupAccuracy, ...] = ()


def write_measures(path: Path, measures: Measures) -> None:
    """Writes numbers as JSON, and pictures beside them as ``.npz``.

    Args:
        path: Of the JSON file, whose folder is made.
        measures: To keep.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if measures.pictures is not None:
        with written_whole(path.with_suffix(".npz")) as file:
            np.savez_compressed(file, allow_pickle=False, **vars(measures.pictures))
    data = {
        "synthesis": None if measures.synthesis is None else measures.synthesis.to_dict(),
        "robustness": [group_to_dict(group) for group in measures.robustness],
    }
    with written_whole(path) as file:
        file.write(json.dumps(data, indent=1, allow_nan=False).encode())


def read_measures(path: Path) -> Measures | None:
    """What `write_measures` wrote, without pictures if they were removed; None if there is nothing.

    Raises:
        DataError: A file is damaged.
    """
    if not path.exists():
        return None
    try:
        data: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        synthesis = data["synthesis"]
        return Measures(
            None if synthesis is None else SynthesisReport.from_dict(synthesis),
            _read_pictures(path.with_suffix(".npz")),
            tuple(group_from_dict(group) for group in data["robustness"]),
        )
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise DataError(f"{path} is damaged ({error}). Remove it, and run the study again.") from error


def _read_pictures(path: Path) -> Pictures | None:
    if not path.exists():
        return None
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
        return Pictures(**{name: file[name] for name in file.files})


def group_to_dict(group: GroupAccuracy) -> dict[str, Any]:
    """Plain data for JSON, where an interval that is not known is null."""
    return {name: None if value != value else value for name, value in group._asdict().items()}


def group_from_dict(data: Mapping[str, Any]) -> GroupAccuracy:
    """The inverse of `group_to_dict`.

    Raises:
        TypeError: An entry is missing.
    """
    known: dict[str, Any] = {name: math.nan if value is None else value for name, value in data.items()}
    return GroupAccuracy(**known)
