"""From a run's checkpoint to a recognizer: its crop, its classes, where it comes from, and what is refused."""

import json

import numpy as np
import pytest
import torch
from adversarial_game import AdversarialGame
from narrow_method import CLASSIFIER
from tiny_generator import EXPRESSIONS, classifier_alone, write_checkpoint

from geofer.app.models.checkpoint_conversion import from_checkpoint
from geofer.app.models.model_card import model_card
from geofer.app.models.model_file import load_model
from geofer.app.models.model_source import read_model
from geofer.callbacks.reports import write_numbers
from geofer.checkpoints import PROVENANCE
from geofer.cli import main
from geofer.errors import AssumptionWarning, CheckpointError, DataError
from geofer.metrics.report import RecognitionReport
from geofer.modules import ExpressionClassifier

DATA = {
    "data_set": "KDEF",
    "arguments": {"root": "KDEF", "seed": 3},
    "expressions": list(EXPRESSIONS),
    "image_size": 64,
    "crop": "paper",
    "subjects": {"train": 50, "val": 6, "test": 14},
    "faces": {"train": 3500, "val": 420, "test": 980},
    "seed": 13,
    "geofer": "0.1.0",
}


def report(expressions=EXPRESSIONS):
    counts = np.full((1, 7), 10)
    return RecognitionReport(
        expressions=tuple(expressions),
        poses=np.array([[0.0, 0.0]]),
        correct=counts // 2,
        total=counts,
        confusion=np.diag(counts[0]),
        calibration_error=0.125,
        accuracy_low=0.4,
        accuracy_high=0.6,
        subjects=14,
    )


@pytest.fixture
def run(tmp_path):
    """The folder of a run whose checkpoint knows its data."""
    folder = tmp_path / "runs" / "faces"
    (folder / "checkpoints").mkdir(parents=True)
    torch.manual_seed(0)
    module = ExpressionClassifier(EXPRESSIONS, 64, classifier=CLASSIFIER)
    module.provenance = dict(DATA)
    write_checkpoint(folder / "checkpoints" / "best.ckpt", module)
    return folder


def changed(run, **entries):
    """The run's checkpoint, with other entries in it."""
    path = run / "checkpoints" / "best.ckpt"
    held = torch.load(path, weights_only=True)
    torch.save({**held, **entries}, path)
    return path


def said(run, **entries):
    """The run's checkpoint, saying something else of its training."""
    return changed(run, **{PROVENANCE: {**DATA, **entries}})


@pytest.mark.filterwarnings("error::geofer.errors.AssumptionWarning")
def test_the_crop_and_the_origin_are_the_checkpoints(run):
    write_numbers(run, "test", report())
    network, description = from_checkpoint(run / "checkpoints" / "best.ckpt")
    assert not network.training
    assert (description.crop, description.image_size, description.expressions) == ("paper", 64, EXPRESSIONS)
    known = description.provenance
    assert {name: known[name] for name in ("data_set", "subjects", "seed", "geofer", "arguments")} == {
        name: DATA[name] for name in ("data_set", "subjects", "seed", "geofer", "arguments")
    }
    assert known["test"]["accuracy"] == 0.5
    assert (known["test"]["faces"], known["test"]["subjects"]) == (70, 14)
    card = model_card(description, "faces.safetensors")
    for line in ("- data set: KDEF", "- people / train: 50", "- seed: 13", "- settings of the data set / seed: 3"):
        assert f"\n{line}\n" in card


def test_a_run_is_exported_by_its_folder(run, tmp_path, capsys):
    output = tmp_path / "faces.safetensors"
    assert main(["export", str(run), "--output", str(output), "--card"]) == 0
    network, description = load_model(output)
    assert (description.crop, description.provenance["data_set"]) == ("paper", "KDEF")
    stored = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    assert all(torch.equal(value, stored[f"classifier.{name}"]) for name, value in network.state_dict().items())
    assert capsys.readouterr().err == ""
    (run / "checkpoints" / "best.ckpt").unlink()
    assert main(["export", str(run), "--output", str(output)]) == 1
    assert "is no run, which has a checkpoints/best.ckpt" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2"])
def test_an_export_for_others_is_told_from_a_damaged_file(name, tmp_path):
    tmp_path.joinpath(name).write_bytes(b"whatever")
    with pytest.raises(CheckpointError, match=r"is an export for other programs; geofer reads the checkpoint"):
        read_model(tmp_path / name)


def test_an_older_checkpoint_is_taken_for_tight_and_that_is_told(tmp_path, capsys):
    path = classifier_alone(tmp_path / "best.ckpt")
    with pytest.warns(AssumptionWarning, match=r"best\.ckpt does not say how .* the rule tight is assumed"):
        assert from_checkpoint(path)[1].crop == "tight"
    assert main(["export", str(path), "--output", str(tmp_path / "a.safetensors")]) == 0
    told = capsys.readouterr().err
    assert told.startswith("geofer: ")
    assert "the rule tight is assumed" in told
    assert "checkpoint_conversion.py" not in told
    assert main(["export", str(path), "--output", str(tmp_path / "a.safetensors"), "--crop", "paper"]) == 0
    assert capsys.readouterr().err == ""
    assert load_model(tmp_path / "a.safetensors")[1].crop == "paper"


def test_faces_taken_whole_may_be_named_by_their_rule(run):
    path = said(run, crop="none")
    with pytest.warns(AssumptionWarning, match="pictures taken whole"):
        assert from_checkpoint(path)[1].crop == "none"
    assert from_checkpoint(path, "ibug-similarity")[1].crop == "ibug-similarity"


@pytest.mark.parametrize(
    ("entries", "named", "message"),
    [
        ({}, "tight", "cropped by the rule paper, not by tight"),
        ({"crop": "loose"}, None, "the rule loose, which shows the whole head"),
        ({"crop": "square"}, None, "a crop rule that there is not, square"),
        ({"crop": ["tight"]}, None, "a crop rule that there is not"),
        ({"expressions": list(EXPRESSIONS)[::-1]}, None, "its training data had surprise, sadness"),
        ({"image_size": 128}, None, "has the image size 64, but its training data had 128"),
    ],
)
def test_what_contradicts_itself_is_refused(run, entries, named, message):
    with pytest.raises(CheckpointError, match=message):
        from_checkpoint(said(run, **entries), named)


def test_another_runs_test_is_refused(run):
    write_numbers(run, "test", report(EXPRESSIONS[::-1]))
    with pytest.raises(DataError, match=r"test had surprise, .*test_metrics\.json is of another run"):
        from_checkpoint(run / "checkpoints" / "best.ckpt")


def test_a_damaged_report_is_told(run, capsys):
    write_numbers(run, "test", report())
    told = json.loads((run / "test_metrics.json").read_text())
    (run / "test_metrics.json").write_text(json.dumps({**told, "correct": [[1]]}))
    with pytest.raises(DataError, match=r"test_metrics\.json is no report of geofer .*evaluate the run again"):
        from_checkpoint(run / "checkpoints" / "best.ckpt")
    assert main(["export", str(run), "--output", str(run / "a.safetensors")]) == 1
    assert "test_metrics.json is no report" in capsys.readouterr().err


def test_weights_that_do_not_fit_are_told(run):
    held = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    weights = dict(held["state_dict"])
    weights["classifier.head.0.weight"] = torch.zeros(2, 2)
    with pytest.raises(CheckpointError, match=r"weights of .*best\.ckpt do not fit its own classifier"):
        from_checkpoint(changed(run, state_dict=weights))


def test_a_checkpoint_of_another_kind_is_told(tmp_path, capsys):
    path = write_checkpoint(tmp_path / "game.ckpt", AdversarialGame())
    with pytest.raises(CheckpointError, match=r"game\.ckpt holds no expression classifier of geofer"):
        from_checkpoint(path)
    assert main(["recognize", str(tmp_path), "--model", str(path)]) == 1
    torch.save({"state_dict": {}, "hyper_parameters": {}}, tmp_path / "empty.ckpt")
    with pytest.raises(CheckpointError, match="holds no expression classifier"):
        from_checkpoint(tmp_path / "empty.ckpt")
