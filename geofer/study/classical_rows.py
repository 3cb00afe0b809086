"""How a classical baseline is trained and tested on the faces of a data module: features, views and moments.

Packages of the extra ``study`` are imported when a row is run, so that the studies can be listed without them.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.datamodules import FaceDataModule, FaceDataset
from geofer.metrics.recognition import RecognitionMetrics
from geofer.study.data import datamodule_of, seeded
from geofer.study.design import Change, Outcome, Settings
from geofer.study.fairness import fairness_on
from geofer.study.features import grey, hog_features, landmark_features, lbp_features

PAN_STEP = 15
"""Degrees between two views, as in the paper's data; a view holds all tilts."""

MIN_FACES = 2
"""Training faces of each expression that a pan needs to be a view of its own."""

PICTURES_AT_ONCE = 256
"""Pictures in memory."""


def classical(name: str, features: str = "lbp") -> Change:
    """A baseline of `geofer.study.subspace.baselines` for the model, by the paper's name.

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
    from geofer.study.subspace.baselines import BASELINES

    baseline = BASELINES[settings["model"]["baseline"]]
    datamodule = datamodule_of(seeded(settings["data"], seed))
    datamodule.prepare_data()
    datamodule.setup()
    train, test = datamodule.faces("train"), datamodule.faces("test")
    pans = trained_pans(train.table.pan, train.table.expression)
    features = settings["model"]["features"]
    moment = train.table.subject * datamodule.num_classes + train.table.expression
    model = baseline.build(seed).fit(
        features_of(train, features), train.table.expression, views_of(train.table.pan, pans), moment
    )
    found = model.predict(features_of(test, features), views_of(test.table.pan, pans))
    return _outcome(datamodule, test, found)


def trained_pans(pan: NDArray[np.float32], expression: NDArray[np.int64]) -> NDArray[np.float64]:
    """The pans that get a view: those from which every expression is seen often enough to learn from.

    Args:
        pan: ``(N,)`` degrees of the training faces, NaN if unknown.
        expression: ``(N,)`` their expressions.

    Returns:
        ``(V,)`` multiples of `PAN_STEP` in degrees, ascending; only 0 if there are too few faces for several views.
    """
    steps, labels = _steps(pan), np.unique(expression)
    enough = [
        step
        for step in np.unique(steps)
        if min(np.count_nonzero(expression[steps == step] == label) for label in labels) >= MIN_FACES
    ]
    return PAN_STEP * np.array(enough or [0], np.float64)


def views_of(pan: NDArray[np.float32], pans: NDArray[np.float64]) -> NDArray[np.int64]:
    """The view ``(N,)`` of each face: the place in ``pans`` ``(V,)`` that is nearest to its pan ``(N,)`` in degrees.

    A face of unknown pan counts as frontal.
    """
    away: NDArray[np.float64] = np.abs(PAN_STEP * _steps(pan)[:, None] - pans)
    return np.asarray(away.argmin(1), np.int64)


def features_of(faces: FaceDataset, features: str) -> NDArray[np.float64]:
    """Features ``(N, d)`` of all faces: ``lbp`` and ``hog`` of the grey pictures, or ``landmarks``."""
    rows = np.arange(len(faces))
    if features == "landmarks":
        return landmark_features(faces.table.landmarks[rows])
    extract = {"lbp": lbp_features, "hog": hog_features}[features]
    parts = np.split(rows, range(PICTURES_AT_ONCE, len(rows), PICTURES_AT_ONCE))
    return np.concatenate([extract(grey(faces.images(part).permute(0, 2, 3, 1).numpy())) for part in parts])


def _steps(pan: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.rint(np.nan_to_num(pan, nan=0.0) / PAN_STEP)


def _outcome(datamodule: FaceDataModule, faces: FaceDataset, found: NDArray[np.int64]) -> Outcome:
    """As of a network that is always sure: a baseline names an expression, and no probabilities."""
    table = faces.table
    predictions = {
        "probabilities": torch.eye(datamodule.num_classes)[torch.from_numpy(found)],
        "expression": torch.from_numpy(table.expression),
        "pan": torch.from_numpy(table.pan),
        "tilt": torch.from_numpy(table.tilt),
        "subject": torch.from_numpy(table.subject),
    }
    metrics = RecognitionMetrics(datamodule.expressions)
    metrics.update(**predictions, tags=None if table.tags is None else torch.from_numpy(table.tags))
    return Outcome(metrics.compute(datamodule.tags), fairness_on(datamodule, predictions))
