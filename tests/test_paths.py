"""Files appear whole or not at all, and an error of the disk says which file it was."""

import errno
import os
import pickle
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from geofer.cli.command import explain
from geofer.datamodules.preparation.files import (
    HEAD_BLENDSHAPES,
    LANDMARKS,
    PICTURES,
    blendshapes_file,
    landmarks_file,
    pictures_file,
)
from geofer.errors import ConfigError
from geofer.names import storable
from geofer.paths import as_path, cache_folder, counted_by_ending, open_to_change, private_folder, written_whole


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


def no_space(path: Path) -> IO[bytes]:
    return Path("/dev/full").open("wb")


@pytest.fixture
def disk_full(monkeypatch) -> None:
    for module in ("geofer.paths", "geofer.datamodules.preparation.files"):
        monkeypatch.setattr(f"{module}.open_new", no_space)


@pytest.mark.usefixtures("disk_full")
def test_a_full_disk_is_told_with_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    with pytest.raises(OSError, match="No space left") as caught, written_whole(path) as file:
        file.write(b"new")
    assert not list(tmp_path.iterdir())
    message = explain(pickle.loads(pickle.dumps(caught.value)))  # as it comes from a working process
    assert "numbers.csv" in message
    assert "free some space" in message


@pytest.mark.usefixtures("disk_full")
def test_so_is_one_that_took_a_part_of_an_array(tmp_path: Path) -> None:
    """NumPy writes arrays past Python, and says only how much was written."""
    path = tmp_path / "pictures.npy"
    with pytest.raises(OSError, match="No space left") as caught, written_whole(path) as file:
        np.save(file, np.zeros(100_000))
    assert caught.value.errno == errno.ENOSPC
    assert "The disk is full" in explain(caught.value)
    assert str(path) in explain(caught.value)


@pytest.mark.usefixtures("disk_full")
def test_a_cache_that_does_not_fit_is_told_by_name(tmp_path: Path) -> None:
    slots = pictures_file(tmp_path, 16)
    with pytest.raises(OSError, match=r"pictures\.npy") as caught:
        slots.create(3)
    assert str(slots.path) in explain(caught.value)


def test_planted_links_are_never_written_through(tmp_path: Path, monkeypatch) -> None:
    victim, cache = tmp_path / "victim", tmp_path / "cache"
    victim.write_bytes(b"somebody's")
    cache.mkdir()
    monkeypatch.setattr("secrets.token_hex", lambda size: "guessed")
    for name in ("index.parquet", "index.parquet.guessed.part", PICTURES, LANDMARKS, HEAD_BLENDSHAPES):
        cache.joinpath(name).symlink_to(victim)
    with pytest.raises(OSError, match=r"landmarks\.npy"):
        landmarks_file(cache).write([0], [np.ones((68, 2))])
    for slots in (pictures_file(cache, 4), landmarks_file(cache), blendshapes_file(cache)):
        slots.create(2)
        slots.write([1], [np.ones(slots.shape)])
    with written_whole(cache / "index.parquet") as file:
        file.write(b"index")
    assert victim.read_bytes() == b"somebody's"
    assert not any(path.is_symlink() for path in cache.iterdir())
    assert np.load(cache / LANDMARKS)[1].sum() == 136


def test_a_temporary_name_cannot_be_guessed(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        with written_whole(tmp_path / "a") as file:
            names.add(Path(file.name).name)
    assert len(names) == 3
    assert all(str(os.getpid()) not in name for name in names)


def test_folders_of_caches_are_open_to_their_owner_alone(tmp_path: Path) -> None:
    tmp_path.joinpath("mine").mkdir(mode=0o755)
    private_folder(tmp_path / "mine" / "geofer" / "faces")
    modes = [oct(tmp_path.joinpath(*parts).stat().st_mode & 0o777) for parts in (["mine"], ["mine", "geofer"])]
    assert modes == ["0o755", "0o700"]
    assert oct(tmp_path.joinpath("mine", "geofer", "faces").stat().st_mode & 0o777) == "0o700"
    with pytest.raises(FileNotFoundError):
        open_to_change(tmp_path / "nothing")


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
        private_folder(cache_folder() / "faces")
    monkeypatch.setenv("GEOFER_CACHE", str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigError, match=r"blocked.* cannot be written to: .*Choose a folder"):
        private_folder(blocked / "faces")
    assert private_folder(cache_folder() / "faces").is_dir()


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


def test_a_name_as_long_as_file_systems_take_can_be_written(tmp_path: Path) -> None:
    for name in ("x" * 251 + ".txt", "ü" * 120 + "x" * 15):
        with written_whole(tmp_path / name) as file:
            file.write(b"whole")
        assert (tmp_path / name).read_bytes() == b"whole"
    assert len(list(tmp_path.iterdir())) == 2
