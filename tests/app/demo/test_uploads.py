"""Files of visitors go: those that are old, broken off, or too many."""

import os
import time

import pytest

from geofer.app.demo import uploads
from geofer.app.demo.uploads import KEPT_SECONDS, Sweeper


@pytest.fixture
def folder(tmp_path):
    """With a file of the page, which was there before."""
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "example.jpg").write_bytes(b"example")
    return tmp_path


def left(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


def test_everything_goes_in_time_but_what_was_there(folder):
    sweeper = Sweeper(folder)
    (folder / "abc").mkdir()
    for name in ("abc/whole.jpg", "tmpx2k7", ".hidden", "abc/part"):  # Gradio writes uploads under a temporary name
        (folder / name).write_bytes(b"x")
    sweeper.sweep()
    assert len(left(folder)) == 5
    sweeper.sweep(time.time() + KEPT_SECONDS)
    assert left(folder) == {"page/example.jpg"}
    sweeper.sweep(time.time() + 3 * KEPT_SECONDS)
    assert not (folder / "abc").exists()


def test_an_old_date_of_the_file_itself_does_not_count(folder):
    sweeper = Sweeper(folder)
    (folder / "copied.jpg").write_bytes(b"x")
    os.utime(folder / "copied.jpg", (0, 0))  # as of a copy, which has the date of what was copied
    sweeper.sweep()
    assert "copied.jpg" in left(folder)


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_FILES"])
def test_of_too_much_the_oldest_goes(folder, monkeypatch, limit):
    monkeypatch.setattr(uploads, limit, 3 if limit == "MOST_FILES" else 3000)
    sweeper = Sweeper(folder)
    for number in range(5):
        (folder / f"{number}.jpg").write_bytes(bytes(1000))
        time.sleep(0.01)
    sweeper.sweep()
    assert left(folder) == {"page/example.jpg", "2.jpg", "3.jpg", "4.jpg"}


def test_links_are_removed_not_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").write_bytes(b"x")
    sweeper = Sweeper(folder)
    (folder / "link").symlink_to(elsewhere)
    (folder / "file").symlink_to(elsewhere / "precious")
    sweeper.sweep(time.time() + KEPT_SECONDS)
    assert (elsewhere / "precious").exists()
    assert left(folder) == {"page/example.jpg"}
