"""Files appear whole or not at all, and an error of the disk says which file it was."""

import errno
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from geofer.cli.command import explain
from geofer.datamodules.preparation.files import pictures_file
from geofer.paths import PARTIAL_SUFFIX, written_whole


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
