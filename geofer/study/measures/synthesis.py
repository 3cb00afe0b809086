"""Measures any generator on pairs of faces of the test people of any data set, beside the truth."""

from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofer.datamodules.base import FaceDataModule
from geofer.datamodules.face_dataset import FaceDataset, FaceLabels
from geofer.errors import ConfigError, DataError
from geofer.faces import denormalize_image, normalize_image
from geofer.landmarks import LandmarkDetector, build_detector
from geofer.metrics.face_embedding import FaceEmbedding
from geofer.metrics.landmark_error import find_landmarks
from geofer.metrics.synthesis import SynthesisMetrics
from geofer.metrics.synthesis_report import SynthesisReport
from geofer.modules.recognition import RecognitionModule
from geofer.networks.modes import evaluating
from geofer.workers import progress_bar

PEOPLE = 10
"""People whose faces with one geometry are compared, for diversity."""

Rows = NDArray[np.int64]


class SharedGeometry(NamedTuple):
    """People who are to get one and the same geometry; P people.

    Attributes:
        geometry: ``(1,)`` row of the face whose landmarks all of them get.
        inputs: ``(P,)`` rows: a face of each.
        nearest: ``(P,)`` rows: the face of each that shows the same expression with the nearest landmarks.
    """

    geometry: Rows
    inputs: Rows
    nearest: Rows


def draw_pairs(subject: NDArray[np.int64], count: int | None, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Pairs of different faces of one person: each face is an input at most once, its target any other face of theirs.

    Args:
        subject: ``(N,)``, one number a person.
        count: How many pairs at most; None takes as many as there are.
        rng: Source of randomness.

    Returns:
        Rows of the inputs, in order, and of their targets.

    Raises:
        DataError: Nobody has two faces.
    """
    order = np.argsort(subject, kind="stable")
    _, person, counts = np.unique(subject[order], return_inverse=True, return_counts=True)
    first = (np.cumsum(counts) - counts)[person]
    steps = 1 + (rng.random(len(order)) * (counts[person] - 1)).astype(np.int64)
    targets = order[first + (np.arange(len(order)) - first + steps) % counts[person]]
    pairs = np.stack((order, targets))[:, counts[person] > 1]
    if not pairs.size:
        raise DataError("No test subject has two faces, so there is no true picture to compare a synthetic one with.")
    pairs = rng.permutation(pairs, axis=1)[:, :count]
    inputs, targets = pairs[:, np.argsort(pairs[0])]
    return inputs, targets


def draw_shared_geometries(table: FaceLabels, people: int, rng: np.random.Generator) -> list[SharedGeometry]:
    """For each expression that two people show: a face of it, and up to ``people`` people who get its geometry."""
    shared = []
    for expression in np.unique(table.expression):
        shown = np.flatnonzero(table.expression == expression)
        who = rng.permutation(np.unique(table.subject[shown]))[:people]
        geometry = rng.choice(shown, 1)
        if len(who) > 1:
            inputs = [rng.choice(np.flatnonzero(table.subject == subject)) for subject in who]
            nearest = [_nearest(table, geometry, shown[table.subject[shown] == subject]) for subject in who]
            shared.append(SharedGeometry(geometry, np.array(inputs), np.array(nearest)))
    return shared


def _nearest(table: FaceLabels, geometry: Rows, rows: Rows) -> int:
    away = np.square(table.landmarks[rows] - table.landmarks[geometry]).sum((1, 2))
    return int(rows[away.argmin()])


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


class Pictured(NamedTuple):
    """Faces: pictures ``(B, 3, H, W)`` uint8, and the landmarks ``(B, 68, 2)`` in [-1, 1] that they should have."""

    image: Tensor
    landmarks: Tensor


def pictured(faces: FaceDataset, rows: NDArray[np.int64]) -> Pictured:
    """Some faces of a data set."""
    return Pictured(faces.images(rows), torch.from_numpy(faces.table.landmarks[rows]))


class FeatureExtractor:
    """What a classifier, a landmark detector and an embedding make of faces, as `SynthesisMetrics` wants it.

    Args:
        classifier: Recognizes expressions, see `measure_synthesis`.
        detector: The detector.
        embedding: Tells identities apart; None if nobody asks.
    """

    def __init__(
        self, classifier: RecognitionModule, detector: LandmarkDetector, embedding: FaceEmbedding | None
    ) -> None:
        self._classifier = cast(Any, classifier.classifier)  # torch does not type what a module is made of
        self._device = classifier.device
        self._detector, self._embedding = detector, embedding
        self.features: int = self._classifier.backbone.num_features

    def look(self, faces: Pictured) -> dict[str, Tensor]:
        """The pictures, the landmarks that are seen in them, and who they show.

        A face is aligned for the embedding by the landmarks that are seen, or by those that it should have where none
        are: a face that misses its geometry is still the person's.
        """
        seen = {"image": faces.image, "landmarks": find_landmarks(self._detector, faces.image)}
        if self._embedding:
            points = torch.where(seen["landmarks"].isnan(), faces.landmarks, seen["landmarks"])
            seen["embedding"] = self._embedding(faces.image, points)
        return seen

    def extract(self, faces: Pictured) -> dict[str, Tensor]:
        """Everything."""
        features = self._classifier.backbone(normalize_image(faces.image.to(self._device)))
        logits = self._classifier.head(self._classifier.norm(features))
        return {**self.look(faces), "features": features.cpu(), "logits": logits.cpu()}


@torch.no_grad()
def measure_synthesis(
    generator: FaceGenerator,
    data: FaceDataModule,
    classifier: RecognitionModule,
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
        generator: Makes x' from x and the geometry of x^t; on the device of ``classifier``.
        data: Whose test subjects; prepared.
        classifier: The reference classifier, which learned from real faces alone. It says what x' expresses, and
            the kernel distance compares the features of its backbone.
        detector: A landmark detector, or its name.
        embedding: Tells identities apart, such as `geofer.metrics.DlibEmbedding`; None compares no identities.
        pairs: How many at most; None takes each test face as an input.
        seed: Of the pairs.
        batch_size: Pairs at a time.

    Raises:
        ConfigError: The reference classifier tells other expressions apart.
        DataError: The data set is not prepared, or no test subject has two faces.
        PluginError: The detector is not installed.
    """
    if classifier.expressions != tuple(data.expressions):
        raise ConfigError(
            f"The reference classifier tells {', '.join(classifier.expressions)} apart, but the faces show "
            f"{', '.join(data.expressions)}: take a classifier of this data set."
        )
    data.setup("test")
    faces, rng = data.faces("test"), np.random.default_rng(seed)
    inputs, targets = draw_pairs(faces.table.subject, pairs, rng)
    shared = draw_shared_geometries(faces.table, PEOPLE, rng)
    extractor = FeatureExtractor(
        classifier, build_detector(detector) if isinstance(detector, str) else detector, embedding
    )
    metrics = SynthesisMetrics(extractor.features, embedding.size if embedding else 0)

    def synthesize(source: Pictured, landmarks: Tensor) -> Pictured:
        image, points, goal = (tensor.to(classifier.device) for tensor in (*source, landmarks))
        made = generator.synthesize(normalize_image(image), goal, source=points)
        return Pictured(denormalize_image(made).cpu(), landmarks)

    with progress_bar() as progress, evaluating(classifier):
        bar = progress.add_task("Measuring synthetic faces", total=len(inputs) + len(shared))
        for start in range(0, len(inputs), batch_size):
            goals = targets[start : start + batch_size]
            source, truth = pictured(faces, inputs[start : start + batch_size]), pictured(faces, goals)
            metrics.update(
                synthetic=extractor.extract(synthesize(source, truth.landmarks)),
                real=extractor.extract(truth),
                landmarks=truth.landmarks,
                expression=torch.from_numpy(faces.table.expression[goals]),
                subject=torch.from_numpy(faces.table.subject[goals]),
                inputs=extractor.look(source).get("embedding"),
            )
            progress.advance(bar, len(goals))
        for geometry, people, nearest in shared:
            landmarks = pictured(faces, geometry).landmarks.expand(len(people), -1, -1)
            metrics.update_diversity(
                synthetic=extractor.look(synthesize(pictured(faces, people), landmarks)),
                real=extractor.look(pictured(faces, nearest)),
            )
            progress.advance(bar)
    return metrics.compute()
