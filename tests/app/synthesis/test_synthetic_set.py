"""`geofer synthesize --export-dataset`: what is written, whose it is, and that training reads it."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from picture_trees import write_picture
from PIL import Image
from tiny_generator import EXPRESSIONS, full_method

from geofer.cli import main
from geofer.datamodules import FaceTable
from geofer.datamodules.preparation.config import Preparation
from geofer.errors import LeakError
from geofer.faces import normalize_landmarks
from geofer.landmarks import head_pose


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return full_method(tmp_path_factory.mktemp("full") / "best.ckpt")


@pytest.fixture
def photos(rendered_pictures, tmp_path):
    """Two pictures each of three people, in folders, as a table, and their landmarks."""
    faces = [face for person in range(3) for face in [f for f in rendered_pictures if f.subject == person][:2]]
    names = [f"person-{face.subject}/{number}.png" for number, face in enumerate(faces)]
    columns = ",".join(f"{axis}{point}" for point in range(68) for axis in "xy")
    lines, table = [f"file,{columns}"], ["path,expression,subject,split"]
    for name, face in zip(names, faces, strict=True):
        write_picture(tmp_path / "photos" / name, face.pixels)
        lines.append(f"{Path(name).name}," + ",".join(map(str, face.landmarks.ravel())))
        table.append(f"{name},{face.expression},{face.subject},{'test' if face.subject == 2 else 'train'}")
    (tmp_path / "landmarks.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "photos" / "table.csv").write_text("\n".join(table) + "\n")
    return tmp_path


def export(photos, checkpoint, source, name, *arguments):
    output, found = photos / name, photos / "landmarks.csv"
    given = ["--checkpoint", checkpoint, "--precomputed", found, "--export-dataset", output, *arguments]
    return main(["synthesize", str(photos / source), *map(str, given)]), output


def rows_of(folder):
    with (folder / "faces.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_face_is_labeled_and_keeps_its_person(photos, checkpoint):
    code, folder = export(photos, checkpoint, "photos", "set", "--per-face", 7)
    assert code == 0
    rows = rows_of(folder)
    assert len(rows) == 42
    assert sorted(path.name for path in folder.glob("*.png")) == [row["path"] for row in rows]
    assert {row["subject"] for row in rows} == {"person-0", "person-1", "person-2"}
    assert all(row["source"].startswith(row["subject"] + "/") for row in rows)
    assert [row["expression"] for row in rows[:7]] == list(EXPRESSIONS)
    for row in rows[::5]:
        points = np.array([[float(row[f"{axis}{point}"]) for axis in "xy"] for point in range(68)], np.float32)
        extent = np.ptp(normalize_landmarks(torch.from_numpy(points), 64).numpy(), axis=0).max()
        assert extent == pytest.approx(2 / 1.12, abs=0.01)
        assert head_pose(points)[0] == pytest.approx(float(row["yaw"]), abs=4)


def test_a_data_module_reads_it_and_splits_by_person(photos, checkpoint):
    _, folder = export(photos, checkpoint, "photos", "set", "--per-face", 3)
    preparation = Preparation(detector="none", crop="none", folder=photos / "cache", workers=1)
    data = FaceTable(folder, table="faces.csv", preparation=preparation, batch_size=4)
    data.prepare_data()
    data.setup()
    splits = [data.faces(split) for split in ("train", "val", "test")]
    people = [set(side.table.subject.tolist()) for side in splits]
    assert sum(len(side) for side in splits) == 18
    assert sum(map(len, people)) == 3
    first = rows_of(folder)[0]
    crops = np.concatenate(
        [side.images(np.arange(len(side))).permute(0, 2, 3, 1).numpy() for side in splits if len(side)]
    )
    assert (crops == np.asarray(Image.open(folder / first["path"]))).all(axis=(1, 2, 3)).any()


def test_nobody_who_is_tested_on_is_synthesized(photos, checkpoint):
    code, folder = export(photos, checkpoint, "photos/table.csv", "set", "--per-face", 2)
    assert code == 0
    rows = rows_of(folder)
    assert {row["subject"] for row in rows} == {"0", "1"}
    assert {row["split"] for row in rows} == {"train"}


def test_the_seed_decides(photos, checkpoint):
    sets = [
        export(photos, checkpoint, "photos", name, "--per-face", 1, "--seed", seed)[1]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    tables = [(folder / "faces.csv").read_text() for folder in sets]
    assert tables[0] == tables[1] != tables[2]


def test_pictures_without_a_face_are_told(photos, checkpoint, capsys, rendered_pictures):
    write_picture(photos / "photos" / "person-0" / "unknown.png", rendered_pictures[0].pixels)
    code, folder = export(photos, checkpoint, "photos", "set", "--per-face", 1)
    assert code == 0
    assert len(rows_of(folder)) == 6
    told = capsys.readouterr()
    assert "unknown.png: No face was found" in told.err
    assert "6 synthetic faces of 6 pictures" in told.out


def test_what_cannot_be_exported_is_told(photos, checkpoint, capsys, rendered_pictures):
    assert export(photos, checkpoint, "photos", "photos")[0] == 1
    assert "not empty" in capsys.readouterr().err
    assert export(photos, checkpoint, "photos", "set", "--yaw", 3)[0] == 2
    assert "leave out --yaw" in capsys.readouterr().err
    assert export(photos, checkpoint, "photos", "set", "--per-face", 0)[0] == 2
    write_picture(photos / "photos" / "loose.png", rendered_pictures[0].pixels)
    assert export(photos, checkpoint, "photos", "set")[0] == 1
    assert "who is on loose.png" in capsys.readouterr().err
    assert not (photos / "set").exists()


def test_a_person_must_not_be_tested_on_beside_their_synthetic_faces(photos, checkpoint):
    _, folder = export(photos, checkpoint, "photos/table.csv", "photos/synthetic", "--per-face", 1)
    real = "path,expression,subject,split\nperson-2/4.png,anger,2,val\nperson-0/0.png,anger,0,test\n"
    made = "".join(f"synthetic/{row['path']},{row['expression']},{row['subject']},train\n" for row in rows_of(folder))
    (photos / "photos" / "both.csv").write_text(real + made)
    found = Preparation("precomputed", {"path": str(photos / "all.csv")}, folder=photos / "cache", workers=1)
    with (photos / "landmarks.csv").open(newline="") as file:
        header, *lines = csv.reader(file)
    lines = [[f"person-{int(name[0]) // 2}/{name}", *points] for name, *points in lines]
    points = [f"{axis}{point}" for point in range(68) for axis in "xy"]
    lines += [[f"synthetic/{row['path']}", *(row[column] for column in points)] for row in rows_of(folder)]
    with (photos / "all.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *lines])
    data = FaceTable(photos / "photos", table="both.csv", preparation=found)
    data.prepare_data()
    with pytest.raises(LeakError, match="subject"):
        data.setup()
