"""What is measured of the finished runs of a study beside their accuracy: synthetic faces, and robustness.

``measures/<row>-<seed>.json`` keeps the numbers, and ``.npz`` some faces. A run that was taken from another study is
not measured again if that study has measured it.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.callbacks.predictions import read_predictions
from geofer.callbacks.synthesis import Gallery
from geofer.datamodules import FaceDataModule
from geofer.errors import DataError, PluginError
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.metrics import DlibEmbedding
from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.synthesis_report import SynthesisReport
from geofer.modules.generative import GenerativeModule
from geofer.paths import written_whole
from geofer.study.design import Row
from geofer.study.measures.robustness import measure_robustness, pose_curves
from geofer.study.measures.synthesis import measure_synthesis
from geofer.study.running import StudyRun, digest_of
from geofer.study.settings import classifier_alone
from geofer.study.trained import is_kept, load_trained, networks_of

PAIRS = 200
"""Pairs of test faces that a generator is measured on, or as many as there are."""

REFERENCE_CLASSIFIER = Row(
    "reference-classifier", "classifier alone, by which synthetic faces are measured", classifier_alone
)
"""Recognizes the expressions of synthetic faces: it never learned from any."""


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
        "robustness": [group.to_dict() for group in measures.robustness],
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
            tuple(GroupAccuracy.from_dict(group) for group in data["robustness"]),
        )
    except (ValueError, KeyError, TypeError, EOFError) as error:
        raise DataError(f"{path} is damaged ({error}). Remove it, and run the study again.") from error


def _read_pictures(path: Path) -> Pictures | None:
    if not path.exists():
        return None
    with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
        return Pictures(**{name: file[name] for name in file.files})


def measured(run: StudyRun, row: Row, seed: int) -> Measures | None:
    """What was measured of a run, or None.

    Raises:
        DataError: The file is damaged.
    """
    return read_measures(_path(run, row, seed))


def unmeasured(run: StudyRun, rows: Sequence[Row], seeds: Sequence[int]) -> list[tuple[Row, int]]:
    """The finished runs that the study wants measured, that are not, and whose networks are still there."""
    return [
        (row, seed)
        for seed in seeds
        for row in rows
        if (run.study.synthesis or row.name in run.study.robustness)
        and run.result(row, seed) is not None
        and not _path(run, row, seed).exists()
        and is_kept(run.run_folder(row, seed))
    ]


def measure(run: StudyRun, row: Row, seed: int) -> Measures:
    """Measures one finished run, and keeps what was found.

    The expressions of synthetic faces are recognized by a reference classifier of the same seed that learned from the
    real faces of the same people alone; it is trained if no study has its networks.

    Raises:
        CheckpointError: The run's networks are not there, or damaged.
        PluginError: The landmark detector is not installed.
        subprocess.CalledProcessError: The reference classifier could not be trained.
    """
    folder = run.run_folder(row, seed)
    found = read_measures(folder.parents[1] / "measures" / f"{folder.name}.json") or Measures()
    model, data = load_trained(folder)
    if run.study.synthesis and found.synthesis is None and isinstance(model, GenerativeModule):
        classifier, _ = load_trained(reference_run(run, seed))
        detector, embedding = _instruments()
        report = measure_synthesis(
            model, data, classifier, detector=detector, embedding=embedding, pairs=PAIRS, seed=seed
        )
        found = replace(found, synthesis=report, pictures=_pictures(model, data))
    if row.name in run.study.robustness and not found.robustness:
        curves = pose_curves(read_predictions(networks_of(folder), model.expressions))
        found = replace(found, robustness=(*curves, *measure_robustness(model, data)))
    write_measures(_path(run, row, seed), found)
    return found


def _path(run: StudyRun, row: Row, seed: int) -> Path:
    return run.folder / "measures" / f"{row.name}-{seed}.json"


def reference_run(run: StudyRun, seed: int) -> Path:
    """Where the reference classifier lies: the run of a row of this study, or of another one, or one of now."""
    digest = digest_of(REFERENCE_CLASSIFIER.change(run.settings))
    same = (row for row in run.study.rows if row.measure is None and digest_of(row.change(run.settings)) == digest)
    row = next(same, REFERENCE_CLASSIFIER)
    if run.result(row, seed) is None:
        run.run(row, seed, networks=True)
    if is_kept(run.run_folder(row, seed)):
        return run.run_folder(row, seed)
    if not is_kept(run.run_folder(REFERENCE_CLASSIFIER, seed)):  # the row's was removed
        run.run(REFERENCE_CLASSIFIER, seed, networks=True)
    return run.run_folder(REFERENCE_CLASSIFIER, seed)


@cache
def _instruments() -> tuple[LandmarkDetector, DlibEmbedding | None]:
    """The landmark detector, and what tells people apart if it is installed."""
    try:
        embedding = DlibEmbedding()
    except PluginError:
        embedding = None
    return build_detector("mediapipe", mirrored=False), embedding


def _pictures(model: GenerativeModule, data: FaceDataModule) -> Pictures:
    """The first test person."""
    gallery = Gallery(model, data.faces("test"), tuple(data.expressions))
    person = gallery.people(1)[0]
    grid, strips = gallery.grid(person), gallery.strips(person)
    side = data.image_size
    return Pictures(
        real=np.zeros_like(grid.synthetic) if grid.real is None else grid.real,
        synthetic=grid.synthetic,
        landmarks=strips[0].landmarks if strips else np.zeros((0, 68, 2), np.float32),
        strip=strips[0].synthetic if strips else np.zeros((0, side, side, 3), np.uint8),
    )
