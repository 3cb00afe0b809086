"""`geofer compare`: which runs can be compared, and what is printed."""

import csv
import json

import numpy as np
import pytest
import torch
from cartoon_faces import EXPRESSIONS as HELPERS
from tiny_generator import full_method

from geofer.app.models.checkpoint_conversion import from_checkpoint
from geofer.app.models.model_file import save_model
from geofer.cli import main
from geofer.metrics import RecognitionMetrics

EXPRESSIONS = ("anger", "neutral")


def write_run(folder, right, yaw, *, expressions=EXPRESSIONS, order=None, data=None):
    """A tested run of 3 people; ``right`` tells which of the 12 faces it recognized."""
    folder.mkdir()
    subject, label = np.arange(12) // 4, np.arange(12) % 2
    prediction = np.where(right, label, 1 - label)
    probabilities = np.eye(2)[prediction] * 0.8 + 0.1
    metrics = RecognitionMetrics(expressions)
    tensors = (torch.tensor(values) for values in (label, yaw, np.zeros(12, np.float32), subject))
    metrics.update(torch.tensor(probabilities, dtype=torch.float32), *tensors)
    (folder / "test_metrics.json").write_text(json.dumps(metrics.compute().to_dict()))
    with (folder / "test_predictions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["subject", "yaw", "pitch", "tags", "expression", "prediction", *expressions])
        for row in range(12) if order is None else order:
            names = expressions[label[row]], expressions[prediction[row]]
            writer.writerow([subject[row], yaw[row], 0.0, "", *names, *probabilities[row]])
    if data is not None:
        (folder / "config.yaml").write_text(json.dumps({"data": data}))
    return str(folder)


YAW = np.array([0, 0, 30, np.nan] * 3, np.float32)
FIRST = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 1], bool)
SECOND = np.array([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1], bool)


def test_differences_are_told_by_expression_and_pose(tmp_path, capsys):
    """The order in which the tests saw the faces does not matter."""
    first = write_run(tmp_path / "old", FIRST, YAW)
    second = write_run(tmp_path / "new", SECOND, YAW, order=np.random.default_rng(0).permutation(12))
    assert main(["compare", first, second]) == 0
    lines = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    told = "\n".join(sorted(lines))
    assert "percent old (A) new (B) B - A 95 % faces" in told
    assert "all faces 41.67 83.33 +41.67 +25.00 to +50.00 12" in told
    assert "anger 50.00 100.00 +50.00 +50.00 to +50.00 6" in told
    assert "neutral 33.33 66.67 +33.33 +0.00 to +50.00 6" in told
    assert "+30, +0 0.00 100.00 +100.00 +100.00 to +100.00 3" in told
    assert "?, +0 33.33 33.33 +0.00 +0.00 to +0.00 3" in told
    assert "p = 0.25: two-sided sign-flip permutation test over 3 people" in told


def test_other_faces_are_refused(tmp_path, capsys):
    first = write_run(tmp_path / "a", FIRST, YAW)
    turned = YAW.copy()
    turned[0] = 15
    second = write_run(tmp_path / "b", SECOND, turned)
    assert main(["compare", first, second]) == 1
    told = capsys.readouterr().err
    assert "tested on different faces (12 faces of 3 people and 12 faces of 3 people" in told
    assert first in told
    assert second in told


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("geofer.datamodules.RenderedFaces", 1, "geofer.datamodules.RenderedFaces", 2), "seeds 1 and 2"),
        (("geofer.datamodules.RenderedFaces", 1, "geofer.datamodules.KDEF", 1), "RenderedFaces and KDEF"),
    ],
)
def test_other_data_are_refused_though_their_tables_look_alike(tmp_path, capsys, settings, message):
    kinds, seeds = settings[::2], settings[1::2]
    runs = [
        write_run(tmp_path / name, FIRST, YAW, data={"class_path": kind, "init_args": {"seed": seed}})
        for name, kind, seed in zip("ab", kinds, seeds, strict=True)
    ]
    assert main(["compare", *runs]) == 1
    assert message in capsys.readouterr().err


def test_what_cannot_be_compared_is_told(tmp_path, capsys):
    first = write_run(tmp_path / "a", FIRST, YAW)
    other = write_run(tmp_path / "b", FIRST, YAW, expressions=("fear", "neutral"))
    assert main(["compare", first, other]) == 1
    assert "tells anger, neutral apart" in capsys.readouterr().err
    assert main(["compare", first, str(tmp_path)]) == 1
    assert "geofer test" in capsys.readouterr().err
    (tmp_path / "best.ckpt").touch()
    assert main(["compare", first, str(tmp_path / "best.ckpt")]) == 1
    assert "name the folder of a tested run, or with --config" in capsys.readouterr().err
    assert main(["compare", first]) == 2
    assert "required: B" in capsys.readouterr().err
    assert main(["compare", first, first, "--data.seed", "3"]) == 2
    assert "--data.seed" in capsys.readouterr().err


def test_models_are_tested_first_where_data_are_named(tmp_path, capsys):
    first = full_method(tmp_path / "first.ckpt", 32, HELPERS)
    network, description = from_checkpoint(first)
    with torch.no_grad():
        network.head[-1].bias += torch.tensor([0.0, 100.0, 0.0])  # sadness, whatever it sees
    save_model(tmp_path / "second.safetensors", network, description)
    data = {"class_path": "cartoon_faces.CartoonFaces", "init_args": {"people": 2, "takes": 2}}
    trainer = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False}
    (tmp_path / "data.yaml").write_text(json.dumps({"data": data, "trainer": trainer}))
    models = [str(first), str(tmp_path / "second.safetensors")]
    assert main(["compare", *models, "--config", str(tmp_path / "data.yaml"), "--data.takes", "1"]) == 0
    told = capsys.readouterr().out
    lines = {" ".join(line.split()) for line in told[told.index("A: ") :].splitlines()}
    (sadness,) = [line for line in lines if line.startswith("sadness")]
    assert sadness.split()[2] == "100.00"
    (happiness,) = [line for line in lines if line.startswith("happiness")]
    assert happiness.split()[2] == "0.00"
    (everything,) = [line.split() for line in lines if line.startswith("all faces")]
    assert (everything[3], everything[-1]) == ("33.33", "18")
