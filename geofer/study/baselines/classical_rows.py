"""How a classical baseline is trained and tested on the faces of a data module: features, views and moments.

Packages of the extra ``study`` are imported when a row is run, so that the studies can be listed without them.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.datamodules import FaceDataModule, FaceDataset
from geofer.metrics.recognition import RecognitionMetrics
from geofer.study.baselines.features import gray, hog_features, landmark_features, lbp_features
from geofer.study.data import datamodule_of, seeded
from geofer.study.design import Change, Outcome, Settings
from geofer.study.fairness import fairness_on

YAW_STEP = 15
"""Degrees between two views, as in the paper's data; a view holds all pitches."""

MIN_FACES = 2
"""Training faces of each expression that a yaw needs to be a view of its own."""

PICTURES_AT_ONCE = 256
"""Pictures in memory."""


def classical(name: str, features: str = "lbp") -> Change:
    """A baseline of `geofer.study.baselines.subspace.baselines` for the model, by the paper's name.

    Args:
        name: The paper's name, such as ``DS-GPLVM``.
        features: What it sees of a face: ``lbp``, ``hog`` or ``landmarks``.
    """
    return lambda settings: {"model": {"baseline": name, "features": features}, "data": settings["data"]}


def measure(settings: Settings, seed: int) -> Outcome:
    """Trains a baseline on the training faces of the settings' data module, and tests it on its test faces.

    Args:
        settings: As `classical` makes them.
        seed: Of the data module and of the baseline.

    Raises:
        ConfigError: The extra ``study`` is not installed.
        DataError: The data module cannot be prepared or opened.
    """
    from geofer.study.baselines.subspace.baselines import BASELINES

    baseline = BASELINES[settings["model"]["baseline"]]
    datamodule = datamodule_of(seeded(settings["data"], seed))
    datamodule.prepare_data()
    datamodule.setup()
    train, test = datamodule.faces("train"), datamodule.faces("test")
    yaws = trained_yaws(train.table.yaw, train.table.expression)
    features = settings["model"]["features"]
    moment = train.table.subject * datamodule.num_classes + train.table.expression
    model = baseline.build(seed).fit(
        features_of(train, features), train.table.expression, views_of(train.table.yaw, yaws), moment
    )
    found = model.predict(features_of(test, features), views_of(test.table.yaw, yaws))
    return _outcome(datamodule, test, found)


def trained_yaws(yaw: NDArray[np.float32], expression: NDArray[np.int64]) -> NDArray[np.float64]:
    """The yaws that get a view: those from which every expression is seen often enough to learn from.

    Args:
        yaw: ``(N,)`` degrees of the training faces, NaN if unknown.
        expression: ``(N,)`` their expressions.

    Returns:
        ``(V,)`` multiples of `YAW_STEP` in degrees, ascending; only 0 if there are too few faces for several views.
    """
    steps, labels = _steps(yaw), np.unique(expression)
    enough = [
        step
        for step in np.unique(steps)
        if min(np.count_nonzero(expression[steps == step] == label) for label in labels) >= MIN_FACES
    ]
    return YAW_STEP * np.array(enough or [0], np.float64)


def views_of(yaw: NDArray[np.float32], yaws: NDArray[np.float64]) -> NDArray[np.int64]:
    """The view ``(N,)`` of each face: the place in ``yaws`` ``(V,)`` that is nearest to its yaw ``(N,)`` in degrees.

    A face of unknown yaw counts as frontal.
    """
    away: NDArray[np.float64] = np.abs(YAW_STEP * _steps(yaw)[:, None] - yaws)
    return np.asarray(away.argmin(1), np.int64)


def features_of(faces: FaceDataset, features: str) -> NDArray[np.float64]:
    """Features ``(N, d)`` of all faces: ``lbp`` and ``hog`` of the gray pictures, or ``landmarks``."""
    rows = np.arange(len(faces))
    if features == "landmarks":
        return landmark_features(faces.table.landmarks[rows])
    extract = {"lbp": lbp_features, "hog": hog_features}[features]
    parts = np.split(rows, range(PICTURES_AT_ONCE, len(rows), PICTURES_AT_ONCE))
    return np.concatenate([extract(gray(faces.images(part).permute(0, 2, 3, 1).numpy())) for part in parts])


def _steps(yaw: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.rint(np.nan_to_num(yaw, nan=0.0) / YAW_STEP)


def _outcome(datamodule: FaceDataModule, faces: FaceDataset, found: NDArray[np.int64]) -> Outcome:
    """As of a network that is always sure: a baseline names an expression, and no probabilities."""
    table = faces.table
    predictions = {
        "probabilities": torch.eye(datamodule.num_classes)[torch.from_numpy(found)],
        "expression": torch.from_numpy(table.expression),
        "yaw": torch.from_numpy(table.yaw),
        "pitch": torch.from_numpy(table.pitch),
        "subject": torch.from_numpy(table.subject),
    }
    metrics = RecognitionMetrics(datamodule.expressions)
    metrics.update(**predictions, tags=None if table.tags is None else torch.from_numpy(table.tags))
    return Outcome(metrics.compute(datamodule.tags), fairness_on(datamodule, predictions))
