"""Tables and trees of anybody's pictures: what they may hold, and what is refused by name."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from picture_trees import write_picture

from geofer.datamodules import FaceTable
from geofer.datamodules.datasets.face_table import LANDMARK_COLUMNS
from geofer.errors import DataError

GRAY = np.full((8, 8, 3), 128, np.uint8)


def records(root: Path, text: bytes | str, name: str = "faces.csv", **settings):
    data = text if isinstance(text, bytes) else text.encode()
    root.joinpath(name).write_bytes(data)
    return list(FaceTable(root, table=name, **settings).records())


def test_carriage_returns_and_a_byte_order_mark_change_nothing(tmp_path):
    lines = ["path,expression,subject,yaw,split", "a b.png,Happy,Ann,-30,Training", '"c,d.png",fear,,,', ""]
    expected = records(tmp_path, "\n".join(lines))
    assert records(tmp_path, b"\xef\xbb\xbf" + "\r\n".join(lines).encode()) == expected
    first, second = expected
    assert (first.file, first.expression, first.subject, first.yaw, first.split) == (
        *("a b.png", "happiness", "Ann"),
        *(-30, "train"),
    )
    assert (second.file, second.subject, second.split, second.box) == ("c,d.png", None, None, None)
    assert np.isnan([first.pitch, second.yaw]).all()


def test_all_columns_are_read_in_any_order(tmp_path):
    points = np.arange(136) / 4
    header = ["bottom", "right", "top", "left", *reversed(LANDMARK_COLUMNS), "tags", "group", "expression", "path", "x"]
    cells = [40, 30, 20, 10, *points[::-1], "pose>30; pose>45", "film", "contempt", "a.png", "ignored"]
    (record,) = records(tmp_path, "\n".join([",".join(header), ",".join(map(str, cells))]))
    assert record.box == (10, 20, 30, 40)
    np.testing.assert_array_equal(record.landmarks, points.reshape(68, 2).astype(np.float32))
    assert (record.tags, record.group, record.expression) == (("pose>30", "pose>45"), "film", "contempt")


def test_parquet_is_read_like_csv(tmp_path):
    columns = {"path": ["a.png", "b.png"], "expression": ["sad", "anger"], "subject": [7, None], "yaw": [1.5, None]}
    pq.write_table(pa.table(columns), tmp_path / "faces.parquet")
    first, second = FaceTable(tmp_path, table="faces.parquet").records()
    assert (first.expression, first.subject, first.yaw) == ("sadness", "7", 1.5)
    assert second.subject is None
    assert np.isnan(second.yaw)


LANDMARKS = ",".join(LANDMARK_COLUMNS)
NUMBERS = ",".join(["1.5"] * 136)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,expression\na.png,fear\n", r"faces\.csv has no column 'path'; its columns are file, expression"),
        ("", r"faces\.csv has no column 'path'; its columns are none"),
        ("path,expression\na.png,boredom\n", r"faces\.csv, line 2: 'boredom' is no known expression.*add it"),
        ("path,expression\na.png,fear\nb.png,\n", r"line 3: column expression is empty"),
        ("path,expression\na.png,fear,3\n", r"line 2: 3 cells, but the first line names 2 columns"),
        ("path,expression\n../a.png,fear\n", r"line 2: \.\./a\.png leads out of"),
        ("path,expression\n/etc/a.png,fear\n", r"line 2: /etc/a\.png leads out of"),
        ("path,expression,split\na.png,fear,exam\n", r"line 2: 'exam' is no split"),
        ("path,expression,yaw\na.png,fear,left\n", r"line 2: yaw is 'left', which is no number"),
        ("path,expression,left,top\na.png,fear,1,2\n", r"2 of the 4 columns of a box; for example 'right'"),
        ("path,expression,left,top,right,bottom\na.png,fear,9,2,3,4\n", r"line 2: the box 9\.0.* is empty"),
        (f"path,expression,{LANDMARKS[:-8]}\na.png,fear,{NUMBERS[:-8]}\n", r"134 of the 136.*'x67' is missing"),
        (f"path,expression,{LANDMARKS}\na.png,fear,{NUMBERS[:-3]}nan\n", r"line 2.*135 of them finite"),
        (f"path,expression,{LANDMARKS}\na.png,fear,{NUMBERS[:-3]}\n", r"line 2: the landmarks are not numbers"),
        (b"path,expression\n\xff.png,fear\n", r"faces\.csv cannot be read"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        records(tmp_path, text)


def test_a_missing_or_broken_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv is missing"):
        list(FaceTable(tmp_path, table="none.csv").records())
    with pytest.raises(DataError, match=r"faces\.parquet cannot be read as a Parquet file"):
        records(tmp_path, "PAR1 no", "faces.parquet")


def test_own_expressions_are_a_vocabulary(tmp_path):
    text = "path,expression\na.png,Boredom\nb.png,joy\n"
    first, second = records(tmp_path, text, expressions=("boredom", "happiness"))
    assert (first.expression, second.expression) == ("boredom", "happiness")


def tree(root: Path, *files: str) -> Path:
    for file in files:
        write_picture(root / file, GRAY)
    return root


def test_class_folders_are_labels(tmp_path):
    root = tree(tmp_path, "Happy/b.png", "Happy/deep/a.jpg", "sadness/x.png", ".hidden/y.png")
    found = [(record.file, record.expression, record.split) for record in FaceTable(root).records()]
    assert found == [
        ("Happy/b.png", "happiness", None),
        ("Happy/deep/a.jpg", "happiness", None),
        ("sadness/x.png", "sadness", None),
    ]


def test_folders_above_the_classes_are_splits(tmp_path):
    root = tree(tmp_path, "train/fear/a.png", "Validation/fear/b.png", "test/anger/c.png")
    found = {record.file: (record.expression, record.split) for record in FaceTable(root).records()}
    assert found == {
        "train/fear/a.png": ("fear", "train"),
        "Validation/fear/b.png": ("fear", "val"),
        "test/anger/c.png": ("anger", "test"),
    }


def test_a_folder_without_pictures_and_one_that_is_no_expression_are_named(tmp_path):
    root = tree(tmp_path, "happy/a.png")
    root.joinpath("sad").mkdir()
    with pytest.raises(DataError, match=r"class folder .*sad holds no picture"):
        list(FaceTable(root).records())
    root.joinpath("sad").rename(root / "holidays")
    with pytest.raises(DataError, match=r"holidays: 'holidays' is no known expression"):
        list(FaceTable(root).records())
    with pytest.raises(DataError, match="no folders named after expressions"):
        list(FaceTable(root / "happy").records())
    with pytest.raises(DataError, match="is no folder"):
        list(FaceTable(root / "nowhere").records())


def test_a_link_out_of_the_tree_is_reported_not_read(tmp_path, rendered_pictures):
    from geofer.datamodules.preparation.config import Preparation

    outside = write_picture(tmp_path / "outside.png", GRAY)
    root = tree(tmp_path / "set", "fear/a.png")
    os.symlink(outside, root / "fear" / "link.png")
    data = FaceTable(root, preparation=Preparation(detector="none", folder=tmp_path / "cache", workers=1))
    with pytest.raises(DataError, match="2 of 2"):
        data.prepare_data()
    report = data.folder.joinpath("report.csv").read_text()
    assert "link.png" in report
    assert "leads out of" in report
