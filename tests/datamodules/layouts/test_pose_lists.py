from dataclasses import replace

import numpy as np
import pytest
from faces_in_memory import pictures, table

from geofer.datamodules.base import FaceStore, Origins
from geofer.datamodules.layouts.pose_lists import picture_name, read_picture_list, tag_test_faces
from geofer.datamodules.splits import Identities
from geofer.errors import DataError

HASH = "83dac9d7eec7fb0bfef79b4d35ddc69a6f7fb458d3bffc4e78f33ad9"


@pytest.mark.parametrize(
    ("listed", "file"),
    [
        ("3/test_0025_aligned.jpg", "basic/Image/aligned/test_0025_aligned.jpg"),
        ("test_0003_aligned 3 4", "basic/Image/original/test_0003.jpg"),
        ("0/fer0032226.jpg", "fer2013.csv/32304/fer0032226"),
        ("1_fer0034656.png 8 0", "fer2013.csv/34739/fer0034656"),
        (f"0/{HASH}.jpg", f"Manually_Annotated_Images/12/{HASH}.jpg"),
        (f"0/{HASH}/8.jpg", f"Manually_Annotated_Images/12/{HASH}.JPG"),
        (f"val/0/{HASH}/", f"{HASH}.jpg"),
        ("8.jpg", "val_set/images/8.jpg"),
        ("val_set/images/8.jpg", "val_set/images/8.jpg"),
    ],
)
def test_every_form_of_the_lists(listed, file, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text(f"{listed}\r\n")
    assert read_picture_list(path) == {picture_name(file)}


@pytest.fixture
def lists(tmp_path):
    texts = {"pose>30": "3/test_1_aligned.jpg\n0/test_2_aligned.jpg\n", "pose>45": "0/test_2_aligned.jpg\n"}
    paths = {}
    for tag, text in texts.items():
        paths[tag] = tmp_path / f"{tag[-2:]}.txt"
        paths[tag].write_text(text)
    return paths


def store(*names, tags=None):
    """One face a picture; the names begin with their splits."""
    files = [f"aligned/{name}_aligned.jpg" for name in names]
    splits = np.array([name.partition("_")[0] for name in names])
    faces = Identities(*(np.full(len(names), "", object) for _ in range(3)))
    labels = table(np.arange(len(names)))
    if tags is not None:
        labels = replace(labels, tags=np.array(tags))
    origins = Origins("Faces", faces, np.zeros(len(names), np.uint64), lambda rows: [files[row] for row in rows])
    return FaceStore(labels, pictures(len(names)), splits, ("mine",) if tags is not None else (), origins)


def test_test_faces_get_the_tags_of_their_lists(lists):
    found = tag_test_faces(store("test_1", "test_2", "test_3", "train_2"), lists)
    assert found.tags == ("pose>30", "pose>45")
    assert found.table.tags.tolist() == [0b01, 0b11, 0, 0]


def test_tags_that_are_there_stay(lists):
    found = tag_test_faces(store("test_2", "test_3", tags=[1, 1]), {"pose>45": lists["pose>45"]})
    assert found.tags == ("mine", "pose>45")
    assert found.table.tags.tolist() == [0b11, 0b01]


def test_without_lists_nothing_changes():
    faces = store("test_1")
    assert tag_test_faces(faces, {}) is faces


def test_pictures_that_are_not_there_are_counted(lists):
    with pytest.warns(UserWarning, match=r"30\.txt names pictures that are not there.* \(1\): 'test_1'"):
        tag_test_faces(store("test_2"), lists)


@pytest.mark.parametrize("names", [("test_9",), ("test_9", "train_1", "train_2")])
def test_a_list_of_other_pictures(names, lists):
    with pytest.raises(DataError, match=r"None of the 2 pictures in .*30\.txt, such as 'test_1', is a test picture"):
        tag_test_faces(store(*names), lists)


def test_missing_and_empty_lists(tmp_path):
    with pytest.raises(DataError, match=r"missing\.txt"):
        read_picture_list(tmp_path / "missing.txt")
    (tmp_path / "empty.txt").write_text("\n\n")
    with pytest.raises(DataError, match="names no picture"):
        read_picture_list(tmp_path / "empty.txt")
