"""``geofer recognize``, as a user calls it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from geofer.app.result_table import columns
from geofer.cli import main
from geofer.cli.recognize import copy_paths
from geofer.faces import EXPRESSIONS

skimage_data = pytest.importorskip("skimage.data")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a face, a picture without one, and a text that calls itself a picture."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(skimage_data.astronaut()).save(folder / "astronaut.png")
    Image.new("RGB", (60, 60), "grey").save(folder / "grey.png")
    folder.joinpath("text.jpg").write_text("no picture")
    folder.joinpath("notes.txt").write_text("not even called one")
    return folder


def table(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table_in_which_nothing_is_lost(pictures, capsys):
    assert main(["recognize", "pictures", "--output", "faces.csv"]) == 0
    rows = table("faces.csv")
    assert list(rows[0]) == columns(EXPRESSIONS)
    assert [Path(row["file"]).name for row in rows] == ["astronaut.png", "grey.png", "text.jpg"]
    smile, grey, text = rows
    assert (smile["face"], smile["expression"], smile["error"]) == ("0", "happiness", "")
    assert sum(float(smile[name]) for name in EXPRESSIONS) == pytest.approx(1, abs=1e-4)
    assert float(smile["x0"]) < float(smile["x1"])
    assert 0 < float(smile["reliability"]) < 1
    assert grey["error"] == "no face was found"
    assert "damaged, or no picture" in text["error"]
    assert "2 of 3 pictures have no face" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["faces.csv", "faces.jsonl"])
def test_a_killed_table_is_gone_on_with(pictures, name, capsys):
    assert main(["recognize", "pictures", "--output", name]) == 0
    whole = Path(name).read_bytes()
    lines = whole.splitlines(keepends=True)
    Path(name).write_bytes(b"".join(lines[:-1]) + lines[-1][:9])
    assert main(["recognize", "pictures/text.jpg", "pictures", "--output", name]) == 1  # text.jpg alone was missing
    assert "2 of 3 pictures are in" in capsys.readouterr().out
    Path(name).write_bytes(b"".join(lines[:-1]) + lines[-1][:9])
    main(["recognize", "pictures", "--output", name])
    assert Path(name).read_bytes() == whole


def test_another_table_is_not_written_into(pictures, capsys):
    Path("faces.csv").write_text("name,age\nAda,36\n")
    assert main(["recognize", "pictures", "--output", "faces.csv"]) == 1
    assert "another table, with other columns" in capsys.readouterr().err
    assert Path("faces.csv").read_text() == "name,age\nAda,36\n"


def test_json_lines_and_parquet_hold_numbers(pictures):
    from pyarrow import parquet

    assert main(["recognize", "pictures", "--output", "faces.jsonl"]) == 0
    assert main(["recognize", "pictures", "--output", "faces.parquet"]) == 0
    lines = [json.loads(line) for line in Path("faces.jsonl").read_text().splitlines()]
    assert lines == parquet.read_table("faces.parquet").to_pylist()
    assert lines[0]["face"] == 0
    assert lines[1]["expression"] is None


def test_without_a_table_the_terminal_tells(pictures, capsys):
    assert main(["recognize", "pictures/astronaut.png"]) == 0
    line = capsys.readouterr().out
    assert "astronaut.png face 0: happiness" in line
    assert "of tests at this pose" in line


def test_annotated_copies_are_as_large_and_drawn_on(pictures):
    assert main(["recognize", "pictures/astronaut.png", "--annotate", "drawn"]) == 0
    drawn = Image.open("drawn/astronaut.png")
    assert drawn.size == (512, 512)
    assert (np.asarray(drawn) == (255, 208, 64)).all(axis=2).sum() > 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jpg"], "no such picture"),
        (["http://example.org/a.jpg"], "is an address"),
        (["pictures/text.jpg"], "Nothing was recognised"),
        (["pictures", "--output", "faces.xlsx"], "a table ends in .csv, .jsonl, .parquet"),
        (["pictures", "--checkpoint", "pictures/notes.txt"], "no safetensors file"),
        (["pictures", "--detector", "medapipe"], "Did you mean mediapipe"),
        ([], "PATH"),
    ],
)
def test_a_mistake_is_one_message(pictures, arguments, message, capsys):
    assert main(["recognize", *arguments]) in (1, 2)
    output = capsys.readouterr()
    assert message in output.err
    assert "Traceback" not in output.err


def test_copies_of_pictures_of_one_name_do_not_overwrite_each_other():
    pictures = [Path("a/face.jpg"), Path("b/Face.png"), Path("b/face-2.png"), Path("a/face.jpg")]
    copies = copy_paths(pictures, Path("drawn"))
    assert [copies[picture].name for picture in pictures] == ["face.png", "Face-2.png", "face-2-2.png", "face.png"]


def test_a_copy_never_overwrites_a_picture(pictures, capsys):
    before = Path("pictures/astronaut.png").read_bytes()
    assert main(["recognize", "pictures", "--annotate", "pictures/../pictures"]) == 2
    assert "the pictures themselves are there" in capsys.readouterr().err
    assert Path("pictures/astronaut.png").read_bytes() == before


def test_files_of_odd_names_are_found_again_in_the_table(pictures):
    pictures.joinpath("grey.png").rename(pictures / "two\nlines \u2028.png")
    for _ in range(2):
        assert main(["recognize", "pictures", "--output", "faces.csv"]) == 0
    assert len(table("faces.csv")) == 3
