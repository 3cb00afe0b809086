"""How a classical baseline is trained and tested on the faces of a data module: features, views and moments.

Packages of the extra ``study`` are imported when a row is run, so that the studies can be listed without them.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geofer.datamodules import FaceDataModule, FaceDataset
from geofer.metrics.recognition import RecognitionMetrics
from geofer.study.baselines.features import (
    gray,
    hog_features,
    landmark_features,
    lbp_features,
    lgbp_features,
    sift_features,
)
from geofer.study.data import datamodule_of, folds_of, seeded
from geofer.study.design import Outcome
from geofer.study.extra import need
from geofer.study.fairness import fairness_on
from geofer.study.settings import Change, Settings, setting

YAW_STEP = 15
"""Degrees between two views, as in the paper's data; a view holds all pitches."""

MIN_FACES = 2
"""Training faces of each expression that a yaw needs to be a view of its own."""

FEATURES: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.float64]]] = {
    "lbp": lbp_features,
    "lgbp": lgbp_features,
    "hog": hog_features,
    "sift": sift_features,
}
"""Textures of gray pictures by name; beside them there are ``landmark-sift`` and ``landmarks``."""

PICTURES_AT_ONCE = 256
"""Pictures in memory."""


def classical(name: str, features: str | None = None) -> Change:
    """A baseline of `geofer.study.baselines.subspace.baselines` for the model, by the paper's name.

    Args:
        name: The paper's name, such as ``DS-GPLVM``.
        features: What it sees of a face, one of `FEATURES`; None takes what the baseline has.
    """
    model = {"baseline": name} if features is None else {"baseline": name, "features": features}
    return lambda settings: {"model": model, "data": settings["data"]}


def measure(settings: Settings, seed: int) -> Outcome:
    """Trains a baseline on the training faces of the settings' data module, and tests it on its test faces.

    In a cross validation it does so in each fold, and the faces of all folds are counted together.

    Args:
        settings: As `classical` makes them.
        seed: Of the data module and of the baseline.

    Raises:
        ConfigError: The extra ``study`` is not installed.
        DataError: The data module cannot be prepared or opened.
    """
    data = seeded(settings["data"], seed)
    folds = folds_of(data)
    parts = [data] if folds is None else [setting("init_args.fold", fold)(data) for fold in range(folds)]
    found = [_test(settings["model"], part, seed) for part in parts]
    datamodule = found[0][0]
    predictions = {name: torch.cat([answers[name] for _, answers in found]) for name in found[0][1]}
    metrics = RecognitionMetrics(datamodule.expressions)
    metrics.update(**predictions)
    known = {name: values for name, values in predictions.items() if name != "tags"}
    return Outcome(metrics.compute(datamodule.tags), fairness_on(datamodule, known))


def _test(model: Settings, data: Settings, seed: int) -> tuple[FaceDataModule, dict[str, Tensor]]:
    """The data module, and what a baseline answers for its test faces; it is as of a network that is always sure."""
    need("sklearn")
    need("skimage")
    from geofer.study.baselines.subspace.baselines import BASELINES, HAND_CRAFTED

    baseline = {**BASELINES, **HAND_CRAFTED}[model["baseline"]]
    features = model.get("features", baseline.features)
    datamodule = datamodule_of(data)
    datamodule.prepare_data()
    datamodule.setup()
    train, test = datamodule.faces("train"), datamodule.faces("test")
    yaws = trained_yaws(train.table.yaw, train.table.expression)
    moment = train.table.subject * datamodule.num_classes + train.table.expression
    estimator = baseline.build(seed).fit(
        features_of(train, features), train.table.expression, views_of(train.table.yaw, yaws), moment
    )
    found = estimator.predict(features_of(test, features), views_of(test.table.yaw, yaws))
    table = test.table
    answers = {
        "probabilities": torch.eye(datamodule.num_classes)[torch.from_numpy(found)],
        "expression": torch.from_numpy(table.expression),
        "yaw": torch.from_numpy(table.yaw),
        "pitch": torch.from_numpy(table.pitch),
        "subject": torch.from_numpy(table.subject),
    }
    return datamodule, answers if table.tags is None else {**answers, "tags": torch.from_numpy(table.tags)}


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
    """Features ``(N, d)`` of all faces, of a kind of `FEATURES`."""
    rows = np.arange(len(faces))
    if features == "landmarks":
        return landmark_features(faces.table.landmarks[rows])
    parts = np.split(rows, range(PICTURES_AT_ONCE, len(rows), PICTURES_AT_ONCE))
    return np.concatenate([_texture(faces, part, features) for part in parts])


def _texture(faces: FaceDataset, rows: NDArray[np.int64], features: str) -> NDArray[np.float64]:
    pictures = gray(faces.images(rows).permute(0, 2, 3, 1).numpy())
    if features == "landmark-sift":
        return sift_features(pictures, (faces.table.landmarks[rows] + 1) / 2 * pictures.shape[1])
    return FEATURES[features](pictures)


def _steps(yaw: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.rint(np.nan_to_num(yaw, nan=0.0) / YAW_STEP)
