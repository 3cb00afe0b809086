"""Leaks in what a data set of pictures says itself: found when its faces are opened, and named."""

from dataclasses import replace

import numpy as np
import pytest
from listed_faces import ListedFaces
from picture_trees import write_picture

from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import LeakError

SIDES = ("train", "train", "val", "test")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "set"


@pytest.fixture
def told(root, rendered_pictures):
    """Four faces a person, each person on their side; one picture is there twice, as PNG and as BMP."""
    records = []
    for subject, side in enumerate(SIDES):
        faces = [face for face in rendered_pictures if face.subject == subject][:4]
        for number, face in enumerate(faces):
            file = f"p{subject}/{number}.png"
            write_picture(root / file, face.pixels)
            records.append(FaceRecord(file, face.expression, f"p{subject}", split=side, landmarks=face.landmarks))
    write_picture(root / "p0" / "copy.bmp", rendered_pictures[0].pixels)
    return [*records, replace(records[0], file="p0/copy.bmp")]


def opened(root, told, **common):
    data = ListedFaces(root, told, batch_size=2, **common)
    data.prepare_data()
    data.setup()
    return data


def test_copies_on_one_side_are_no_leak(root, told):
    assert len(opened(root, told).faces("train")) == 9


def test_a_person_on_two_sides(root, told):
    told[5] = replace(told[5], split="test")
    with pytest.raises(LeakError, match=r"1 subject\(s\) .*: p1 \(test, train\)\."):
        opened(root, told)


def test_a_movie_on_two_sides(root, told):
    told = [replace(record, group="Up" if record.subject in ("p2", "p3") else None) for record in told]
    with pytest.raises(LeakError, match=r"1 group\(s\) .*: Up \(test, val\)\."):
        opened(root, told)


def test_a_copied_picture_on_two_sides_is_named_or_dropped_where_it_trains(root, told):
    told[-1] = replace(told[-1], subject="p3", split="test")
    with pytest.raises(LeakError, match=r"1 picture\(s\) .*: p0/copy\.bmp \(test\) = p0/0\.png \(train\)\."):
        opened(root, told)
    data = opened(root, told, repeated_pictures="drop")
    assert [len(data.faces(side)) for side in ("train", "val", "test")] == [7, 4, 5]
    assert len(data.landmark_bank()) == 7


def test_copies_of_unknown_people_stay_on_one_side_of_a_drawn_split(root, told):
    told = [replace(record, subject=None, split=None) for record in told]
    sides = set()
    for seed in range(12):
        with pytest.warns(UserWarning, match="does not say whom 17 of 17 faces show"):
            split = opened(root, told, seed=seed).store.split
        assert split[0] == split[-1]
        sides.add(str(split[0]))
        assert set(np.unique(split)) == {"train", "val", "test"}
    assert len(sides) > 1
