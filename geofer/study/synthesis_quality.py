"""Measures any generator on the test people of any data set, beside the truth."""

from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofer.datamodules.base import FaceDataModule
from geofer.datamodules.workers import progress_bar
from geofer.errors import ConfigError
from geofer.faces import denormalise_image, normalise_image
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.metrics.face_embedding import FaceEmbedding
from geofer.metrics.landmark_error import find_landmarks
from geofer.metrics.synthesis import SynthesisMetrics
from geofer.metrics.synthesis_report import SynthesisReport
from geofer.modules.modes import evaluating
from geofer.modules.recognition import RecognitionModule
from geofer.study.evaluation_pairs import draw_pairs, draw_shared_geometries

PEOPLE = 10
"""People whose faces with one geometry are compared, for diversity."""


class FaceGenerator(Protocol):
    """Whatever gives faces another geometry."""

    def synthesize(self, image: Tensor, landmarks: Tensor, source: Tensor | None = None) -> Tensor:
        """Make new faces of the people shown.

        Args:
            image: ``(B, 3, H, W)`` in [-1, 1].
            landmarks: Targets, ``(B, 68, 2)`` in [-1, 1].
            source: Landmarks of ``image``, ``(B, 68, 2)``, which some generators need.

        Returns:
            ``(B, 3, H, W)`` in [-1, 1].
        """
        ...


@torch.no_grad()
def measure_synthesis(
    generator: FaceGenerator,
    data: FaceDataModule,
    judge: RecognitionModule,
    *,
    detector: str | LandmarkDetector = "mediapipe",
    embedding: FaceEmbedding | None = None,
    pairs: int | None = 500,
    seed: int = 0,
    batch_size: int = 32,
) -> SynthesisReport:
    """Measures a generator on pairs (x, x^t), two faces of one test subject, and shows a progress bar.

    The pairs follow from ``seed`` alone, so that generators are compared on the same ones. Everything is measured on
    pictures of 8 bits, as they would be saved.

    Args:
        generator: Makes x' from x and the geometry of x^t; on the judge's device.
        data: Whose test subjects; prepared.
        judge: A classifier that learned from real faces alone. It says what x' expresses, and the kernel distance
            compares the features of its backbone.
        detector: A landmark detector, or its name.
        embedding: Tells identities apart, such as `geofer.metrics.DlibEmbedding`; None compares no identities.
        pairs: How many at most; None takes each test face as an input.
        seed: Of the pairs.
        batch_size: Pairs at a time.

    Raises:
        ConfigError: The judge tells other expressions apart.
        DataError: The data set is not prepared, or no test subject has two faces.
        PluginError: The detector is not installed.
    """
    if judge.expressions != tuple(data.expressions):
        raise ConfigError(
            f"The judge tells {', '.join(judge.expressions)} apart, but the faces show {', '.join(data.expressions)}: "
            "take a classifier of this data set."
        )
    data.setup("test")
    faces, rng = data.faces("test"), np.random.default_rng(seed)
    inputs, targets = draw_pairs(faces.table.subject, pairs, rng)
    shared = draw_shared_geometries(faces.table, PEOPLE, rng)
    find = build_detector(detector) if isinstance(detector, str) else detector
    classifier: Any = judge.classifier
    metrics = SynthesisMetrics(classifier.backbone.num_features, embedding.size if embedding else 0)

    def shown(rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        return faces.images(rows), torch.from_numpy(faces.table.landmarks[rows])

    def synthesize(rows: NDArray[np.int64], landmarks: Tensor) -> Tensor:
        image, source = shown(rows)
        made = generator.synthesize(
            normalise_image(image.to(judge.device)), landmarks.to(judge.device), source=source.to(judge.device)
        )
        return denormalise_image(made).cpu()

    def look(image: Tensor, landmarks: Tensor) -> dict[str, Tensor]:
        return {"image": image} | ({"embedding": embedding(image, landmarks)} if embedding else {})

    def study(image: Tensor, landmarks: Tensor) -> dict[str, Tensor]:
        features = classifier.backbone(normalise_image(image.to(judge.device)))
        logits = classifier.head(features)
        return look(image, landmarks) | {
            "landmarks": find_landmarks(find, image),
            "features": features.cpu(),
            "logits": logits.cpu(),
        }

    with progress_bar() as progress, evaluating(judge):
        bar = progress.add_task("Measuring synthetic faces", total=len(inputs) + len(shared))
        for rows, goals in zip(_batches(inputs, batch_size), _batches(targets, batch_size), strict=True):
            truth, geometry = shown(goals)
            metrics.update(
                synthetic=study(synthesize(rows, geometry), geometry),
                real=study(truth, geometry),
                landmarks=geometry,
                expression=torch.from_numpy(faces.table.expression[goals]),
                subject=torch.from_numpy(faces.table.subject[goals]),
                inputs=embedding(*shown(rows)) if embedding else None,
            )
            progress.advance(bar, len(rows))
        for row, people, nearest in shared:
            geometry = shown(np.array([row]))[1].expand(len(people), -1, -1)
            metrics.update_diversity(synthetic=look(synthesize(people, geometry), geometry), real=look(*shown(nearest)))
            progress.advance(bar)
    return metrics.compute()


def _batches(rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return np.split(rows, range(size, len(rows), size))
