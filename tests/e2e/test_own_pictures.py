"""Ordinary photographs in class folders: `geofer prepare` finds their faces, and `geofer fit` trains on them."""

import csv
import json
from pathlib import Path

import pytest
import skimage.data
import yaml
from picture_trees import write_picture

from geofer.cli import main
from geofer.datamodules.preparation.index import FaceIndex

CONFIG = Path(__file__).parents[2] / "configs" / "quickstart.yaml"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory, rendered_pictures) -> Path:
    """Rendered faces as JPEG files, a photograph with a face, one without, and a file that is none."""
    root = tmp_path_factory.mktemp("photographs")
    words = {"happiness": "happy", "sadness": "sad", "anger": "angry"}
    for number, face in enumerate(rendered_pictures):
        write_picture(root / words.get(face.expression, face.expression) / f"{number}.jpg", face.pixels)
    write_picture(root / "happy" / "astronaut.jpg", skimage.data.astronaut())
    write_picture(root / "neutral" / "coffee.png", skimage.data.coffee())
    root.joinpath("sad", "notes.jpg").write_text("no picture")
    return root


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("detector", ["mediapipe", "dlib"])
def test_prepare_and_fit(detector, photographs, tmp_path, capsys, monkeypatch):
    pytest.importorskip(detector)
    monkeypatch.chdir(tmp_path)
    assert main(["prepare", str(photographs), "--detector", detector, "--output", "faces", "--workers", "1"]) == 0
    (folder,) = Path("faces").iterdir()
    said = capsys.readouterr().out
    assert str(folder / "index.parquet") in said
    assert str(folder / "report.csv") in said
    index = FaceIndex(str(folder))
    files = [name for batch in index.read(["file"]) for name in batch["file"].to_pylist()]
    with folder.joinpath("report.csv").open(newline="") as file:
        skipped = {row["file"]: row["reason"] for row in csv.DictReader(file)}
    assert skipped.pop("neutral/coffee.png") == "No face was found."
    assert "no picture" in skipped.pop("sad/notes.jpg")
    assert "happy/astronaut.jpg" in files
    assert len(files) + len(skipped) == 57
    assert len(skipped) <= 2
    settings = {
        "data": "PreparedFaces",
        "data.root": folder,
        "data.batch_size": 8,
        "trainer.max_epochs": 1,
        "trainer.check_val_every_n_epoch": 1,
        "trainer.default_root_dir": "run",
    }
    assert main(["fit", "--config", str(CONFIG), *(f"--{name}={value}" for name, value in settings.items())]) == 0
    report = json.loads(Path("run/val_metrics.json").read_text())
    assert report["faces"] == 6
    assert Path("run/checkpoints/best.ckpt").exists()
    kept = yaml.safe_load(Path("run/config.yaml").read_text())["data"]
    assert kept["class_path"].endswith("PreparedFaces")


def test_mistakes_are_one_message(tmp_path, capsys):
    assert main(["prepare", str(tmp_path / "nowhere")]) == 1
    assert "There is no" in capsys.readouterr().err
    assert main(["prepare", str(tmp_path), "--crop", "tigth"]) == 2
    assert "tigth" in capsys.readouterr().err
    assert main(["prepare", str(tmp_path), "--imagesize", "64"]) == 2
    assert "imagesize" in capsys.readouterr().err
    assert main(["prepare", str(tmp_path), "--detector", "none"]) == 1
    assert "no folders named after expressions" in capsys.readouterr().err
