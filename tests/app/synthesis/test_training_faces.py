"""Synthetic sets of a run's own training people: who is on them, and that the guard against leaks knows it."""

import csv

import numpy as np
import pytest
import yaml
from cartoon_faces import EXPRESSIONS as CARTOONS
from cartoon_faces import CartoonFaces
from listed_faces import ListedFaces, write_listed
from picture_trees import write_picture
from tiny_generator import full_method

from geofer.app.synthesis.generation import load_generator
from geofer.app.synthesis.synthetic_set import write_synthetic_set
from geofer.app.synthesis.training_faces import training_faces
from geofer.cli import main
from geofer.datamodules import CrossDataSet, FaceTable
from geofer.datamodules.preparation.config import Preparation
from geofer.errors import CheckpointError, DataError, LeakError


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return full_method(tmp_path_factory.mktemp("full") / "checkpoints" / "best.ckpt")


@pytest.fixture
def model(checkpoint):
    return load_generator(checkpoint)


def listed(rendered_pictures, root, crop="tight", subject=True):
    """A data set of two rendered people who train, one who validates, and one who is tested on."""
    records = write_listed(root, rendered_pictures)
    split_of = {"p0": "train", "p1": "train", "p2": "val", "p3": "test"}
    told = [
        type(record)(
            **{**vars(record), "split": split_of[record.subject], "subject": record.subject if subject else None}
        )
        for record in records
    ]
    data = ListedFaces(root, told, {"crop": crop})
    data.prepare_data()
    data.setup()
    return data


def rows_of(folder):
    with (folder / "faces.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_faces_are_those_that_were_trained_on(rendered_pictures, tmp_path, model):
    data = listed(rendered_pictures, tmp_path / "photos")
    found = list(training_faces(data, model))
    trained = data.faces("train")
    assert len(found) == len(trained) == 28
    assert {source.subject for source, _ in found} == {"ListedFaces/p0", "ListedFaces/p1"}
    assert all(source.file.startswith(source.subject.removeprefix("ListedFaces/") + "/") for source, _ in found)
    assert {source.split for source, _ in found} == {"train"}
    for number in (0, 13, 27):
        face = found[number][1]
        np.testing.assert_array_equal(face.crop, trained.images(np.array([number]))[0].permute(1, 2, 0).numpy())
        np.testing.assert_array_equal(face.landmarks, trained.table.landmarks[number])
        assert face.pose[0] == pytest.approx(trained.table.yaw[number], abs=8)


def test_who_was_synthesized_cannot_be_tested_on(rendered_pictures, tmp_path, model):
    data = listed(rendered_pictures, tmp_path / "photos")
    first = [pair for pair in training_faces(data, model)][::7]
    assert write_synthetic_set(tmp_path / "made", model, first, per_face=1, seed=0) == 4
    rows = rows_of(tmp_path / "made")
    assert {row["subject"] for row in rows} == {"ListedFaces/p0", "ListedFaces/p1"}
    how = Preparation(detector="none", crop="tight", folder=tmp_path / "cache", workers=1)
    made = FaceTable(tmp_path / "made", table="faces.csv", preparation=how, batch_size=4, val_fraction=0)
    both = CrossDataSet(made, data, test_faces="all")
    both.prepare_data()
    with pytest.raises(LeakError, match=r"2 subject\(s\).*ListedFaces/p0 \(test, train\)"):
        both.setup("test")
    CrossDataSet(made, data, test_faces="test").setup("test")  # who is neither p0 nor p1


def test_the_landmarks_of_the_table_give_the_same_crops_again(rendered_pictures, tmp_path, model):
    data = listed(rendered_pictures, tmp_path / "photos")
    write_synthetic_set(tmp_path / "made", model, list(training_faces(data, model))[:3], per_face=2, seed=0)
    stores = []
    for crop in ("tight", "none"):
        how = Preparation(detector="none", crop=crop, folder=tmp_path / crop, workers=1)
        made = FaceTable(tmp_path / "made", table="faces.csv", preparation=how, batch_size=4)
        made.prepare_data()
        stores.append(made.open_store())
    crops = [store.pictures.gather(np.arange(6)).astype(int) for store in stores]
    assert np.abs(crops[0] - crops[1]).max() <= 1


def test_people_without_a_name_are_called_by_their_number(tmp_path):
    model = load_generator(full_method(tmp_path / "best.ckpt", 32, CARTOONS, crop="tight"))
    data = CartoonFaces(people=2, takes=1, seed=5)
    data.setup()
    found = [source for source, _ in training_faces(data, model)]
    assert {source.subject for source in found} == {"CartoonFaces-5/0", "CartoonFaces-5/1"}
    assert len({source.file for source in found}) == len(found) == 18


def test_faces_that_the_generator_does_not_know_are_refused(rendered_pictures, tmp_path, model):
    paper = listed(rendered_pictures[::4], tmp_path / "a" / "photos", crop="ibug-similarity")
    with pytest.raises(CheckpointError, match="'tight', but these are cropped by 'ibug-similarity'"):
        training_faces(paper, model)
    small = CartoonFaces(people=2, takes=1)
    small.setup()
    with pytest.raises(DataError, match="have 32 pixels, and the model takes 64"):
        training_faces(small, model)
    with pytest.warns(UserWarning, match="does not say whom"):
        nameless = listed(rendered_pictures[::4], tmp_path / "b" / "photos", subject=False)
    with pytest.raises(DataError, match="does not say who is on p0/"):
        training_faces(nameless, model)


@pytest.fixture
def run(rendered_pictures, tmp_path, checkpoint):
    """A run's folder, whose data are a table of photographs with a movie each."""
    lines = [["path", "expression", "subject", "group", "split", *(f"{a}{p}" for p in range(68) for a in "xy")]]
    for number, face in enumerate(rendered_pictures[::6]):
        write_picture(tmp_path / "photos" / f"{number}.png", face.pixels)
        side = {0: "train", 1: "train", 2: "val", 3: "test"}[face.subject]
        points = face.landmarks.ravel().tolist()
        lines.append([f"{number}.png", face.expression, f"s{face.subject}", f"movie{face.subject}", side, *points])
    with (tmp_path / "photos" / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    how = {"detector": "none", "folder": str(tmp_path / "cache"), "workers": 1}
    table = {"root": str(tmp_path / "photos"), "table": "table.csv", "preparation": how, "batch_size": 2}
    data = {"class_path": "geofer.datamodules.FaceTable", "init_args": table}
    folder = tmp_path / "run"
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "checkpoints" / "best.ckpt").write_bytes(checkpoint.read_bytes())
    model = {"class_path": "geofer.modules.GeometryGuidedFER"}
    (folder / "config.yaml").write_text(yaml.safe_dump({"data": data, "model": model}))
    return folder


def test_without_a_face_the_runs_own_people_are_taken(run, tmp_path, capsys):
    output = tmp_path / "made"
    arguments = ["--checkpoint", str(run), "--export-dataset", str(output), "--per-face", "2"]
    assert main(["synthesize", *arguments]) == 0
    rows = rows_of(output)
    assert {(row["subject"], row["group"], row["split"]) for row in rows} == {
        ("s0", "movie0", "train"),
        ("s1", "movie1", "train"),
    }
    assert {row["source"] for row in rows} <= {f"{number}.png" for number in range(10)}
    assert "--data.preparation.crop tight" in capsys.readouterr().out


def test_what_was_trained_on_must_be_told(run, tmp_path, checkpoint, capsys):
    made = str(tmp_path / "made")
    given = ["synthesize", "--checkpoint", str(run / "checkpoints" / "best.ckpt")]
    assert main([*given, "--export-dataset", made]) == 2
    assert "name FACE, a run's folder, or --config" in capsys.readouterr().err
    assert main([*given, "--export-dataset", made, "--config", str(run / "config.yaml"), "--per-face", "1"]) == 0
    assert {row["subject"] for row in rows_of(tmp_path / "made")} == {"s0", "s1"}
    assert main([*given, "face.png", "--config", str(run / "config.yaml")]) == 2
    assert "--config is for --export-dataset without FACE" in capsys.readouterr().err
    assert main([*given, "--yaw", "3", "--output", "a.png"]) == 2
    assert "There is no FACE" in capsys.readouterr().err
