"""Prepare is killed, and goes on as if nothing had happened."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from picture_trees import write_picture

from geofer.datamodules import FaceTable
from geofer.datamodules.layouts.table_columns import LANDMARK_COLUMNS
from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.run import CHUNK, in_cell

ROWS = 6 * CHUNK + 7


@pytest.fixture(scope="module")
def table(tmp_path_factory, rendered_pictures) -> Path:
    """A table that names the same few pictures again and again, and two that are not there."""
    root = tmp_path_factory.mktemp("table")
    for number, face in enumerate(rendered_pictures):
        write_picture(root / f"{number}.png", face.pixels)
    with root.joinpath("faces.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "expression", "subject", *LANDMARK_COLUMNS])
        for row in range(ROWS):
            number = row % len(rendered_pictures)
            face = rendered_pictures[number]
            path = "missing.png" if row in (3, 3 * CHUNK) else f"{number}.png"
            writer.writerow([path, face.expression, face.subject, *face.landmarks.ravel().tolist()])
    return root / "faces.csv"


@pytest.fixture(scope="module")
def uninterrupted(table, tmp_path_factory) -> Path:
    how = Preparation(detector="none", folder=tmp_path_factory.mktemp("whole"), workers=1)
    data = FaceTable(table.parent, table=table.name, preparation=how)
    data.prepare_data()
    return data.folder


def start(table: Path, output: Path, workers: int = 1) -> subprocess.Popen:
    command = [sys.executable, "-m", "geofer", "prepare", str(table), "--detector=none", f"--output={output}"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*command, f"--workers={workers}"], env=environment, stderr=subprocess.PIPE, start_new_session=True
    )


def group_lives(group: int) -> bool:
    """Whether a process of the group runs; those that are dead and not yet buried do not count."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, pgrp = stat.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state != "Z":
            return True
    return False


@pytest.mark.parametrize(
    ("number", "workers"),
    [
        (signal.SIGKILL, 1),
        pytest.param(signal.SIGKILL, 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 2, marks=pytest.mark.slow),
    ],
)
def test_a_killed_prepare_goes_on_and_gives_the_same_bytes(number, workers, table, uninterrupted, tmp_path):
    folder = tmp_path / uninterrupted.name
    process = start(table, tmp_path, workers)
    try:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("parts/*.parquet"))) < 2 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(number)
        errors = process.communicate(timeout=60)[1].decode()
        assert process.returncode in (-number, 130), errors
        assert "Traceback" not in errors
        deadline = time.monotonic() + 10  # counted from its end, however long it took to get there
        while group_lives(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not group_lives(process.pid)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    finished = len(list(folder.glob("parts/*.parquet")))
    assert 2 <= finished <= 6
    assert not folder.joinpath("index.parquet").exists()
    folder.joinpath("parts", "000099.parquet.12345.part").write_text("half a file")
    again = start(table, tmp_path)
    errors = again.communicate(timeout=60)[1].decode()
    assert again.returncode == 0, errors
    files = {path.relative_to(uninterrupted): path.read_bytes() for path in uninterrupted.rglob("*") if path.is_file()}
    assert {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == files
    assert {str(path) for path in files} == {"index.parquet", "landmarks.npy", "lock", "pictures.npy", "report.csv"}
    assert files[Path("report.csv")].count(b"missing.png") >= 2


@pytest.mark.slow
def test_two_at_a_time_make_one_cache(table, uninterrupted, tmp_path):
    both = [start(table, tmp_path) for _ in range(2)]
    assert [process.wait(90) for process in both] == [0, 0]
    index = uninterrupted / "index.parquet"
    assert tmp_path.joinpath(uninterrupted.name, index.name).read_bytes() == index.read_bytes()


@pytest.mark.parametrize(
    ("text", "cell"), [("plain.png", "plain.png"), ("a\nb", "'a\\nb'"), ("=1+1", "'=1+1"), ("\udcff", "\\udcff")]
)
def test_names_in_the_report_are_escaped(text, cell):
    assert in_cell(text) == cell
