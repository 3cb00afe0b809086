"""Leaks in what a data set of pictures says itself: found when its faces are opened, and named."""

from dataclasses import replace

import numpy as np
import pytest
from listed_faces import ListedFaces
from picture_trees import write_picture

from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import LeakError

SPLITS = ("train", "train", "val", "test")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "set"


@pytest.fixture
def told(root, rendered_pictures):
    """Four faces a person, each person in a split; one picture is there twice, as PNG and as BMP."""
    records = []
    for subject, name in enumerate(SPLITS):
        faces = [face for face in rendered_pictures if face.subject == subject][:4]
        for number, face in enumerate(faces):
            file = f"p{subject}/{number}.png"
            write_picture(root / file, face.pixels)
            records.append(FaceRecord(file, face.expression, f"p{subject}", split=name, landmarks=face.landmarks))
    write_picture(root / "p0" / "copy.bmp", rendered_pictures[0].pixels)
    return [*records, replace(records[0], file="p0/copy.bmp")]


def opened(root, told, **common):
    data = ListedFaces(root, told, batch_size=2, **common)
    data.prepare_data()
    data.setup()
    return data


def test_copies_in_one_split_are_no_leak(root, told):
    assert len(opened(root, told).faces("train")) == 9


def test_a_person_in_two_splits(root, told):
    told[5] = replace(told[5], split="test")
    with pytest.raises(LeakError, match=r"1 subject\(s\) .*: p1 \(test, train\)\."):
        opened(root, told)


def test_a_movie_in_two_splits(root, told):
    told = [replace(record, group="Up" if record.subject in ("p2", "p3") else None) for record in told]
    with pytest.raises(LeakError, match=r"1 group\(s\) .*: Up \(test, val\)\."):
        opened(root, told)


def test_a_copied_picture_in_two_splits_is_named_or_dropped_where_it_trains(root, told):
    told[-1] = replace(told[-1], subject="p3", split="test")
    with pytest.raises(LeakError, match=r"1 picture\(s\) .*: p0/copy\.bmp \(test\) = p0/0\.png \(train\)\."):
        opened(root, told)
    data = opened(root, told, repeated_pictures="drop")
    assert [len(data.faces(name)) for name in ("train", "val", "test")] == [7, 4, 5]
    assert len(data.landmark_bank()) == 7


def test_copies_of_unknown_people_stay_together_in_a_drawn_split(root, told):
    told = [replace(record, subject=None, split=None) for record in told]
    splits = set()
    for seed in range(12):
        with pytest.warns(UserWarning, match="does not say whom 17 of 17 faces show"):
            split = opened(root, told, seed=seed).store.split
        assert split[0] == split[-1]
        splits.add(str(split[0]))
        assert set(np.unique(split)) == {"train", "val", "test"}
    assert len(splits) > 1
