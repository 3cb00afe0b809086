"""``geofer recognize``, as a user calls it."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from video_files import cut_off, write_video

from geofer.app.recognition.result_table import columns, table_writer
from geofer.cli import main
from geofer.cli.recognize_files import copy_paths
from geofer.errors import DataError
from geofer.faces import EXPRESSIONS
from geofer.videos import read_video

skimage_data = pytest.importorskip("skimage.data")


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a face, a picture without one, and a text that calls itself a picture."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(skimage_data.astronaut()).save(folder / "astronaut.png")
    Image.new("RGB", (60, 60), "gray").save(folder / "gray.png")
    folder.joinpath("text.jpg").write_text("no picture")
    folder.joinpath("notes.txt").write_text("not even called one")
    return folder


@pytest.fixture
def clip(pictures: Path) -> Path:
    """A video of ten frames: a smile, but gray from the fourth frame to the sixth."""
    head = skimage_data.astronaut()[:260, 100:360]
    return write_video(pictures / "clip.mp4", [np.full_like(head, 99) if 3 <= n < 6 else head for n in range(10)])


def table(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table_in_which_nothing_is_lost(pictures, capsys):
    assert main(["recognize", "pictures", "--output", "faces.csv"]) == 0
    rows = table("faces.csv")
    assert list(rows[0]) == columns(EXPRESSIONS)
    assert [Path(row["file"]).name for row in rows] == ["astronaut.png", "gray.png", "text.jpg"]
    smile, gray, text = rows
    assert (smile["face"], smile["expression"], smile["error"]) == ("0", "happiness", "")
    assert sum(float(smile[name]) for name in EXPRESSIONS) == pytest.approx(1, abs=1e-4)
    assert float(smile["x0"]) < float(smile["x1"])
    assert 0 < float(smile["reliability"]) < 1
    assert gray["error"] == "no face was found"
    assert "damaged, or no picture" in text["error"]
    assert (smile["frame"], smile["time"], smile["warning"]) == ("", "", "")
    assert "2 of 3 files have no face or could not be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["faces.csv", "faces.jsonl"])
def test_a_killed_table_is_gone_on_with(pictures, name, capsys):
    assert main(["recognize", "pictures", "--output", name]) == 0
    whole = Path(name).read_bytes()
    lines = whole.splitlines(keepends=True)
    Path(name).write_bytes(b"".join(lines[:-1]) + lines[-1][:9])
    assert main(["recognize", "pictures/text.jpg", "pictures", "--output", name]) == 1  # text.jpg alone was missing
    assert "2 of 3 files are in" in capsys.readouterr().out
    Path(name).write_bytes(b"".join(lines[:-1]) + lines[-1][:9])
    main(["recognize", "pictures", "--output", name])
    assert Path(name).read_bytes() == whole


def test_another_table_is_not_written_into(pictures, capsys):
    Path("faces.csv").write_text("name,age\nAda,36\n")
    assert main(["recognize", "pictures", "--output", "faces.csv"]) == 1
    assert "another table, with other columns" in capsys.readouterr().err
    assert Path("faces.csv").read_text() == "name,age\nAda,36\n"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("faces.csv", lambda rows: rows + "x" * 200_000 + "\n"),
        ("faces.csv", lambda rows: rows.replace(",,,0,", ",zzz,,0,")),
        ("faces.jsonl", lambda rows: rows + "1\n"),
        ("faces.jsonl", lambda rows: "1\n" + rows),
        ("faces.jsonl", lambda rows: rows + "{}\n"),
        ("faces.jsonl", lambda rows: rows + "[" * 100_000 + "\n"),
        ("faces.jsonl", lambda rows: rows.replace('"frame": null', '"frame": "zz"')),
        (
            "faces.jsonl",
            lambda rows: rows.replace('"model": "', '"model": ["').replace('", "modified"', '"], "modified"'),
        ),
    ],
)
def test_a_changed_table_is_not_written_into(tmp_path, name, change):
    path, names = tmp_path / name, columns(("a", "b"))
    with table_writer(path, names, "m") as writer:
        writer.write([{"file": "a.jpg", "face": 0, "model": "m"}])
    with table_writer(path, names, "m") as writer:
        assert writer.next_frame("a.jpg") is None
    path.write_bytes(changed := change(path.read_text()).encode())
    with (
        pytest.raises(DataError, match=r"faces\.\w+ (is no table|is another table|has rows)"),
        table_writer(path, names, "m"),
    ):
        pass
    assert path.read_bytes() == changed


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


def test_a_photograph_comes_with_the_package(capsys):
    assert main(["recognize", "--sample"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert "astronaut.jpg face 0: happiness" in line


def test_annotated_copies_are_as_large_and_drawn_on(pictures):
    assert main(["recognize", "pictures/astronaut.png", "--annotate", "drawn"]) == 0
    drawn = Image.open("drawn/astronaut.png")
    assert drawn.size == (512, 512)
    assert (np.asarray(drawn) == (255, 208, 64)).all(axis=2).sum() > 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jpg"], "no such picture or video"),
        (["--camera", "97"], "There is no camera 97"),
        (["pictures", "--camera", "0"], "and not both"),
        (["pictures", "--batch-size", "0"], "batch size is 0"),
        (["http://example.org/a.jpg"], "is an address"),
        (["pictures/text.jpg"], "Nothing was recognized"),
        (["pictures", "--output", "faces.xlsx"], "a table ends in .csv, .jsonl, .parquet"),
        (["pictures", "--model", "pictures/notes.txt"], "no safetensors file"),
        (["pictures", "--detector", "medapipe"], "Did you mean mediapipe"),
        ([], "as PATH, or a --camera"),
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


def test_copies_of_the_longest_names_can_be_written():
    pictures = [Path("a", "x" * 251 + ".jpg"), Path("x" * 251 + ".png"), Path("ü" * 125 + ".jpeg"), Path("y" * 255)]
    names = [copy.name for copy in copy_paths(pictures, Path("drawn")).values()]
    assert max(len(os.fsencode(name)) for name in names) == 255
    assert len({name.lower() for name in names}) == 4
    assert names[1] == f"{'x' * 249}-2.png"


def test_a_copy_never_overwrites_a_picture(pictures, capsys):
    before = Path("pictures/astronaut.png").read_bytes()
    assert main(["recognize", "pictures", "--annotate", "pictures/../pictures"]) == 2
    assert "what is to be copied lies there" in capsys.readouterr().err
    assert Path("pictures/astronaut.png").read_bytes() == before


def test_files_of_odd_names_are_found_again_in_the_table(pictures):
    pictures.joinpath("gray.png").rename(pictures / "two\nlines \u2028.png")
    for _ in range(2):
        assert main(["recognize", "pictures", "--output", "faces.csv"]) == 0
    assert len(table("faces.csv")) == 3


def test_a_video_becomes_rows_with_frames_and_times(clip):
    assert main(["recognize", "pictures/clip.mp4", "pictures/astronaut.png", "--output", "faces.csv"]) == 0
    rows = table("faces.csv")
    assert [row["file"] for row in rows] == ["pictures/clip.mp4"] * 10 + ["pictures/astronaut.png"]
    assert [row["frame"] for row in rows] == [*map(str, range(10)), ""]
    assert [row["time"] for row in rows] == [*(str(number / 10) for number in range(10)), ""]
    assert [row["expression"] for row in rows[:10]] == ["happiness"] * 3 + [""] * 3 + ["happiness"] * 4
    assert {row["error"] for row in rows[3:6]} == {"no face was found"}
    assert [row["track"] for row in rows] == ["0-0"] * 3 + [""] * 3 + ["0-0"] * 4 + [""]


def test_smoothed_rows_are_not_mixed_with_others(clip, capsys):
    assert main(["recognize", "pictures/clip.mp4", "--every", "0.5", "--smooth", "2", "--output", "faces.csv"]) == 0
    rows = table("faces.csv")
    assert {row["model"].partition(" ")[2] for row in rows} == {"smoothed over 2 s"}
    assert main(["recognize", "pictures/clip.mp4", "--every", "0.5", "--output", "faces.csv"]) == 1
    assert "smoothed over 2 s" in capsys.readouterr().err
    assert main(["recognize", "pictures/clip.mp4", "--smooth", "-1"]) == 2
    assert "smooth is -1" in capsys.readouterr().err


def test_a_folder_has_videos_too_and_only_some_frames_of_them(clip):
    assert main(["recognize", "pictures", "--every", "0.25", "--output", "faces.jsonl"]) == 0
    rows = [json.loads(line) for line in Path("faces.jsonl").read_text().splitlines()]
    assert [Path(row["file"]).name for row in rows] == ["astronaut.png", *["clip.mp4"] * 4, "gray.png", "text.jpg"]
    assert [(row["frame"], row["time"]) for row in rows[1:5]] == [(0, 0.0), (3, 0.3), (5, 0.5), (8, 0.8)]


@pytest.mark.parametrize("name", ["faces.csv", "faces.jsonl"])
def test_a_killed_table_goes_on_in_the_middle_of_a_video(clip, name):
    assert main(["recognize", "pictures/clip.mp4", "--output", name]) == 0
    whole = Path(name).read_bytes()
    lines = whole.splitlines(keepends=True)
    Path(name).write_bytes(b"".join(lines[:-4]) + lines[-4][:9])
    assert main(["recognize", "pictures/clip.mp4", "--output", name, "--annotate", "drawn"]) == 0
    assert Path(name).read_bytes() == whole
    assert cv2.VideoCapture("drawn/clip.mp4").get(cv2.CAP_PROP_FRAME_COUNT) == 10  # drawn from its beginning
    before = Path("drawn/clip.mp4").read_bytes()
    assert main(["recognize", "pictures/clip.mp4", "--output", name, "--annotate", "drawn"]) == 0
    assert Path(name).read_bytes() == whole
    assert Path("drawn/clip.mp4").read_bytes() == before


def test_a_drawn_video_has_the_size_and_the_times_of_the_first(clip):
    times = [0, 0.04, 0.5, 0.55]
    head = skimage_data.astronaut()[:260, 100:360]
    write_video(clip, [head] * 4, times)
    assert main(["recognize", "pictures/clip.mp4", "--annotate", "drawn", "--output", "faces.csv"]) == 0
    frames = list(read_video(Path("drawn/clip.mp4")))
    assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-4)
    assert {frame.pixels.shape for frame in frames} == {head.shape}
    for frame in frames:
        changed = np.abs(frame.pixels.astype(int) - head).mean(axis=2) > 60
        assert 200 < changed.sum() < head.shape[0] * head.shape[1] / 5


def test_a_truncated_video_keeps_what_was_read(clip, capsys):
    cut = cut_off(clip, 0.7)
    for _ in range(2):  # the second time, there is nothing left to do
        assert main(["recognize", str(cut), "pictures/text.jpg", "--output", "faces.csv", "--annotate", "drawn"]) == 0
    *whole, error, text = table("faces.csv")
    assert 3 <= len(whole) < 10
    assert [row["frame"] for row in whole] == [str(number) for number in range(len(whole))]
    assert whole[0]["expression"] == "happiness"
    assert (error["frame"], error["expression"]) == ("", "")
    assert "cut-off-clip.mp4" in error["error"]
    assert "no picture" in text["error"]
    output = capsys.readouterr()
    assert "2 of 2 files have no face or could not be read to their end" in output.err
    assert "2 of 2 files are in faces.csv already" in output.out
    assert len(list(read_video(Path("drawn/cut-off-clip.mp4")))) == len(whole)


def test_an_interrupt_keeps_the_rows_that_are_there(clip):
    """A real Ctrl-C, while a long video is looked at."""
    head = skimage_data.astronaut()[:260, 100:360]
    write_video(clip, [head] * 500)
    command = [sys.executable, "-m", "geofer", "recognize", "pictures/clip.mp4", "--output", "faces.jsonl"]
    listening = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # not so if the tests run behind an &
    running = subprocess.Popen(
        [*command, "--annotate", "drawn"], stderr=subprocess.PIPE, text=True, preexec_fn=listening
    )
    output = Path("faces.jsonl")
    while running.poll() is None and (not output.exists() or output.read_bytes().count(b"\n") < 5):
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, message = running.communicate(timeout=60)
    assert running.returncode == 130, message
    assert "Traceback" not in message
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["frame"] for row in rows] == list(range(len(rows)))
    assert 5 <= len(rows) < 500
    assert list(Path("drawn").iterdir()) == []


def test_a_camera_is_recorded_until_it_stops(clip, capsys):
    """OpenCV reads a file as it reads a camera."""
    assert main(["recognize", "--camera", str(clip), "--output", "faces.csv", "--annotate", "drawn"]) == 1
    assert "gives no more pictures" in capsys.readouterr().err
    rows = table("faces.csv")
    assert [row["frame"] for row in rows] == [str(number) for number in range(10)]
    assert len({row["file"] for row in rows}) == 1
    assert len(list(read_video(Path("drawn") / f"{rows[0]['file']}.mp4"))) == 10


def test_the_terminal_tells_times_and_warnings(clip, capsys):
    head = skimage_data.astronaut()[:260, 100:360]
    write_video(clip, [np.asarray(Image.fromarray(head).resize((50, 50)))] * 2)
    assert main(["recognize", "pictures/clip.mp4"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("pictures/clip.mp4 0.10 s face 0: ")
    assert "warning: only" in line
    assert "pixels between the eyes" in line


def test_videos_need_an_extra(clip, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were not installed
    assert main(["recognize", "pictures"]) == 2
    assert "pip install 'geofer[video]'" in capsys.readouterr().err


def test_rows_of_another_model_are_never_mixed_with_these(pictures, capsys):
    from small_recognizers import geometry_recognizer

    from geofer.app.models.model_file import save_model

    save_model(pictures / "other.safetensors", *geometry_recognizer("blendshapes"))
    assert main(["recognize", "pictures/astronaut.png", "--output", "faces.csv"]) == 0
    before = Path("faces.csv").read_bytes()
    for more in (["--model", "pictures/other.safetensors"], ["--detector", "none"]):
        assert main(["recognize", "pictures/astronaut.png", "--output", "faces.csv", *more]) == 1
        told = capsys.readouterr().err
        assert "has rows" in told or "other columns" in told  # the small one tells other expressions apart
    assert Path("faces.csv").read_bytes() == before
    assert main(["recognize", "pictures/astronaut.png", "--output", "faces.csv", "--model", "photo"]) == 0
    assert Path("faces.csv").read_bytes() == before


@pytest.mark.parametrize("name", ["faces.csv", "faces.JSONL"])
def test_a_picture_that_was_changed_is_looked_at_again(pictures, name, capsys):
    assert main(["recognize", "pictures", "--output", name]) == 0
    lines = Path(name).read_bytes().splitlines(keepends=True)
    Image.fromarray(skimage_data.astronaut()[:, ::-1]).save(pictures / "gray.png")
    capsys.readouterr()
    assert main(["recognize", "pictures", "--output", name]) == 0
    told = capsys.readouterr().out
    assert "2 of 3 files are in" in told
    assert "1 of them were changed" in told
    now = Path(name).read_bytes().splitlines(keepends=True)
    assert len(now) == len(lines)
    assert [line for line in lines if b"gray.png" not in line] == now[:-1]
    assert b"happiness" in now[-1]
    assert b"gray.png" in now[-1]


def test_what_a_folder_has_beside_pictures_is_counted_and_named(pictures, capsys):
    face = pictures / "astronaut.png"
    for name in ("a.jfif", "b.jpe", "c.JPG"):
        Image.open(face).save(pictures / name, "JPEG")
    Image.open(face).convert("L").save(pictures / "d.pgm", "PPM")
    Image.open(face).save(pictures / "e.avif")
    face.rename(pictures / "f")
    pictures.joinpath("LICENSE").write_text("no picture")
    pictures.joinpath("more.txt").write_text("no picture")
    pictures.joinpath(".hidden.png").write_text("no picture")
    assert main(["recognize", "pictures", "--output", "faces.CSV"]) == 0
    assert sorted(Path(row["file"]).name for row in table("faces.CSV") if row["expression"]) == [
        *("a.jfif", "b.jpe", "c.JPG", "d.pgm", "e.avif", "f"),
    ]
    told = capsys.readouterr().err
    assert "3 other files of these folders are neither pictures nor videos: 2 .txt, 1 without an ending." in told


def test_a_name_that_no_terminal_can_show_stops_nothing(pictures, tmp_path):
    """In a process of its own, whose output is Latin-1: names in Cyrillic, in bytes that are no text, and as emoji."""
    for name in ("лицо.png", "🙂.png"):
        Image.open(pictures / "gray.png").save(pictures / name)
    odd = os.fsencode(pictures) + b"/\xff\xfe.png"
    with open(odd, "wb") as file:
        file.write((pictures / "gray.png").read_bytes())
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "geofer", "recognize", "pictures"]
    shown = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.decode("latin-1").splitlines()
    assert len([line for line in lines if ".png" in line]) == 5
    assert "pictures/????.png: no face was found" in lines
    for _ in range(2):
        done = subprocess.run([*command, "--output", "faces.csv"], env=environment, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
    assert len(table("faces.csv")) == 6
    assert b"6 of 6 files are in" in done.stdout


def test_what_cannot_be_read_is_named_once(pictures, capsys):
    assert main(["recognize", "pictures/text.jpg"]) in (0, 1)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "text.jpg" in line]
    assert line.count("text.jpg") == 1
    assert "damaged, or no picture" in line
