"""Small files from outside, whatever they hold and however large they say that they are."""

import io
import os

import numpy as np
import pytest

from geofer.small_files import LARGEST, small_array, small_file


def saved(path, array):
    np.save(path, array)
    return path


def headed(path, text, data=b""):
    """A ``.npy`` file with any header."""
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data)
    return path


@pytest.mark.parametrize(
    "array",
    [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)), np.array("7"), True],
)
def test_an_array_comes_back(tmp_path, array):
    assert np.array_equal(small_array(saved(tmp_path / "a.npy", array)), array)


@pytest.mark.parametrize("array", [np.array([{}], object), np.zeros(2, "c8"), np.zeros(2, "M8[s]"), np.zeros(2, "V3")])
def test_other_things_than_numbers_and_texts_are_refused(tmp_path, array):
    np.lib.format.write_array((file := io.BytesIO()), array, allow_pickle=True)
    (tmp_path / "a.npy").write_bytes(file.getvalue())
    with pytest.raises(ValueError, match="neither numbers nor texts"):
        small_array(tmp_path / "a.npy")


@pytest.mark.parametrize("shape", ["(1000000000,)", "(-1, 4)", "(3,)", "(0, 10000000000)", "()"])
def test_a_shape_that_does_not_fit_its_bytes_is_refused(tmp_path, shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n"
    with pytest.raises(ValueError, match="does not take 32 bytes"):
        small_array(headed(tmp_path / "a.npy", text, bytes(32)))


@pytest.mark.parametrize("text", ["", "(" * 9000, "{'a':" + "-" * 8990 + "1}", "[1]"])
def test_a_damaged_header_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"\w"):
        small_array(headed(tmp_path / "a.npy", text))


def test_an_archive_of_arrays_is_no_array(tmp_path):
    np.savez(tmp_path / "a.npz", allow_pickle=False, x=np.zeros(3))
    with pytest.raises(ValueError, match="magic string"):
        small_array(tmp_path / "a.npz")


def test_a_file_full_of_holes_is_not_read(tmp_path):
    with (tmp_path / "a").open("wb") as file:
        file.truncate(8 << 30)
    with pytest.raises(ValueError, match=f"more than {LARGEST} bytes"):
        small_file(tmp_path / "a")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(ValueError, match="not a regular file"):
        small_file(tmp_path / "a")
