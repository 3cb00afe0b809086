"""Tables and trees of anybody's pictures: what they may hold, and what is refused by name."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from picture_trees import write_picture

from geofer.datamodules import KDEF, FaceTable
from geofer.datamodules.datasets.expression_words import NUMBERINGS
from geofer.datamodules.layouts.table_columns import LANDMARK_COLUMNS
from geofer.errors import AssumptionWarning, ConfigError, DataError

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
        ("which,expression\na.png,fear\n", r"faces\.csv has no column 'path', .*its columns are which, expression"),
        ("", r"faces\.csv has no column 'path', .*its columns are none"),
        ("pathh,expression\na.png,fear\n", r"Did you mean 'pathh' to be that\?"),
        ("path,emoton\na.png,fear\n", r"no column 'expression'.*Did you mean 'emoton' to be that\?"),
        ("image,file,label\na,b,fear\n", r"'image' and 'file' could both be the column 'path'"),
        ("path,label\na.png,suprise\n", r"'suprise' is no known expression.*Did you mean surprise\?"),
        ("path,label\na.png,3\n", r"the label is the number 3\. Say with `labels`.*raf-db"),
        ("path,expression,yaw\na.png,fear,999\n", r"line 2: yaw is 999; degrees are from -180 to 180"),
        ("path,expression,yaw\na.png,fear,-inf\n", r"line 2: yaw is -inf; degrees are"),
        ("path,expression,pitch\na.png,fear,91\n", r"line 2: pitch is 91; degrees are from -90 to 90"),
        ("path,expression,left,top,right,bottom\na.png,fear,1,2,inf,4\n", r"line 2: the box 1\.0.* is empty"),
        (b"PK\x03\x04\x14\x00", r"faces\.csv is a spreadsheet or a zip archive; save the table as CSV"),
        (b"\x1f\x8b\x08", r"faces\.csv is compressed; unpack it first"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", r"is a spreadsheet of Excel; save it as CSV"),
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
        (b"path,expression\n\xff.png,fear\n", r"faces\.csv is no text in UTF-8: byte 16 is 0xff\. Save"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        records(tmp_path, text)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (pa.array([2**30, 1], pa.date32()), "cannot be read as a Parquet file"),
        (pa.DictionaryArray.from_arrays(pa.array([0, 0]), ["a" * 200_000]), "a text of 200000 bytes"),
    ],
)
def test_odd_columns_of_a_parquet_file_are_told(tmp_path, path, told):
    pq.write_table(pa.table({"path": path, "expression": ["anger"] * 2}), tmp_path / "faces.parquet")
    with pytest.raises(DataError, match=rf"faces\.parquet {told}|faces\.parquet cannot be .*{told}"):
        list(FaceTable(tmp_path, table="faces.parquet").records())


def test_a_first_line_without_an_end_is_told(tmp_path):
    (tmp_path / "faces.csv").write_text("x" * 2_000_000 + ",expression\n")
    with pytest.raises(DataError, match="first line cannot be taken apart"):
        list(FaceTable(tmp_path, table="faces.csv").records())


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


ROWS = [("a.png", "Happy", "-30.5"), ("b.png", "fear", ""), ("c.png", "neutrality", "12")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "header",
    [
        ("path", "expression", "yaw"),
        ("Path", "Expression", "Yaw"),
        ("image_path", "label", "yaw"),
        ("Image Path", "emotion", "yaw"),
        ("img-name", "class", "head_yaw"),
        ("filename", "category", "YAW"),
        ("subDirectory_filePath", "expression", "yaw"),
    ],
)
def test_common_separators_and_names_of_columns(tmp_path, separator, header):
    found = records(tmp_path, "\n".join(separator.join(row) for row in (header, *ROWS)))
    assert [(record.file, record.expression) for record in found] == [
        *(("a.png", "happiness"), ("b.png", "fear"), ("c.png", "neutral")),
    ]
    assert [record.yaw for record in found][::2] == [-30.5, 12]
    assert np.isnan(found[1].yaw)


def test_tables_as_spreadsheets_write_them(tmp_path):
    """A decimal comma, blank lines, empty cells at the end, and Excel's UTF-16."""
    rows = ["path;expression;yaw;note", "ä.png;fear;12,5;", "", "   ", ";;;", "b.png;joy;;;;"]
    expected = [("ä.png", "fear"), ("b.png", "happiness")]
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        found = records(tmp_path, "\r\n".join(rows).encode(encoding))
        assert [(record.file, record.expression) for record in found] == expected
        assert found[0].yaw == 12.5


def test_a_column_that_is_named_right_counts_before_others(tmp_path):
    found = records(tmp_path, "label,expression,file,path,image\n3,fear,no.png,a.png,no.png\n")
    assert [(record.file, record.expression) for record in found] == [("a.png", "fear")]


@pytest.mark.parametrize("name", ["a/b.png", "a//b.png", "./a/b.png", "a/../a/b.png", "a\\b.png", "ROOT/a/b.png"])
def test_every_path_into_the_folder_is_the_same_picture(tmp_path, name):
    (record,) = records(tmp_path, f"path,expression\n{name.replace('ROOT', str(tmp_path))},fear\n")
    assert record.file == "a/b.png"


def test_a_parquet_file_is_known_by_its_content_and_its_columns_by_common_names(tmp_path):
    table = pa.table({"image": ["a.png"], "emotion": [3], "xmin": [1], "ymin": [2], "xmax": [5], "ymax": [6]})
    pq.write_table(table, tmp_path / "faces.dat")
    (record,) = FaceTable(tmp_path, table="faces.dat", labels="fer2013").records()
    assert (record.file, record.expression, record.box) == ("a.png", "happiness", (1, 2, 5, 6))


@pytest.mark.parametrize(
    ("labels", "written", "expected"),
    [
        ("raf-db", "1 2 3 4 5 6 7", "surprise fear disgust happiness sadness anger neutral"),
        ("affectnet", "0 1 2 3 4 5 6 7", "neutral happiness sadness surprise fear disgust anger contempt"),
        ("fer2013", "0 1 2 3 4 5 6", "anger disgust fear happiness sadness surprise neutral"),
        ("ferplus", "0 1 2 3 4 5 6 7", "neutral happiness surprise sadness anger disgust fear contempt"),
        ("kdef", "AF AN DI HA NE SA SU", "fear anger disgust happiness neutral sadness surprise"),
        ({"0": "Happy", 1: "sad"}, "0 1 1.0 fear", "happiness sadness sadness fear"),
        ({"pos": "joy"}, "pos Joy 0_anger", "happiness happiness anger"),
        (None, "0_anger 1-Happy 2.sad 03\u00a0fear", "anger happiness sadness fear"),
    ],
)
def test_labels_that_are_numbers(tmp_path, labels, written, expected):
    table = "path,label\n" + "".join(f"a.png,{label}\n" for label in written.split(" "))
    assert [record.expression for record in records(tmp_path, table, labels=labels)] == expected.split()
    root = tree(tmp_path / "tree", *(f"{label}/a.png" for label in written.split(" ")))
    found = {record.file: record.expression for record in FaceTable(root, labels=labels).records()}
    assert found == {f"{label}/a.png": name for label, name in zip(written.split(" "), expected.split(), strict=True)}


def test_numberings_are_those_of_the_data_sets():
    from geofer.datamodules.datasets.fer2013 import VOTED

    assert list(NUMBERINGS["ferplus"].values()) == list(VOTED[:8])
    assert {name for codes in NUMBERINGS.values() for name in codes.values()} == set(FaceTable.VOCABULARY)


def test_labels_that_cannot_be(tmp_path):
    with pytest.raises(ConfigError, match=r"labels is 'rafdb'; choose .*Did you mean raf-db\?"):
        FaceTable(tmp_path, labels="rafdb")
    with pytest.raises(ConfigError, match=r"'0' stands for 'hapiness', which is no .*Did you mean happiness\?"):
        FaceTable(tmp_path, labels={"0": "hapiness"})
    with pytest.raises(DataError, match=r"line 2: '0' is no label of raf-db, and no known expression: 1 \(surprise\)"):
        records(tmp_path, "path,label\na.png,0\n", labels="raf-db")
    with pytest.raises(ConfigError, match=r"KDEF has no expression 'Suprise'; .* Did you mean surprise\?"):
        KDEF(tmp_path, expressions=("Suprise",))


def test_a_tree_has_pictures_of_every_ending_and_what_is_none_is_counted(tmp_path, rendered_pictures, capsys):
    from PIL import Image

    from geofer.datamodules.preparation.config import Preparation

    shown = {"anger": [], "fear": []}
    for face in rendered_pictures:
        shown.get(face.expression, []).append(Image.fromarray(face.pixels))
    kinds = {".jfif": "JPEG", ".jpe": "JPEG", ".PGM": "PPM", ".avif": "AVIF", "": "PNG", ".png": "PNG"}
    for name, faces in {**shown, "contempt": shown["fear"][::-1]}.items():
        folder = tmp_path / "set" / name
        folder.mkdir(parents=True)
        for number, ((ending, kind), face) in enumerate(zip(kinds.items(), faces, strict=False)):
            face.save(folder / f"{number}{ending}", kind)
    for name in ("anger/notes.txt", "anger/film.mp4", "Thumbs.db", ".DS_Store", "fear/LICENSE"):
        (tmp_path / "set" / name).write_text("no picture")
    how = Preparation(detector="mediapipe", folder=tmp_path / "cache", workers=1)
    data = FaceTable(tmp_path / "set", preparation=how, batch_size=2)
    records = list(data.records())
    assert len(records) == 18
    data.prepare_data()
    told = capsys.readouterr().out
    assert "of 18 pictures were skipped" in told
    assert "4 other files are no pictures: " in told
    assert "1 .txt" in told
    assert "1 without an ending" in told
    assert " show contempt" in told
    with pytest.warns(AssumptionWarning, match="shows disgust or happiness or neutral or sadness or surprise, so that"):
        data.setup("fit")
    (tmp_path / "one" / "fear").mkdir(parents=True)
    for number, face in enumerate(shown["fear"]):
        face.save(tmp_path / "one" / "fear" / f"{number}.png")
    single = FaceTable(tmp_path / "one", preparation=how, batch_size=2)
    single.prepare_data()
    with pytest.raises(DataError, match="Every training face of FaceTable shows fear"):
        single.setup("fit")


def test_a_name_may_hold_any_character(tmp_path):
    """None is parted at one: a picture called ``a#1.png`` that changes is another picture."""
    odd = ("a#1.png", "a;b.png", "a,b.png", "a|b#?.png", "a=%20.png")
    root = tree(tmp_path, *(f"fear/{name}" for name in odd), *(f"anger/{name}" for name in odd))
    before = FaceTable(root)
    assert {record.file for record in before.records()} == {
        f"{kind}/{name}" for kind in ("fear", "anger") for name in odd
    }
    folder = before.folder
    for name in odd:
        os.utime(root / "fear" / name, (1, 1))
        changed = FaceTable(root).folder
        assert changed != folder
        folder = changed


def test_expressions_may_be_those_of_the_folders(tmp_path):
    for folder in ("train/Bored", "train/0_happy", "test/Bored"):
        write_picture(tmp_path / folder / "a.png", np.zeros((8, 8, 3), np.uint8))
    data = FaceTable(tmp_path, expressions=None)
    assert data.expressions == ("Bored", "happiness")
    assert [(record.expression, record.split) for record in data.records()] == [
        ("Bored", "test"),
        ("happiness", "train"),
        ("Bored", "train"),
    ]
    with pytest.raises(ConfigError, match="Name the `expressions` of a table"):
        FaceTable(tmp_path, expressions=None, table="faces.csv")
    with pytest.raises(DataError, match="has no folders"):
        FaceTable(tmp_path / "test" / "Bored", expressions=None)
