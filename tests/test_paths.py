"""Files appear whole or not at all, and an error of the disk says which file it was."""

import errno
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from geofer.cli.command import explain
from geofer.datamodules.preparation.files import pictures_file
from geofer.errors import ConfigError
from geofer.paths import PARTIAL_SUFFIX, as_path, cache_folder, counted_by_ending, made_folder, storable, written_whole


def test_a_file_appears_once_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(b"old")
    with written_whole(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_the_previous_file_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), written_whole(path) as file:
        file.write(bytes(1 // 0))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    tmp_path.joinpath(f"numbers.csv.{os.getpid()}{PARTIAL_SUFFIX}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught, written_whole(path) as file:
        file.write(b"new")
    assert not list(tmp_path.iterdir())
    message = explain(pickle.loads(pickle.dumps(caught.value)))  # as it comes from a working process
    assert "numbers.csv" in message
    assert "free some space" in message


def test_so_is_one_that_took_a_part_of_an_array(tmp_path: Path) -> None:
    """NumPy writes arrays past Python, and says only how much was written."""
    path = tmp_path / "pictures.npy"
    tmp_path.joinpath(f"pictures.npy.{os.getpid()}{PARTIAL_SUFFIX}").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught, written_whole(path) as file:
        np.save(file, np.zeros(100_000))
    assert caught.value.errno == errno.ENOSPC
    assert "The disk is full" in explain(caught.value)
    assert str(path) in explain(caught.value)


def test_a_cache_that_does_not_fit_is_told_by_name(tmp_path: Path) -> None:
    slots = pictures_file(tmp_path, 16)
    slots.path.symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"pictures\.npy") as caught:
        slots.create(3)
    assert str(slots.path) in explain(caught.value)


@pytest.mark.parametrize("variable", ["GEOFER_CACHE", "XDG_CACHE_HOME", "HOME"])
def test_a_cache_that_cannot_be_written_to_says_which_variable_moves_it(tmp_path, monkeypatch, variable):
    """A file in the place of the folder stands for a disk that is read-only; an administrator may write anywhere."""
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    for name in ("GEOFER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(blocked))
    assert blocked in (cache_folder(), *cache_folder().parents)
    with pytest.raises(ConfigError, match=r"blocked.* cannot be written to: .*set GEOFER_CACHE to a folder"):
        made_folder(cache_folder() / "faces")
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigError, match=r"blocked.* cannot be written to: .*Choose a folder"):
        made_folder(blocked / "faces")
    assert made_folder(cache_folder() / "faces").is_dir()


def test_a_command_tells_it_so(tmp_path, monkeypatch, capsys):
    from geofer.cli import main

    (tmp_path / "set" / "fear").mkdir(parents=True)
    (tmp_path / "set" / "fear" / "a.png").write_bytes(b"")
    (tmp_path / "blocked").write_text("no folder")
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path / "blocked"))
    assert main(["prepare", str(tmp_path / "set")]) == 2
    assert "set GEOFER_CACHE to a folder that you may write to" in capsys.readouterr().err


def test_a_home_that_nobody_knows_is_told(monkeypatch):
    for name in ("GEOFER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def unknown(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    with pytest.raises(ConfigError, match=r"There is no home folder .* set GEOFER_CACHE"):
        cache_folder()


def test_what_is_no_path_is_refused():
    assert as_path("a/b") == as_path(Path("a/b")) == Path("a/b")
    for wrong in (3, None, b"a", ["a"]):
        with pytest.raises(ConfigError, match=r"The path is .*; give a str or a path"):
            as_path(wrong)


def test_names_that_are_no_text_can_be_stored():
    assert storable(os.fsdecode(b"\xff.png")) == "\\udcff.png"
    assert storable("ä.png") == "ä.png"
    assert storable(None) is None


def test_files_are_counted_by_their_endings():
    assert counted_by_ending(["a.txt", "b.TXT", Path("LICENSE"), "c.mp4", "d.txt"]) == (
        "3 .txt, 1 without an ending, 1 .mp4"
    )
