import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from geofer.errors import ConfigError, DataError
from geofer.landmarks import build_detector
from geofer.landmarks.precomputed import COLUMNS, read_pts

PICTURE = np.zeros((300, 300, 3), np.uint8)


@pytest.fixture
def points(rendered_pictures):
    return np.stack([picture.landmarks for picture in rendered_pictures[:3]])


def table_of(points, names, **extra):
    columns = dict(zip(COLUMNS, points.reshape(len(points), -1).T, strict=True))
    return pa.table({"file": names, **extra, **columns})


def pts_of(points, count=68):
    rows = "".join(f"{x} {y}\n" for x, y in points)
    return f"version: 1\nn_points: {count}\n{{\n{rows}}}\n"


def look_up(path, *names):
    return build_detector("precomputed", path=path).detect([PICTURE] * len(names), names)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_looked_up_by_name(tmp_path, points, kind):
    path = tmp_path / f"points.{kind}"
    table = table_of(points, ["a/one.png", "two.png", "a/one.png"], remark=["x", "y", "z"])
    (csv.write_csv if kind == "csv" else parquet.write_table)(table, path)
    one, nobody, two = look_up(path, "a/one.png", "three.png", "two.png")
    assert [len(one), len(nobody), len(two)] == [2, 0, 1]
    np.testing.assert_allclose(two.landmarks[0], points[1], atol=1e-3)
    np.testing.assert_allclose(two.boxes[0], [*points[1].min(0), *points[1].max(0)], atol=1e-3)
    assert two.scores.tolist() == [1]
    assert np.isfinite(two.poses).all()


def test_the_index_of_geofer_prepare_is_a_table(tmp_path, points):
    lists = pa.array(points.reshape(3, -1).tolist(), pa.list_(pa.float32(), 136))
    parquet.write_table(pa.table({"file": ["a", "b", "c"], "landmarks": lists}), tmp_path / "index.parquet")
    (faces,) = look_up(tmp_path / "index.parquet", "b")
    np.testing.assert_array_equal(faces.landmarks[0], points[1])


def test_byte_order_mark_and_carriage_returns(tmp_path, points):
    csv.write_csv(table_of(points, ["a", "b", "c"]), tmp_path / "plain.csv")
    text = tmp_path.joinpath("plain.csv").read_bytes().replace(b"\n", b"\r\n").replace(b'"file"', b'"path"')
    tmp_path.joinpath("windows.csv").write_bytes(b"\xef\xbb\xbf" + text)
    (faces,) = look_up(tmp_path / "windows.csv", "c")
    np.testing.assert_allclose(faces.landmarks[0], points[2], atol=1e-3)


def test_pts_files_count_from_one(tmp_path, points):
    tmp_path.joinpath("set").mkdir()
    tmp_path.joinpath("set/face.v2.pts").write_text(pts_of(points[0] + 1))
    found, nobody = look_up(tmp_path, "set/face.v2.jpg", "set/other.jpg")
    np.testing.assert_allclose(found.landmarks[0], points[0], atol=1e-3)
    assert len(nobody) == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (lambda points: pts_of(points[:67]), r"\(67, 2\)"),
        (lambda points: pts_of(points).replace("}", ""), "no whole"),
        (lambda points: "", "no whole"),
        (lambda points: pts_of(np.where(np.arange(68)[:, None] == 5, np.nan, points)), r"landmarks \[5\] are NaN"),
        (lambda points: pts_of(points).replace("}", "1 2 3\n}"), "cannot be read"),
        (lambda points: pts_of(points).replace("}", "x y\n}"), "cannot be read"),
    ],
)
def test_damaged_pts_files_are_named(tmp_path, points, text, reason):
    path = tmp_path / "face.pts"
    path.write_text(text(points[0]))
    with pytest.raises(DataError, match=rf"face\.pts.*{reason}"):
        read_pts(path)


def test_binary_pts_file_is_named(tmp_path):
    tmp_path.joinpath("face.pts").write_bytes(b"\xff\xfe\x00{\x80}")
    with pytest.raises(DataError, match=r"face\.pts cannot be read"):
        look_up(tmp_path, "face.png")


def test_nothing_outside_the_folder_is_read(tmp_path, points):
    tmp_path.joinpath("inside").mkdir()
    tmp_path.joinpath("secret.pts").write_text(pts_of(points[0]))
    with pytest.raises(DataError, match="leads out of"):
        look_up(tmp_path / "inside", "../secret.png")
    tmp_path.joinpath("inside/link.pts").symlink_to(tmp_path / "secret.pts")
    with pytest.raises(DataError, match="leads out of"):
        look_up(tmp_path / "inside", "link.png")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_damaged_tables_are_named(tmp_path, points, kind):
    def refuse(table, reason):
        path = tmp_path / f"points.{kind}"
        (csv.write_csv if kind == "csv" else parquet.write_table)(table, path)
        with pytest.raises(DataError, match=rf"points\.{kind}.*{reason}"):
            build_detector("precomputed", path=path)

    table = table_of(points, ["a", "b", "c"])
    refuse(table.drop(["x67", "y67"]), "x67")
    refuse(table.drop(["file"]), "no column file or path")
    points[1, 9, 0] = np.nan
    refuse(table_of(points, ["a", "b", "c"]), r"b: landmarks \[9\] are NaN")
    refuse(table.set_column(5, "x2", pa.array(["1", "two", "3"])), "two")


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"file": [["a"], ["b"]]}, "names are of the type list"),
        ({"file": [1, 2]}, "names are of the type int64"),
        ({"landmarks": [["x"] * 136] * 2}, "could not convert"),
        ({"landmarks": [1, 2]}, "cannot be read as a table"),
    ],
)
def test_columns_of_other_types_are_refused(tmp_path, columns, reason):
    table = pa.table({"file": ["a", "b"], "landmarks": [[0.5] * 136] * 2} | columns)
    parquet.write_table(table, tmp_path / "points.parquet")
    with pytest.raises(DataError, match=rf"points\.parquet.*{reason}"):
        build_detector("precomputed", path=tmp_path / "points.parquet")


def test_names_may_be_of_every_kind_of_text(tmp_path, points):
    for number, kind in enumerate((pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string()))):
        path = tmp_path / f"{number}.parquet"
        parquet.write_table(table_of(points, pa.array(["a", "b", "a"]).cast(kind)), path)
        assert [len(faces) for faces in look_up(path, "a", "b", "c")] == [2, 1, 0]


def test_a_few_bytes_are_not_millions_of_faces(tmp_path):
    """A long name that repeats itself: 200 kB on the disk, gigabytes once it is read."""
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(500_000, np.int32)), ["a" * 10_000])
    table = pa.table({"file": names, "landmarks": pa.nulls(500_000, pa.list_(pa.float32()))})
    parquet.write_table(table, tmp_path / "points.parquet")
    with pytest.raises(DataError, match="tells of 500000 faces, and has"):
        build_detector("precomputed", path=tmp_path / "points.parquet")


def test_a_file_that_is_no_table(tmp_path):
    for name in ("points.parquet", "points.csv"):
        tmp_path.joinpath(name).write_bytes(b"\x00\x01garbage\xff")
        with pytest.raises(DataError, match=name):
            build_detector("precomputed", path=tmp_path / name)
    with pytest.raises(DataError, match=r"nowhere does not exist"):
        build_detector("precomputed", path=tmp_path / "nowhere")


def test_lists_of_67_landmarks(tmp_path):
    lists = pa.array([[0.5] * 136, [0.5] * 134])
    parquet.write_table(pa.table({"file": ["a", "b"], "landmarks": lists}), tmp_path / "index.parquet")
    with pytest.raises(DataError, match=r"index\.parquet, b: 136 numbers are needed; there are 134"):
        build_detector("precomputed", path=tmp_path / "index.parquet")


def test_pictures_without_names_cannot_be_looked_up(tmp_path):
    with pytest.raises(ConfigError, match="1 pictures came with 0 names"):
        build_detector("precomputed", path=tmp_path).detect([PICTURE])
