import numpy as np
import pytest
from data_set_trees import touch

from geofer.datamodules.datasets.affect_net import COLUMNS, AffectNet
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS

pytestmark = pytest.mark.filterwarnings("ignore:AffectNet has")

POINTS = np.arange(136, dtype=np.float32).reshape(68, 2)
WRITTEN = ";".join(f"{value:.2f}" for value in POINTS.ravel())
HEADER = ",".join(COLUMNS)


def row(file, label, box="10,20,100,120", landmarks=WRITTEN):
    return f"{file},{box},{landmarks},{label},-0.1,0.5"


@pytest.fixture
def listed(tmp_path):
    def plant(training, validation, pictures="Manually_Annotated_Images"):
        for name, lines in (("training", training), ("validation", validation)):
            touch(tmp_path, f"Manually_Annotated_file_lists/{name}.csv")
            text = "\r\n".join(lines) + "\r\n"
            tmp_path.joinpath(f"Manually_Annotated_file_lists/{name}.csv").write_text(text, "utf-8-sig", newline="")
        touch(tmp_path, f"{pictures}/689/a.jpg")
        return AffectNet(tmp_path)

    return plant


@pytest.fixture
def annotated(tmp_path):
    def plant(**arrays):
        for half in ("train_set", "val_set"):
            touch(tmp_path, f"{half}/images/0.jpg", f"{half}/images/10.jpg", f"{half}/images/9.jpg")
            tmp_path.joinpath(half, "annotations").mkdir(exist_ok=True)
            for number in (0, 9, 10):
                values = {"exp": np.array(str(number % 8)), "lnd": POINTS.ravel() + number} | arrays
                for kind, value in values.items():
                    np.save(tmp_path / half / "annotations" / f"{number}_{kind}.npy", value)
        return AffectNet(tmp_path)

    return plant


def test_lists_of_files(listed):
    data = listed([HEADER, row("689/a.jpg", 1), row("12/b.png", 7)], [row("689/c.jpg", 0)])
    happy, contempt, neutral = data.records()
    assert happy.file == "Manually_Annotated_Images/689/a.jpg"
    assert [record.expression for record in (happy, contempt, neutral)] == ["happiness", "contempt", "neutral"]
    assert [record.split for record in (happy, contempt, neutral)] == ["train", "train", "test"]
    assert happy.box == (10, 20, 110, 140)
    assert happy.subject is None
    np.testing.assert_array_equal(happy.landmarks, POINTS)


def test_every_label_in_the_order_of_the_set(listed):
    records = listed([HEADER, *(row("689/a.jpg", label) for label in range(8))], []).records()
    shown = "neutral happiness sadness surprise fear disgust anger contempt"
    assert [record.expression for record in records] == shown.split()


@pytest.mark.parametrize("pictures", ["any name", "."])
def test_the_folder_of_the_pictures_is_found(pictures, listed):
    (record,) = listed([HEADER, row("689/a.jpg", 1)], [], pictures).records()
    assert record.file == ("689/a.jpg" if pictures == "." else "any name/689/a.jpg")


def test_what_is_no_expression_is_left_out_and_counted(listed):
    lines = [HEADER, row("689/a.jpg", 1), row("689/b.jpg", 8), row("689/c.jpg", 10, landmarks=""), row("689/d.jpg", 8)]
    with pytest.warns(UserWarning, match=r"training\.csv that are no expressions.*: 'none: 2', 'no face: 1'"):
        assert len(list(listed(lines, []).records())) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row("689/b.jpg", 11), r"'11' is no label.*0 \(neutral\)"),
        (row("689/b.jpg", "happy"), "'happy' is no label"),
        (row("689/b.jpg", 1, landmarks="1;2"), "68 landmarks are 136 finite numbers; there are 2"),
        (row("689/b.jpg", 1, box="a,b,c,d"), "box is not four numbers"),
        ("689/b.jpg,1", "has 2 columns, not 9: subDirectory_filePath"),
    ],
)
def test_rows_that_cannot_be(line, message, listed):
    with pytest.raises(DataError, match=rf"training\.csv, line 3.*{message}"):
        list(listed([HEADER, row("689/a.jpg", 1), line], []).records())


def test_arrays_beside_the_pictures(annotated):
    records = list(annotated().records())
    assert [record.file for record in records[:3]] == [f"train_set/images/{number}.jpg" for number in (0, 9, 10)]
    assert [record.split for record in records] == ["train"] * 3 + ["test"] * 3
    assert [record.expression for record in records[:3]] == ["neutral", "happiness", "sadness"]
    np.testing.assert_array_equal(records[1].landmarks, POINTS + 9)


@pytest.mark.parametrize("label", [np.array(3), np.array([3]), np.array("3"), np.int64(3)])
def test_labels_as_numbers_or_texts(label, annotated):
    assert {record.expression for record in annotated(exp=label).records()} == {"surprise"}


def test_arrays_that_need_unpickling_are_refused(annotated):
    with pytest.raises(DataError, match=r"0_exp\.npy cannot be read: .*neither numbers nor texts"):
        list(annotated(exp=np.array([{"a": 1}], dtype=object)).records())


@pytest.mark.parametrize("content", [b"", b"not an array"])
def test_damaged_arrays_are_named(content, annotated, tmp_path):
    data = annotated()
    tmp_path.joinpath("val_set/annotations/9_lnd.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"val_set/annotations/9_lnd\.npy cannot be read"):
        list(data.records())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"exp": np.array("12")}, r"0_exp\.npy: '12' is no label"),
        ({"lnd": POINTS[:67]}, r"0_lnd\.npy: 68 landmarks .* there are 134"),
        ({"lnd": np.full(136, np.nan)}, "0 of them finite"),
    ],
)
def test_annotations_that_cannot_be(arrays, message, annotated):
    with pytest.raises(DataError, match=message):
        list(annotated(**arrays).records())


def test_what_is_missing_is_named(tmp_path, listed):
    with pytest.raises(DataError, match="holds neither Manually_Annotated_file_lists nor train_set and val_set"):
        list(AffectNet(tmp_path).records())
    touch(tmp_path, "half/train_set/images/0.jpg")
    with pytest.raises(DataError, match=r"0_exp\.npy cannot be read"):
        list(AffectNet(tmp_path / "half").records())
    data = listed([HEADER, row("690/a.jpg", 1)], [])
    with pytest.raises(DataError, match=r"the lists name '690/a\.jpg', but neither .* holds 690"):
        list(data.records())
    tmp_path.joinpath("Manually_Annotated_file_lists/training.csv").unlink()
    with pytest.raises(DataError, match=r"The list of labels .*training\.csv is missing"):
        list(data.records())


def test_contempt_is_there_for_those_who_ask(tmp_path):
    assert AffectNet(tmp_path).expressions == EXPRESSIONS
    assert len(AffectNet(tmp_path, expressions=AffectNet.VOCABULARY).expressions) == 8


def test_a_part_of_the_set_is_noticed(listed):
    with pytest.warns(UserWarning, match=r"AffectNet has 414,799 pictures in training\.csv; under .* there are 1"):
        list(listed([HEADER, row("689/a.jpg", 1)], []).records())
