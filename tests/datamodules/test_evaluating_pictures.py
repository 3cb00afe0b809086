"""Evaluation of a data set in the wild: some poses unknown, some faces tagged."""

from dataclasses import replace

import numpy as np
import pytest
from lightning import Trainer
from listed_faces import ListedFaces, write_listed

from geofer.metrics.tables import accuracy_rows
from geofer.modules import ClassifierConfig, ExpressionClassifier


@pytest.fixture
def data(tmp_path, rendered_pictures, monkeypatch):
    monkeypatch.setattr(
        "geofer.datamodules.preparation.detection.head_pose", lambda points: np.full(3, np.nan, np.float32)
    )
    monkeypatch.setattr("geofer.landmarks.detector.head_pose", lambda points: np.full((len(points), 3), np.nan))
    records = write_listed(tmp_path / "set", rendered_pictures)
    records = [replace(record, split="test", tags=("third",) * (row % 3 == 0)) for row, record in enumerate(records)]
    records[::4] = [replace(record, yaw=np.nan, pitch=np.nan) for record in records[::4]]
    return ListedFaces(tmp_path / "set", records, image_size=32, batch_size=16)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_unknown_poses_have_a_row_and_tags_an_accuracy(data, tmp_path):
    module = ExpressionClassifier(
        data.expressions, 32, ClassifierConfig("small_resnet", False, 32, {"widths": [8, 16]})
    )
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    trainer.test(module, data, verbose=False)
    report = module.reports["test"]
    assert report.faces == 56
    assert dict(zip((name for name, _ in accuracy_rows(report)), report.total.sum(1), strict=False))["unknown"] == 14
    (subset,) = report.subsets
    assert (subset.tag, subset.total) == ("third", 19)
    assert trainer.callback_metrics["test/accuracy/third"].item() == pytest.approx(subset.accuracy)
