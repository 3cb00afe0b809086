"""What a data module says of itself, for checkpoints and model cards."""

import json
from pathlib import Path

import numpy as np
import pytest
from cartoon_faces import EXPRESSIONS, CartoonFaces

from geofer.arguments import described
from geofer.datamodules import CrossDataSet, FaceTable, RenderedFaces
from geofer.datamodules.preparation.config import Preparation


def test_arguments_of_class_and_bases_without_this_machines_folders(tmp_path):
    preparation = Preparation("precomputed", {"path": str(tmp_path / "found.csv")}, crop="paper", folder=tmp_path)
    data = FaceTable(tmp_path / "photos", table="mine.csv", preparation=preparation, seed=5)
    arguments = data.arguments
    assert arguments["root"] == "photos"
    assert (arguments["table"], arguments["seed"], arguments["val_fraction"]) == ("mine.csv", 5, 0.1)
    assert arguments["preparation"]["crop"] == "paper"
    assert arguments["preparation"]["detector_options"] == {"path": "found.csv"}
    assert "self" not in arguments
    assert str(tmp_path.parent) not in json.dumps(arguments)


def test_what_is_trained_on_is_counted():
    data = CartoonFaces(people=3, takes=1)
    data.setup()
    known = data.provenance()
    assert known["data_set"] == "CartoonFaces"
    assert known["arguments"] == {
        **{"people": 3, "size": 32, "takes": 1},
        **{"batch_size": 16, "num_workers": 0, "self_pairs": 0.2, "seed": 0, "balance": 0.0},
    }
    assert known["expressions"] == list(EXPRESSIONS)
    assert (known["image_size"], known["crop"]) == (32, None)
    assert known["subjects"] == {"train": 3, "val": 2, "test": 2}
    assert known["faces"] == {"train": 27, "val": 18, "test": 18}
    assert json.loads(json.dumps(known)) == known


class Around(CartoonFaces):
    """Builds another data module before itself."""

    def __init__(self, marker="outer", **settings):
        self.inner = CartoonFaces(people=1, takes=1)
        super().__init__(people=2, **settings)


def test_a_module_within_another_keeps_its_own():
    data = Around(takes=2, seed=4)
    assert data.inner.arguments["people"] == 1
    assert "marker" not in data.inner.arguments
    assert (data.arguments["marker"], data.arguments["people"], data.arguments["seed"]) == ("outer", 2, 4)


def test_two_data_sets_are_both_told(tmp_path):
    source, target = (RenderedFaces(seed=seed, root=tmp_path, train_subjects=2) for seed in (1, 2))
    arguments = CrossDataSet(source, target).arguments
    assert arguments["source"]["data_set"] == "RenderedFaces"
    assert (arguments["source"]["seed"], arguments["target"]["seed"]) == (1, 2)
    assert arguments["train_faces"] == "all"
    assert str(tmp_path.parent) not in json.dumps(arguments)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Path("/home/alice/data/KDEF"), "KDEF"),
        ("/home/alice/data/KDEF/", "KDEF"),
        ("~/KDEF", "KDEF"),
        ("C:\\Users\\alice\\KDEF", "KDEF"),
        ("s3://bucket/faces", "faces"),
        ("pose>30", "pose>30"),
        (("a", Path("b/c")), ["a", "c"]),
        ({1: np.float32(0.5)}, {"1": 0.5}),
        (np.zeros(3), "ndarray"),
        (list(range(1000)), "list of 1000"),
    ],
)
def test_plain_data(value, expected):
    assert described(value) == expected
