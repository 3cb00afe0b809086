import pytest
from data_set_trees import touch

from geofer.datamodules.datasets.raf_db import RAFDB
from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore:RAF-DB has")

LABELS = "EmoLabel/list_patition_label.txt"


@pytest.fixture
def plant(tmp_path):
    def plant(text, *pictures):
        touch(tmp_path, f"basic/{LABELS}", *(f"basic/Image/aligned/{name}" for name in pictures))
        tmp_path.joinpath("basic", LABELS).write_bytes(text.encode())
        return list(RAFDB(tmp_path).records())

    return plant


@pytest.mark.parametrize(
    "text", ["train_00001.jpg 5\ntest_0002.jpg 1\n", "\ufefftrain_00001.jpg 5\r\ntest_0002.jpg 1\r\n"]
)
def test_the_list_says_it_all(text, plant):
    assert plant(text, "train_00001_aligned.jpg", "test_0002_aligned.jpg") == [
        FaceRecord("basic/Image/aligned/train_00001_aligned.jpg", "sadness", split="train"),
        FaceRecord("basic/Image/aligned/test_0002_aligned.jpg", "surprise", split="test"),
    ]


def test_every_label(plant):
    records = plant("".join(f"train_{number:05d}.jpg {number}\n" for number in range(1, 8)), "train_00001_aligned.jpg")
    shown = "surprise fear disgust happiness sadness anger neutral"
    assert [record.expression for record in records] == shown.split()


def test_basic_itself_may_be_the_root(plant, tmp_path):
    plant("train_00001.jpg 5\n", "train_00001_aligned.jpg")
    (record,) = RAFDB(tmp_path / "basic").records()
    assert record.file == "Image/aligned/train_00001_aligned.jpg"


def test_pictures_that_the_list_does_not_name_are_reported(plant):
    with pytest.warns(UserWarning, match=r"does not name are left out \(1\): 'train_00002_aligned\.jpg'"):
        plant("train_00001.jpg 5\n", "train_00001_aligned.jpg", "train_00002_aligned.jpg")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("train_00002.jpg 8", r"line 2: '8' is no label.*1 \(surprise\)"),
        ("train_00002.jpg", "line 2: '' is no label"),
        ("val_00002.jpg 1", "line 2: 'val_00002.jpg 1' is not like 'train_00001.jpg 5'"),
    ],
)
def test_rows_that_cannot_be(row, message, plant):
    with pytest.raises(DataError, match=f"list_patition_label.txt, {message}"):
        plant(f"train_00001.jpg 5\n{row}\n", "train_00001_aligned.jpg")


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(DataError, match=f"RAF-DB: there is neither basic/{LABELS} nor {LABELS} in"):
        list(RAFDB(tmp_path).records())
    touch(tmp_path, f"basic/{LABELS}")
    with pytest.raises(DataError, match=r"basic/Image/aligned is no folder"):
        list(RAFDB(tmp_path).records())


def test_a_part_of_the_set_is_noticed(plant):
    with (
        pytest.warns(UserWarning, match=r"RAF-DB has 12,271 train pictures; under .* there are 1"),
        pytest.warns(UserWarning, match=r"RAF-DB has 3,068 test pictures; under .* there are 0"),
    ):
        plant("train_00001.jpg 5\n", "train_00001_aligned.jpg")
