"""The bundled recognizer of photographs learns expressions of one's own, from a few pictures in folders."""

import json
import re

import pytest
from picture_trees import write_picture

import geofer
from geofer.cli import main

FOLDERS = {"1_Bored": ("neutral",), "Tense": ("anger", "fear"), "happy": ("happiness",)}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_fine_tuning_names_its_gain(rendered_pictures, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, face in enumerate(rendered_pictures):
        for folder, expressions in FOLDERS.items():
            if face.expression in expressions:
                write_picture(tmp_path / "photos" / folder / f"{number}.jpg", face.pixels)
    few = ["--data.batch_size", "8", "--trainer.max_epochs", "2", "--model.backbone_frozen_epochs", "1"]
    assert main(["fit", "--config", "fine-tune", "--data.root", "photos", *few]) == 0
    said = capsys.readouterr().out
    told = re.search(r"On (\d+) test faces, which chose nothing: ([\d.]+)% right before the training \(photo\)", said)
    assert told is not None
    assert "The first weights knew 1 of the 3 expressions." in said
    gain = json.loads((tmp_path / "runs" / "fine-tune" / "gain.json").read_text())
    assert (gain["start"], gain["known_before"]) == ("photo", ["happiness"])
    assert gain["faces"] == int(told[1])
    assert f"{gain['first']:.1%}" == f"{told[2]}%"
    recognizer = geofer.load("runs/fine-tune")
    assert recognizer.description.expressions == ("Bored", "Tense", "happiness")
    assert recognizer.description.crop == "fer2013"
    (face,) = recognizer(rendered_pictures[0].pixels)
    assert sum(face.probabilities.values()) == pytest.approx(1)
