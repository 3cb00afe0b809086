"""The index of faces: what comes back, from near and from afar, and what it costs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from listed_faces import ListedFaces, write_listed

from geofer.datamodules import PreparedFaces
from geofer.datamodules.preparation.index import METADATA_KEY, FaceIndex, IndexInfo, index_schema
from geofer.datamodules.preparation.opening import read_columns
from geofer.datamodules.preparation.shards import LitDataPictures
from geofer.errors import ConfigError, DataError

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "index_memory.py"
INFO = IndexInfo("Set", ("fear", "anger"), 64, "tight", "memory_map", 9)


def write(folder: Path, rows: list[dict], info: IndexInfo = INFO, row_group: int = 2) -> FaceIndex:
    empty = dict.fromkeys(index_schema().names)
    table = pa.Table.from_pylist([empty | row for row in rows], schema=index_schema(info))
    pq.write_table(table, folder / FaceIndex.NAME, row_group_size=row_group)
    return FaceIndex(str(folder))


ROWS = [
    {"file": f"{row}.png", "expression": name, "subject": person, "digest": f"{row:032x}", "slot": row, "tags": tags}
    for row, (name, person, tags) in enumerate(
        [("anger", "b", ["x"]), ("fear", None, []), ("anger", "a", ["y", "x"]), ("anger", "b", None), ("fear", "a", [])]
    )
]


def test_names_become_numbers_across_row_groups(tmp_path):
    columns = read_columns(write(tmp_path, ROWS))
    assert columns.names["expression"] == ["anger", "fear"]
    assert columns.numbers["expression"].tolist() == [0, 1, 0, 0, 1]
    assert columns.names["subject"] == ["b", "a"]
    assert columns.numbers["subject"].tolist() == [0, -1, 1, 0, 1]
    assert columns.names["tags"] == ["x", "y"]
    assert columns.numbers["tags"].tolist() == [1, 0, 3, 0, 0]
    assert columns.numbers["slot"].tolist() == [0, 1, 2, 3, 4]
    assert columns.names["group"] == []
    assert np.isnan(columns.numbers["yaw"]).all()


def test_files_and_expressions(tmp_path):
    index = write(tmp_path, ROWS)
    assert index.files(np.array([4, 0, 4])) == ["4.png", "0.png", "4.png"]
    assert index.expressions == ("fear", "anger")
    assert write(tmp_path, ROWS[2:4]).expressions == ("anger",)


def test_too_many_tags_are_refused(tmp_path):
    with pytest.raises(DataError, match="64 different tags"):
        read_columns(write(tmp_path, [ROWS[0] | {"tags": [f"tag {number}" for number in range(64)]}]))


def test_what_is_no_index_is_refused(tmp_path):
    for content in (None, b"PAR1", b"x" * 100):
        if content is not None:
            tmp_path.joinpath(FaceIndex.NAME).write_bytes(content)
        with pytest.raises(DataError, match=r"index\.parquet is missing, damaged"):
            FaceIndex(str(tmp_path))
    pq.write_table(pa.table({"file": ["a"]}), tmp_path / FaceIndex.NAME)
    with pytest.raises(DataError, match="no index"):
        FaceIndex(str(tmp_path))
    with pytest.raises(DataError, match="has format 99"):
        write(tmp_path, ROWS, IndexInfo(**(vars(INFO) | {"format": 99})))


def test_a_flipped_bit_in_the_faces_is_told(tmp_path, rendered_pictures):
    """Every bit of the pages counts; only the file's footer has no checksum."""
    root = tmp_path / "set"
    data = ListedFaces(root, write_listed(root, rendered_pictures[::4]))
    data.prepare_data()
    path = data.folder / FaceIndex.NAME
    whole = path.read_bytes()
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")

    def everything() -> list[dict]:
        return [row for batch in FaceIndex(str(data.folder)).read(index_schema().names) for row in batch.to_pylist()]

    good, told = everything(), 0
    for bit in np.random.default_rng(0).choice(8 * footer, 200, replace=False):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(flipped)
        try:
            assert repr(everything()) == repr(good)
        except DataError as error:
            told += FaceIndex.NAME in str(error)
    assert told > 150


@pytest.fixture
def far_faces(tmp_path, rendered_pictures):
    """Faces prepared for an object store."""
    pytest.importorskip("litdata")
    root = tmp_path / "set"
    data = ListedFaces(root, write_listed(root, rendered_pictures[::4]), preparation={"cache": "litdata"})
    data.prepare_data()
    return data


def test_an_address_is_read_like_a_folder(far_faces):
    near, far = PreparedFaces(str(far_faces.folder)), PreparedFaces(f"file://{far_faces.folder}")
    for data in (near, far):
        data.setup("fit")
    for split in ("train", "val"):
        rows = np.arange(len(near.faces(split)))
        one, other = (data.faces(split).batch(rows, np.random.default_rng(0)) for data in (near, far))
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_only_litdata_is_read_from_afar(tmp_path, rendered_pictures):
    root = tmp_path / "set"
    data = ListedFaces(root, write_listed(root, rendered_pictures[:8]))
    data.prepare_data()
    with pytest.raises(DataError, match="Prepare with cache: litdata"):
        PreparedFaces(f"file://{data.folder}").setup()


def test_missing_litdata_names_the_extra(far_faces, monkeypatch):
    monkeypatch.setitem(sys.modules, "litdata.streaming.dataset", None)
    with pytest.raises(ConfigError, match=r"geofer\[litdata\]"):
        PreparedFaces(str(far_faces.folder)).setup("fit")


def test_a_folder_without_shards_is_named(tmp_path):
    pytest.importorskip("litdata")
    with pytest.raises(DataError, match="holds no shards"):
        LitDataPictures(str(tmp_path), 14, 64)


def test_landmarks_and_crops_of_many_faces_stay_on_disk():
    """Landmarks alone take 544 bytes a face, crops 12,288."""
    command = [sys.executable, str(BENCHMARK), "100000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout.splitlines()[-1])
    held = measured["after"] - measured["before"] - measured["bank"]
    assert held < 25e6 + 300 * measured["faces"], measured


def _column(kind: pa.DataType, rows: int = 3) -> list:
    if pa.types.is_fixed_size_list(kind):
        return [[0.5] * kind.list_size] * rows
    if pa.types.is_list(kind):
        return [["pose>30"]] * rows
    return ["0123456789abcdef"] * rows if pa.types.is_string(kind) else [*range(rows)]


SAID = {"data_set": "KDEF", "vocabulary": ["a", "b"], "image_size": 32, "crop": "tight", "cache": "memory_map"}
SAID |= {"slots": 3, "format": 1}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"image_size": 0}, "crops of 0 pixels"),
        ({"image_size": 10**6}, "crops of 1000000 pixels"),
        ({"image_size": "x"}, r"index\.image_size is 'x'"),
        ({"slots": 10**12}, "1000000000000 crops"),
        ({"slots": 2}, "3 faces of 2 records"),
        ({"crop": "../../x"}, r"index\.crop is '\.\./\.\./x'"),
        ({"cache": {"class_path": "os.system"}}, r"index\.cache is a dict"),
        ({"vocabulary": ["a", "a"]}, "vocabulary name 'a' twice"),
        ({"vocabulary": ["\x1b[31m"]}, "not a name"),
        ({"data_set": "a\nb"}, r"index\.data_set is 'a\\nb'"),
        ({"more": 1}, r"index\.more is unknown"),
        ({"format": [1]}, "format a list"),
    ],
)
def test_what_an_index_says_of_itself_is_checked(tmp_path, said, told):
    columns = {field.name: _column(field.type) for field in index_schema()}
    schema = index_schema().with_metadata({METADATA_KEY: json.dumps({**SAID, **said}).encode()})
    pq.write_table(pa.table(columns, schema=schema), tmp_path / FaceIndex.NAME)
    with pytest.raises(DataError, match=told):
        FaceIndex(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("slot", [0, 1, -1], "crops that there are not"),
        ("slot", [0, 1, 3], "crops that there are not"),
        ("slot", ["0", "1", "2"], "column slot is of the type string"),
        ("digest", ["x", "y", "z"], "is damaged"),
        ("digest", [None, "0", "0"], "is damaged"),
        ("landmarks", [[0.5]] * 3, "column landmarks is of the type"),
        ("tags", [["a" * n for n in range(1, 80)]] * 3, "different tags"),
        ("digest", ["a" * 5000] * 3, "'digest' has a text of 5000 bytes"),
    ],
)
def test_columns_of_an_index_are_checked(tmp_path, name, values, told):
    columns = {field.name: _column(field.type) for field in index_schema()}
    schema = index_schema().with_metadata({METADATA_KEY: json.dumps(SAID).encode()})
    table = pa.table(columns, schema=schema)
    pq.write_table(table.set_column(table.column_names.index(name), name, pa.array(values)), tmp_path / FaceIndex.NAME)
    with pytest.raises(DataError, match=told):
        read_columns(FaceIndex(str(tmp_path)))
