import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.app.models.reliability import Reliability
from geofer.errors import CheckpointError
from geofer.weight_files import bundled_models

GEOMETRY = ModelDescription(
    kind="geometry",
    expressions=("sad", "glad"),
    architecture={"inputs": "both", "hidden": 3},
    reliability=Reliability((-10.0, 0.0, 10.0), (-5.0, 5.0), ((0.5, None),), ((4, 0),)),
    provenance={"seed": 3},
)
ENSEMBLE = replace(
    GEOMETRY, architecture={"members": [{"hidden": 3, "logit_eps": 1e-5}, {"hidden": 2, "dropout": 0.5}]}
)
PICTURE = ModelDescription(
    kind="picture",
    expressions=("sad", "glad", "neither"),
    architecture={
        "backbone": "small_resnet",
        "pretrained": False,
        "hidden": 8,
        "backbone_arguments": {"widths": [4, 8]},
    },
    image_size=64,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "model.safetensors"
    save_model(path, GEOMETRY.network(), GEOMETRY)
    return path


@pytest.mark.parametrize("description", [GEOMETRY, ENSEMBLE, PICTURE], ids=["geometry", "ensemble", "picture"])
def test_a_model_comes_back_as_it_was(tmp_path, description):
    torch.manual_seed(1)
    network = description.network().eval()
    save_model(tmp_path / "model.safetensors", network, description)
    loaded, found = load_model(tmp_path / "model.safetensors")
    assert found == description
    inputs = (
        (torch.rand(2, 68, 2), torch.rand(2, 52)) if description.kind == "geometry" else (torch.rand(2, 3, 64, 64),)
    )
    assert torch.equal(loaded(*inputs), network(*inputs))
    assert not loaded.training


def test_no_flipped_bit_loads_silently_wrong(saved):
    whole, good = saved.read_bytes(), load_model(saved)[0].state_dict()
    for place in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[place] ^= 1 << place % 8
        saved.write_bytes(broken)
        with suppress(CheckpointError):
            network, description = load_model(saved)  # white space between header and weights
            assert description == GEOMETRY
            assert all(torch.equal(value, good[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("length", [0, 5, 100, 800, -1])
def test_a_truncated_file_is_refused_by_name(saved, length):
    saved.write_bytes(saved.read_bytes()[:length])
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be used: it is damaged"):
        load_model(saved)


def test_other_files_are_refused(tmp_path):
    from safetensors.torch import save_file

    with pytest.raises(CheckpointError, match="no such model file"):
        load_model(tmp_path / "nowhere.safetensors")
    text = tmp_path / "text.safetensors"
    text.write_text("a text that is no model, however long it goes on")
    with pytest.raises(CheckpointError, match=r"text\.safetensors.*no safetensors file"):
        load_model(text)
    save_file({"weight": torch.ones(2)}, tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match=r"bare\.safetensors.*no description by geofer"):
        load_model(tmp_path / "bare.safetensors")


def test_a_newer_format_is_told_from_damage(saved, monkeypatch):
    monkeypatch.setattr("geofer.app.models.model_file.FORMAT", 4)
    save_model(saved, GEOMETRY.network(), GEOMETRY)
    monkeypatch.undo()
    with pytest.raises(
        CheckpointError, match=r"its format is 4 and geofer .* reads 3; install the geofer that wrote it"
    ):
        load_model(saved)


@pytest.mark.parametrize("version", [0, None, 2, "3"])
def test_an_older_format_is_told_by_its_number(version):
    data = {**json.loads(GEOMETRY.to_json()), "format": version}
    with pytest.raises(CheckpointError, match=rf"its format is {version!r} and geofer .* reads 3"):
        ModelDescription.from_json(json.dumps({name: value for name, value in data.items() if value is not None}))


def test_weights_that_are_nan_or_of_another_model_are_not_written(tmp_path):
    network = GEOMETRY.network()
    with torch.no_grad():
        network.layers[-1].bias[0] = torch.nan
    with pytest.raises(CheckpointError, match=r"1 of its weights are NaN or infinite, first layers\.4\.bias"):
        save_model(tmp_path / "model.safetensors", network, GEOMETRY)
    three = replace(GEOMETRY, expressions=("a", "b", "c"))
    with pytest.raises(CheckpointError, match="do not fit what it says it is"):
        save_model(tmp_path / "model.safetensors", GEOMETRY.network(), three)
    assert list(tmp_path.iterdir()) == []


def test_other_pixels_than_ours_are_refused():
    data = json.loads(GEOMETRY.to_json())
    with pytest.raises(CheckpointError, match="BGR"):
        ModelDescription.from_json(json.dumps({**data, "color": "BGR"}))


def test_the_shipped_recognizers_are_small_and_load_without_lightning_or_a_compiler():
    small = {path.stem: path.stat().st_size < 8_000_000 for path in bundled_models().values()}
    assert small == {"photo": True, "rendered": True}
    code = (
        "import sys; import geofer; kind = geofer.load().description.kind; "
        "print(kind, *(name in sys.modules for name in ('lightning', 'torchmetrics', 'timm', 'torch._dynamo')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["picture", "False", "False", "False", "False"]
