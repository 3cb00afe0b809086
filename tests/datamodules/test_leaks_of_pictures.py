"""Leaks in what a data set of pictures says itself: found when its faces are opened, and named."""

from dataclasses import replace

import numpy as np
import pytest
from picture_trees import write_picture

from geofer.datamodules.picture_faces import PictureFaces
from geofer.datamodules.preparation import Preparation
from geofer.datamodules.records import FaceRecord
from geofer.errors import LeakError
from geofer.faces import EXPRESSIONS

SIDES = ("train", "train", "val", "test")


class Told(PictureFaces):
    VOCABULARY = EXPRESSIONS

    def __init__(self, root, told, **common):
        preparation = Preparation(detector="none", folder=root / "cache", workers=1)
        super().__init__(root, batch_size=2, preparation=preparation, **common)
        self.told = told

    def records(self):
        return iter(self.told)


@pytest.fixture
def told(tmp_path, rendered_pictures):
    """Four faces a person, each person on their side; one picture is there twice, as PNG and as BMP."""
    records = []
    for subject, side in enumerate(SIDES):
        faces = [face for face in rendered_pictures if face.subject == subject][:4]
        for number, face in enumerate(faces):
            file = f"p{subject}/{number}.png"
            write_picture(tmp_path / file, face.pixels)
            records.append(FaceRecord(file, face.expression, f"p{subject}", split=side, landmarks=face.landmarks))
    write_picture(tmp_path / "p0" / "copy.bmp", rendered_pictures[0].pixels)
    return [*records, replace(records[0], file="p0/copy.bmp")]


def opened(root, told, **common):
    data = Told(root, told, **common)
    data.prepare_data()
    data.setup()
    return data


def test_copies_on_one_side_are_no_leak(tmp_path, told):
    assert len(opened(tmp_path, told).faces("train")) == 9


def test_a_person_on_two_sides(tmp_path, told):
    told[5] = replace(told[5], split="test")
    with pytest.raises(LeakError, match=r"1 subject\(s\) .*: p1 \(test, train\)\."):
        opened(tmp_path, told)


def test_a_movie_on_two_sides(tmp_path, told):
    told = [replace(record, group="Up" if record.subject in ("p2", "p3") else None) for record in told]
    with pytest.raises(LeakError, match=r"1 group\(s\) .*: Up \(test, val\)\."):
        opened(tmp_path, told)


def test_a_copied_picture_on_two_sides_is_named_or_dropped_where_it_trains(tmp_path, told):
    told[-1] = replace(told[-1], subject="p3", split="test")
    with pytest.raises(LeakError, match=r"1 picture\(s\) .*: p0/copy\.bmp \(test\) = p0/0\.png \(train\)\."):
        opened(tmp_path, told)
    data = opened(tmp_path, told, repeated_pictures="drop")
    assert [len(data.faces(side)) for side in ("train", "val", "test")] == [7, 4, 5]
    assert len(data.landmark_bank()) == 7


def test_copies_of_unknown_people_stay_on_one_side_of_a_drawn_split(tmp_path, told):
    told = [replace(record, subject=None, split=None) for record in told]
    sides = set()
    for seed in range(12):
        with pytest.warns(UserWarning, match="does not say whom 17 of 17 faces show"):
            split = opened(tmp_path, told, seed=seed).store.split
        assert split[0] == split[-1]
        sides.add(str(split[0]))
        assert set(np.unique(split)) == {"train", "val", "test"}
    assert len(sides) > 1
