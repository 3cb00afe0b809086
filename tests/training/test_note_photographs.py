"""``training/note_photographs.py``: what a recognizer knows of photographs, noted in its model file."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from loaded_script import TRAINING
from PIL import Image
from skimage.data import astronaut

from geofer.app.models.model_file import load_model, save_model
from geofer.app.models.model_source import named_path


def note(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TRAINING / "note_photographs.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def model(tmp_path) -> Path:
    network, description = load_model(named_path("rendered"))
    path = tmp_path / "model.safetensors"
    save_model(path, network, replace(description, provenance={"seed": 3}))
    return path


def test_what_is_recognized_is_noted_and_nothing_else_changes(model, tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "nobody.png")
    rows = ("path,expression", "astronaut.png,happiness", "nobody.png,happiness", "astronaut.png,fear")
    (tmp_path / "faces.csv").write_text("\n".join(rows))
    before, described = load_model(model)
    done = note(model, tmp_path / "faces.csv", "two pictures")
    assert done.stdout == "fear: 0 of 1\nhappiness: 1 of 2\n"
    after, noted = load_model(model)
    found = {"fear": "0 of 1", "happiness": "1 of 2"}
    assert noted == replace(described, provenance={"seed": 3, "recognized of two pictures": found})
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in after.state_dict().items())


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "is no file"), ("path,label\na.png,fear", "no rows with the columns path and expression")],
)
def test_a_table_that_does_not_fit_is_refused_by_name(model, tmp_path, text, message):
    table = tmp_path / "faces.csv"
    if text is not None:
        table.write_text(text)
    whole, done = model.read_bytes(), note(model, table, "none")
    assert done.returncode == 1
    assert done.stderr.startswith("note_photographs: ")
    assert message in done.stderr
    assert model.read_bytes() == whole


def test_the_carried_model_tells_of_photographs():
    provenance = load_model(named_path("rendered"))[1].provenance
    told = [key for key in provenance if key.startswith("recognized of 61 posed photographs")]
    assert len(told) == 1
