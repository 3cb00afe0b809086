"""One data set to train on, another to test on: nothing of the second is seen before."""

import numpy as np
import pytest
from data_set_trees import kdef
from protocol_trees import sfew_2

from geofer.datamodules import KDEF, SFEW, CrossDataSet, MultiPIE, RenderedFaces
from geofer.datamodules.preparation.config import Preparation
from geofer.errors import ConfigError, LeakError

pytestmark = [
    pytest.mark.filterwarnings("ignore:.* under .* there are"),
    pytest.mark.filterwarnings("ignore:SFEW does not say whom"),
]
PEOPLE = {"train_subjects": 2, "val_subjects": 1, "test_subjects": 1, "poses": "multipie", "views": 1}


@pytest.fixture(scope="module")
def preparation(tmp_path_factory):
    return Preparation(detector="mediapipe", folder=tmp_path_factory.mktemp("cache"), workers=1)


@pytest.fixture(scope="module")
def roots(tmp_path_factory, rendered_pictures):
    """Folders of KDEF and SFEW 2.0; no picture is in both."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("KDEF", "SFEW")}
    kdef(folders["KDEF"], rendered_pictures[::2])
    sfew_2(folders["SFEW"], rendered_pictures[1::2])
    return folders


def opened(source, target, **settings):
    data = CrossDataSet(source, target, **settings)
    data.prepare_data()
    data.setup()
    return data


def test_trains_on_one_and_tests_on_the_other(roots, preparation, rendered_pictures, tmp_path):
    words = ("surprise", "anger", "disgust", "fear", "happiness", "neutral", "sadness")
    source = RenderedFaces(**PEOPLE, expressions=words, root=tmp_path, render_workers=1, batch_size=4)
    target = SFEW(roots["SFEW"], preparation=preparation)
    data = opened(source, target, train_faces="train")
    source.setup()
    target.setup("test")
    for split in ("train", "val"):
        assert data.faces(split).table.subject.tolist() == source.faces(split).table.subject.tolist()
    everything = data.faces("test")
    truth = target.store.table
    assert len(everything) == len(truth) == len(rendered_pictures[1::2])
    assert [words[label] for label in everything.table.expression] == [target.expressions[k] for k in truth.expression]
    np.testing.assert_array_equal(everything.table.landmarks, truth.landmarks[np.arange(len(truth))])
    rows = np.array([3, 0, 7])
    np.testing.assert_array_equal(everything.images(rows).permute(0, 2, 3, 1), target.store.pictures.gather(rows))
    assert not data.subjects("test") & (data.subjects("train") | data.subjects("val"))
    assert set(data.landmark_bank().subject.tolist()) == source.subjects("train")
    mixed = np.array([len(source.store.table) + 1, 0, len(source.store.table), 2])
    together = data.store.pictures.gather(mixed)
    np.testing.assert_array_equal(together[[1, 3]], source.store.pictures.gather(mixed[[1, 3]]))
    np.testing.assert_array_equal(together[[2, 0]], target.store.pictures.gather(np.array([0, 1])))


def test_whom_the_source_would_test_train_too(roots, preparation, tmp_path):
    source = RenderedFaces(**PEOPLE, root=tmp_path, render_workers=1, batch_size=4)
    data = opened(source, SFEW(roots["SFEW"], preparation=preparation))
    source.setup()
    assert data.subjects("train") == source.subjects("train") | source.subjects("test")
    assert data.subjects("val") == source.subjects("val")


def test_only_the_test_split_of_the_target(roots, preparation):
    target = SFEW(roots["SFEW"], preparation=preparation)
    data = opened(KDEF(roots["KDEF"], preparation=preparation), target, test_faces="test")
    target.setup("test")
    assert len(data.faces("test")) == len(target.faces("test")) < len(target.store.table)


def test_a_picture_on_both_sides_is_named(rendered_pictures, preparation, tmp_path):
    kdef(tmp_path / "left", rendered_pictures)
    kdef(tmp_path / "right", rendered_pictures[:3])
    with pytest.raises(LeakError, match=r"3 picture\(s\).*KDEF: KDEF/BF01/BF01ANS\.JPG \(test, train\)"):
        opened(*(KDEF(tmp_path / side, preparation=preparation) for side in ("left", "right")))


def test_a_person_on_both_sides_of_one_data_set_is_named(rendered_pictures, preparation, tmp_path):
    for side, start in (("left", 0), ("right", 1)):
        kdef(tmp_path / side, rendered_pictures[start::2])
    with pytest.raises(LeakError, match=r"subject\(s\).*F0\d \(test, train\)"):
        opened(*(KDEF(tmp_path / side, preparation=preparation) for side in ("left", "right")))


def rendered(folder, **settings):
    return RenderedFaces(**{**PEOPLE, "root": folder, "render_workers": 1, "batch_size": 4, **settings})


def test_rendered_people_of_one_seed_are_the_same_however_they_are_seen(tmp_path):
    source, target = (
        rendered(tmp_path),
        rendered(tmp_path, test_subjects=2, expressions=("neutral", "fear"), levels=(2,)),
    )
    message = (
        r"4 subject\(s\).*RenderedFaces/seed-0/person-0 \(test, train\); RenderedFaces/seed-0/person-1 \(test, val\)"
    )
    with pytest.raises(LeakError, match=message):
        opened(source, target)


def test_rendered_people_of_other_seeds_or_on_one_side_are_apart(tmp_path):
    other = opened(rendered(tmp_path), rendered(tmp_path, seed=1))
    assert len(other.subjects("test")) == 4
    assert not other.subjects("test") & (other.subjects("train") | other.subjects("val"))
    same = opened(rendered(tmp_path), rendered(tmp_path, levels=(2,)), train_faces="train", test_faces="test")
    assert [len(same.subjects(split)) for split in ("train", "val", "test")] == [2, 1, 1]


def test_versions_of_sfew_are_no_two_data_sets(tmp_path):
    with pytest.raises(LeakError, match=r"1\.0 and 2\.0 share most"):
        CrossDataSet(SFEW(tmp_path, version="2.0"), SFEW(tmp_path, version="1.0"))


def test_what_does_not_match(tmp_path):
    faces, six = RenderedFaces(root=tmp_path), ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
    with pytest.raises(ConfigError, match="SFEW, has expressions that the source, RenderedFaces, lacks: neutral"):
        CrossDataSet(RenderedFaces(root=tmp_path, expressions=six), SFEW(tmp_path))
    with pytest.raises(ConfigError, match="lacks: smile, scream, squint"):
        CrossDataSet(faces, MultiPIE(tmp_path))
    with pytest.raises(ConfigError, match="64 pixels and those of SFEW 224"):
        CrossDataSet(faces, SFEW(tmp_path, image_size=224))
    with pytest.raises(ConfigError, match="'tight' and those of SFEW by 'paper'"):
        CrossDataSet(faces, SFEW(tmp_path, preparation=Preparation(crop="paper")))
