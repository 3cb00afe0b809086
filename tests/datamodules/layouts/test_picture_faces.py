"""From pictures to batches, on data sets that are a list of records."""

import csv
import os
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from listed_faces import ListedFaces, write_listed

from geofer.datamodules import FaceDataModule, PreparedFaces
from geofer.datamodules.preparation.index import FaceIndex
from geofer.errors import ConfigError, DataError, LeakError
from geofer.faces import EXPRESSIONS, denormalize_landmarks
from geofer.landmarks.alignment import Alignment, alignment_for

SPLITS = ("train", "val", "test")


@pytest.fixture(scope="module")
def written(tmp_path_factory, rendered_pictures):
    root = tmp_path_factory.mktemp("written")
    return root, write_listed(root, rendered_pictures)


@pytest.fixture
def listed(tmp_path, written):
    """A copy that a test may change, and its records."""
    root, records = written
    return shutil.copytree(root, tmp_path / "set"), records


def prepared(root, listed, **settings) -> ListedFaces:
    data = ListedFaces(root, listed, **settings)
    data.prepare_data()
    data.setup()
    return data


def rows_of(data: FaceDataModule) -> list[dict]:
    """The rows of its index."""
    return [row for batch in FaceIndex(str(data.folder)).read(ALL) for row in batch.to_pylist()]


ALL = ["file", "expression", "subject", "yaw", "pitch", "roll", "box", "slot", "alignment", "landmarks", "digest"]


def batches(data: FaceDataModule) -> list[dict[str, torch.Tensor]]:
    return [*data.train_dataloader(), *data.val_dataloader(), *data.test_dataloader()]


def test_batches_hold_crops_landmarks_and_labels_of_the_records(listed, rendered_pictures):
    data = prepared(*listed)
    rows, truth = rows_of(data), {r.file: f for r, f in zip(listed[1], rendered_pictures, strict=True)}
    assert [row["file"] for row in rows] == list(truth)
    store = data.store
    assert len(store.table) == len(rows)
    for row in (0, 17, len(rows) - 1):
        face = truth[rows[row]["file"]]
        alignment = alignment_for("tight", None, face.landmarks, face.pixels.shape, 64)
        np.testing.assert_array_equal(store.pictures.gather(np.array([row]))[0], alignment.apply(face.pixels))
        assert data.expressions[store.table.expression[row]] == rows[row]["expression"] == face.expression
        assert (store.table.yaw[row], store.table.pitch[row]) == (face.yaw, 0)
        kept = Alignment(np.reshape(rows[row]["alignment"], (2, 3)), 64)
        landmarks = denormalize_landmarks(torch.from_numpy(store.table.landmarks[[row]]), 64)[0].numpy()
        np.testing.assert_allclose(kept.to_picture(landmarks), face.landmarks, atol=1e-3)
        np.testing.assert_allclose(np.reshape(rows[row]["landmarks"], (68, 2)), face.landmarks)
        assert abs(rows[row]["roll"]) < 20
    assert sum(len(data.subjects(split)) for split in SPLITS) == 4


def test_pose_is_estimated_where_the_record_has_none(listed, rendered_pictures):
    root, records = listed
    data = prepared(root, [replace(record, yaw=np.nan) for record in records])
    away = data.store.table.yaw - [face.yaw for face in rendered_pictures]
    assert np.abs(away).max() < 12
    assert np.all(data.store.table.pitch == 0)


def test_pictures_without_a_usable_face_are_reported_and_the_others_kept(listed):
    root, records = listed
    odd = os.fsdecode(b"two\nlines \xff.png")
    root.joinpath(odd).write_bytes(b"no picture")
    nan = np.where(np.arange(136).reshape(68, 2) == 7, np.nan, records[2].landmarks).astype(np.float32)
    broken = [
        replace(records[0], file=odd),
        replace(records[1], file="=missing.png"),
        replace(records[2], landmarks=nan),
        replace(records[3], landmarks=records[3].landmarks[:67]),
        replace(records[4], landmarks=None),
    ]
    data = prepared(root, [*broken, *records])
    assert [row["slot"] for row in rows_of(data)] == list(range(5, 5 + len(records)))
    with data.folder.joinpath("report.csv").open(newline="") as file:
        reported = list(csv.DictReader(file))
    assert len(reported) == 5
    assert "\n" not in reported[0]["file"]
    assert reported[1]["file"] == "'=missing.png"
    for row, words in zip(
        reported, ("no picture", "does not exist", "NaN", "67 landmarks", "no landmarks"), strict=True
    ):
        assert words in row["reason"]
    with pytest.raises(DataError, match=r"two\\nlines"):
        ListedFaces(root, [*broken, *records], preparation={"on_error": "raise"}).prepare_data()


def test_mostly_unusable_pictures_are_an_error_every_time(listed):
    root, records = listed
    few = [replace(record, landmarks=None) for record in records[:3]] + records[3:5]
    data = ListedFaces(root, few)
    for _ in range(2):
        with pytest.raises(DataError, match=r"3 of 5 pictures gave no usable face.*report\.csv"):
            data.prepare_data()
    with pytest.raises(DataError, match=r"index\.parquet is missing"):
        data.setup()


def test_label_outside_the_vocabulary_names_the_file(listed):
    root, records = listed
    with pytest.raises(DataError, match=r"p0/000\.png is labeled 'boredom'"):
        ListedFaces(root, [replace(records[0], expression="boredom"), *records[1:]]).prepare_data()
    with pytest.raises(ConfigError, match="no expression 'boredom'"):
        ListedFaces(root, records, expressions=("neutral", "boredom"))


def test_a_cache_is_for_the_pictures_it_was_made_of(listed):
    root, records = listed
    folder = ListedFaces(root, records).folder
    assert ListedFaces(root, records, seed=5, expressions=("fear", "anger")).folder == folder
    others = [
        ListedFaces(root, records[1:]),
        ListedFaces(root, [replace(records[0], expression="fear"), *records[1:]]),
        ListedFaces(root, records, preparation={"crop": "none"}),
        ListedFaces(root, records, image_size=96),
    ]
    assert len({folder, *(other.folder for other in others)}) == 5
    moved = root.rename(root.with_name("moved"))
    assert ListedFaces(moved, records).folder == folder
    os.utime(moved / records[7].file, (1, 1))
    assert ListedFaces(moved, records).folder != folder


def test_expressions_that_are_not_asked_for_are_left_out(listed):
    data = prepared(*listed, expressions=("surprise", "anger"))
    assert len(data.store.table) == 4 * 2 * 2
    assert set(data.store.table.expression.tolist()) == {0, 1}
    faces = data.faces("train")
    wanted = [row for row in rows_of(data) if row["expression"] in data.expressions]
    assert [data.expressions[label] for label in data.store.table.expression] == [row["expression"] for row in wanted]
    picture = faces.images(np.arange(len(faces)))
    assert len(torch.unique(picture.flatten(1), dim=0)) == len(faces)


def test_processes_and_caches_change_no_batch(listed):
    pytest.importorskip("litdata")
    plain = prepared(*listed, seed=3)
    expected = batches(plain)
    parallel = {"folder": listed[0].parent / "parallel", "workers": 2}
    shards = prepared(*listed, seed=3, preparation={"cache": "litdata"})
    for data in (
        prepared(*listed, seed=3, preparation=parallel),
        shards,
        prepared(*listed, seed=3, num_workers=3, preparation={"cache": "litdata"}),
        alone(str(plain.folder), seed=3),
        alone(str(shards.folder), seed=3),
    ):
        for batch, other in zip(batches(data), expected, strict=True):
            assert batch.keys() == other.keys()
            assert all(torch.equal(batch[name], other[name]) for name in batch)
    assert not shards.folder.joinpath("pictures.npy").exists()


def alone(folder: str, **settings) -> PreparedFaces:
    data = PreparedFaces(folder, **({"batch_size": 4} | settings))
    data.setup()
    assert (data.expressions, data.image_size) == (EXPRESSIONS, 64)
    return data


def test_shards_of_anything_but_crops_are_refused(listed):
    pytest.importorskip("litdata")
    data = prepared(*listed, preparation={"cache": "litdata"})
    index = data.folder / "shards" / "index.json"
    index.write_text(index.read_text().replace('["bytes"]', '["pickle"]'))
    with pytest.raises(DataError, match="was not written by geofer"):
        alone(str(data.folder))


@pytest.mark.parametrize("name", ["index.parquet", "pictures.npy", "landmarks.npy"])
def test_a_damaged_cache_is_an_error_that_names_the_file(listed, name):
    data = prepared(*listed)
    path = data.folder / name
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=name):
        ListedFaces(*listed).setup()


def test_faces_of_unknown_people_are_pairs_of_themselves(listed):
    root, records = listed
    with pytest.warns(UserWarning, match="self-pairs"):
        data = prepared(root, [replace(record, subject=None) for record in records])
    assert [len(data.subjects(split)) for split in SPLITS] == [39, 6, 11]
    for batch in data.train_dataloader():
        assert torch.equal(batch["image"], batch["target_image"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data.setup("test")


def test_tags_reach_the_batch_as_bits(listed):
    root, records = listed
    tagged = [
        replace(record, tags=tuple(f"yaw>{limit}" for limit in (10, 20) if abs(record.yaw) > limit))
        for record in records
    ]
    data = prepared(root, tagged)
    batch = data.faces("test").batch(np.arange(4), np.random.default_rng(0))
    for bits, yaw in zip(batch["tags"].tolist(), batch["yaw"].tolist(), strict=True):
        assert {tag for bit, tag in enumerate(data.tags) if bits >> bit & 1} == {
            f"yaw>{limit}" for limit in (10, 20) if abs(yaw) > limit
        }


def test_a_repeated_picture_is_refused_or_stays_in_the_test_alone(listed, rendered_pictures):
    root, records = listed
    splits = {"p0": "test", "p1": "val", "p2": "train", "p3": "train"}
    records = [replace(record, split=splits[record.subject]) for record in records]
    copy = replace(records[-1], file="copy.png")
    root.joinpath("copy.png").write_bytes(root.joinpath(records[0].file).read_bytes())
    with pytest.raises(LeakError, match=r"copy\.png.*repeated_pictures: drop"):
        prepared(root, [*records, copy])
    data = prepared(root, [*records, copy], repeated_pictures="drop")
    assert [len(data.faces(split)) for split in SPLITS] == [28, 14, 14]
