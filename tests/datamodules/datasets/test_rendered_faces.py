import numpy as np
import pytest

from geofer.datamodules import RenderedFaces
from geofer.errors import ConfigError

SMALL = {"expressions": ("anger", "surprise"), "poses": "multipie", "views": 2, "batch_size": 2, "render_workers": 1}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("faces")


def faces(root, **settings):
    people = {"train_subjects": 2, "val_subjects": 1, "test_subjects": 1}
    data = RenderedFaces(root=root, **(people | SMALL | settings))
    data.prepare_data()
    data.setup()
    return data


def test_people_are_split_and_labeled(root):
    data = faces(root)
    assert (data.expressions, data.image_size, data.num_classes) == (("anger", "surprise"), 64, 2)
    assert [len(data.subjects(split)) for split in ("train", "val", "test")] == [2, 1, 1]
    table = data.faces("train").table
    assert len(table) == 2 * 2 * 2
    assert np.bincount(table.expression).tolist() == [4, 4]
    assert set(table.yaw.tolist()) <= {-30, -15, 0, 15, 30}
    assert np.all(np.abs(table.landmarks) < 1.1)


def test_the_people_tested_stay_when_there_are_more_to_train_on(root):
    few, more = faces(root), faces(root, train_subjects=3)
    assert few.subjects("test") == more.subjects("test")
    left, right = (next(iter(data.test_dataloader())) for data in (few, more))
    assert left["image"].equal(right["image"])


def test_negative_number_of_people():
    with pytest.raises(ConfigError, match="val_subjects is -1"):
        RenderedFaces(val_subjects=-1)
