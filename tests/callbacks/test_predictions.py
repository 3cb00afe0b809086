"""One row a face, with all digits, and no half-written table."""

import pytest
import torch
from random_faces import EXPRESSIONS, RandomFaces, classifier_model, make_trainer

from geofer.callbacks.predictions import PredictionTable, read_predictions
from geofer.errors import DataError
from geofer.metrics import RecognitionMetrics


def test_the_report_follows_from_the_table(tmp_path):
    model, faces = classifier_model(), RandomFaces()
    tmp_path.joinpath("test_predictions-1.csv").write_text("of a test with two processes\n")
    trainer = make_trainer(tmp_path, [PredictionTable()])
    trainer.test(model, faces, verbose=False)
    read = read_predictions(tmp_path, EXPRESSIONS)
    assert read["subject"].tolist() == faces.faces("test").table.subject.tolist()
    metrics = RecognitionMetrics(EXPRESSIONS)
    metrics.update(**read)
    assert metrics.compute().to_dict() == model.reports["test"].to_dict()


def test_an_interrupted_test_leaves_no_table(tmp_path):
    model = classifier_model()
    forward, calls = model.classifier.forward, []

    def broken(image):
        calls.append(image)
        return forward(image) * (torch.nan if len(calls) > 2 else 1)

    model.classifier.forward = broken
    with pytest.raises(Exception, match="NaN"):
        make_trainer(tmp_path, [PredictionTable()]).test(model, RandomFaces(), verbose=False)
    assert len(calls) == 3
    assert not list(tmp_path.glob("*predictions*"))
    with pytest.raises(DataError, match="geofer test"):
        read_predictions(tmp_path, EXPRESSIONS)


@pytest.mark.parametrize("harm", ["empty", "cut", "changed"])
def test_a_damaged_table_is_refused_by_name(tmp_path, harm):
    make_trainer(tmp_path, [PredictionTable()]).test(classifier_model(), RandomFaces(), verbose=False)
    path = tmp_path / "test_predictions.csv"
    text = path.read_text()
    path.write_text({"empty": "", "cut": text[:-30], "changed": text.replace("0.", "O.")}[harm])
    with pytest.raises(DataError, match=r"test_predictions\.csv.* test the run again"):
        read_predictions(tmp_path, EXPRESSIONS)


def test_a_table_of_other_expressions_is_refused(tmp_path):
    make_trainer(tmp_path, [PredictionTable()]).test(classifier_model(), RandomFaces(), verbose=False)
    with pytest.raises(DataError, match="is no table of happiness, neutral, fear"):
        read_predictions(tmp_path, ("happiness", "neutral", "fear"))
