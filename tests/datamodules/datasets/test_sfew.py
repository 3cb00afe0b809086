import pytest
from data_set_trees import touch, write_text
from protocol_trees import sfew_1, sfew_2

from geofer.datamodules import SFEW
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import ConfigError, DataError

pytestmark = [
    pytest.mark.filterwarnings("ignore:SFEW .* under .* there are"),
    pytest.mark.filterwarnings("ignore:SFEW does not say whom"),
]
NAMES = [f"{movie}_000123400_{frame:08d}.png" for movie in ("21", "Harry_Potter_1") for frame in (3, 47)]


def records(root, **settings):
    return list(SFEW(root, **settings).records())


def test_version_1_is_a_tree_of_classes_at_any_depth(tmp_path):
    touch(tmp_path, f"SFEW/Angry/{NAMES[0]}", f"SFEW/part/Happy/{NAMES[2]}", "readme.png")
    assert records(tmp_path, version="1.0") == [
        FaceRecord(f"SFEW/Angry/{NAMES[0]}", "anger", group="21"),
        FaceRecord(f"SFEW/part/Happy/{NAMES[2]}", "happiness", group="Harry_Potter_1"),
    ]


def test_version_1_with_its_two_lists(tmp_path):
    touch(tmp_path, *(f"Sad/{name}" for name in NAMES))
    write_text(tmp_path / "1.txt", f"{NAMES[0]}\r\n{NAMES[1]}\r\n")
    write_text(tmp_path / "2.txt", f"{NAMES[2].removesuffix('.png')} 6\n")
    lists = (tmp_path / "1.txt", tmp_path / "2.txt")
    with pytest.warns(UserWarning, match=r"no list names are left out \(1\): 'Harry_Potter_1_000123400_00000047'"):
        found = records(tmp_path, version="1.0", set_lists=lists)
    assert [record.split for record in found] == ["train", "train", "test"]
    write_text(tmp_path / "2.txt", f"{NAMES[1]}\nAbsent_000000000_00000000\n")
    with pytest.raises(DataError, match=r"1\.txt and .*2\.txt share 1 frames, such as '21_000123400_00000047'"):
        records(tmp_path, version="1.0", set_lists=lists)


def test_version_2_tests_on_val_and_leaves_out_test(tmp_path):
    touch(tmp_path, f"Train/Disgust/{NAMES[0]}", f"Val/Neutral/{NAMES[2]}", f"Test/{NAMES[3]}")
    assert records(tmp_path) == [
        FaceRecord(f"Train/Disgust/{NAMES[0]}", "disgust", group="21", split="train"),
        FaceRecord(f"Val/Neutral/{NAMES[2]}", "neutral", group="Harry_Potter_1", split="test"),
    ]


def test_version_2_aligned_or_whole(tmp_path):
    touch(tmp_path, f"Train/Train_Aligned_Faces/Fear/{NAMES[0]}", f"Val/Val_Aligned_Faces/Surprise/{NAMES[2]}")
    assert [record.expression for record in records(tmp_path)] == ["fear", "surprise"]
    touch(tmp_path, f"Train/Fear/{NAMES[0]}")
    with pytest.raises(DataError, match="both whole frames and aligned faces"):
        records(tmp_path)
    assert [record.file for record in records(tmp_path, aligned=False)] == [f"Train/Fear/{NAMES[0]}"]
    assert len(records(tmp_path, aligned=True)) == 2


def test_one_frame_in_two_classes(tmp_path):
    touch(tmp_path, f"Sad/{NAMES[0]}", f"Fear/{NAMES[0]}")
    with pytest.raises(DataError, match=r"there twice, as 'Fear/21_.*' and 'Sad/21_"):
        records(tmp_path, version="1.0")


def test_a_folder_without_frames(tmp_path):
    touch(tmp_path, f"Train/{NAMES[0]}", "Train/Sad/portrait.png")
    with pytest.raises(DataError, match=r"SFEW 2.0: no frame like .*; there are 2 PNG files"):
        records(tmp_path)


def test_the_size_of_each_version_is_checked(tmp_path):
    touch(tmp_path, f"Train/Sad/{NAMES[0]}", f"Val/Sad/{NAMES[2]}")
    with pytest.warns(UserWarning, match="SFEW 2.0 has 436 frames in Val; under .* there are 1"):
        records(tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"version": "2.0", "set_lists": ("a", "b")}, "set_lists belong to version 1.0"),
        ({"version": "1.0", "aligned": True}, "aligned belongs to version 2.0"),
    ],
)
def test_options_of_the_other_version(settings, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        SFEW(tmp_path, **settings)


@pytest.mark.parametrize(("version", "plant"), [("1.0", sfew_1), ("2.0", sfew_2)])
def test_movies_stay_together(version, plant, rendered_pictures, tmp_path):
    plant(tmp_path / "set", rendered_pictures)
    preparation = Preparation(folder=tmp_path / "cache", workers=1)
    data = SFEW(tmp_path / "set", version=version, preparation=preparation, batch_size=4)
    data.prepare_data()
    data.setup()
    origins = data.store.origins
    splits = {}
    for movie, side in zip(origins.faces.group, data.store.split, strict=True):
        splits.setdefault(movie, set()).add(side)
    assert len(splits) == 4
    assert all(len(found) == 1 for found in splits.values())
    assert {side for found in splits.values() for side in found} == {"train", "val", "test"}
