"""Pictures of visitors are decoded in processes of their own."""

import io
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from loaded_script import load_script
from PIL import Image

from geofer.app.demo.decoding import MAX_SIDE, PictureDecoder
from geofer.app.demo.uploads import EXAMPLES
from geofer.errors import DataError
from geofer.pictures import read_picture

picture_bombs = load_script("benchmarks/picture_bombs")


@pytest.fixture(scope="module")
def decoder():
    with PictureDecoder(60) as decoder:
        yield decoder


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A picture that is not small."""
    file = tmp_path_factory.mktemp("large") / "large.png"
    Image.new("RGB", (3200, 2000), "orange").save(file)
    return str(file)


def test_pictures_are_those_of_the_one_reader(decoder):
    np.testing.assert_array_equal(decoder.decode(str(EXAMPLES[0])), read_picture(EXAMPLES[0]))


def test_large_pictures_are_scaled_down(decoder, large):
    picture = decoder.decode(large)
    assert picture.shape == (MAX_SIDE * 5 // 8, MAX_SIDE, 3)
    assert (picture == (255, 165, 0)).all()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("jpeg-short.tif", "no picture in JPEG, PNG, WEBP"),
        ("frames.gif", "no picture in JPEG, PNG, WEBP"),
        ("digits.ppm", "no picture in JPEG, PNG, WEBP"),
        ("colors.bmp", "no picture in JPEG, PNG, WEBP"),
        ("header.png", "50000 × 50000 pixels; at most 30000000"),
        ("short.jpg", "rows are missing"),
        ("exif-small.jpg", "more than 200000 parts"),
    ],
)
def test_what_is_wrong_is_told_without_a_path(decoder, tmp_path, name, said):
    """By the content: all are called JPEG."""
    (tmp_path / "a.jpg").write_bytes(picture_bombs.bombs()[name])
    with pytest.raises(DataError, match=said) as caught:
        decoder.decode(str(tmp_path / "a.jpg"))
    assert str(tmp_path) not in str(caught.value)


def test_a_slow_picture_is_ended_and_keeps_nobody_waiting(decoder, large):
    with PictureDecoder(0.05) as hasty:
        for _ in range(2):
            with pytest.raises(DataError, match="too long or too much memory"):
                hasty.decode(large)
        assert not hasty._busy
    order = []

    def look(path):
        decoder.decode(path)
        order.append(path)

    small = str(EXAMPLES[0])
    threads = [threading.Thread(target=look, args=(path,)) for path in [large, large, large, small, small]]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    for thread in threads:
        thread.join()
    assert order[-1] == large


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSTOP, "exit"], ids=str)
def test_a_process_that_is_gone_is_told(large, ending):
    with PictureDecoder(3 if ending == signal.SIGSTOP else 60) as decoder:
        caught = []

        def look():
            with pytest.raises(DataError, match="too long or too much memory") as error:
                decoder.decode(large)
            caught.append(error)

        thread = threading.Thread(target=look)
        thread.start()
        while not (busy := list(decoder._busy)):
            time.sleep(0.001)
        (process,) = busy
        if ending == "exit":
            decoder.__exit__()
        else:
            os.kill(process.pid, ending)
        thread.join()
        assert len(caught) == 1
        assert not process.is_alive()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_has_seen_no_other_picture(decoder, tmp_path):
    """What reads a picture is forked from a process that never read one."""
    mark = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(mark).save(file, "PNG")
    (tmp_path / "mark.png").write_bytes(file.getvalue())
    np.testing.assert_array_equal(decoder.decode(str(tmp_path / "mark.png")), mark)
    from multiprocessing.forkserver import _forkserver

    server = _forkserver._forkserver_pid
    with open(f"/proc/{server}/maps") as maps, open(f"/proc/{server}/mem", "rb") as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(part, 16) for part in span.split("-"))
                memory.seek(start)
                assert mark[5].tobytes() not in memory.read(end - start)
