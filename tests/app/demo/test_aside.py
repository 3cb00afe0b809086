"""Large pictures are looked at in a process of its own."""

import os
import threading
import time

import numpy as np
import pytest

from geofer.app.demo.aside import QUICK, Aside, is_large
from geofer.errors import DataError

PIXELS = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


def told(pixels):
    """Where it works, and on what."""
    if pixels[0, 0, 0] == 1:
        raise DataError("no face")
    if pixels[0, 0, 0] == 2:
        time.sleep(60)
    if pixels[0, 0, 0] == 3:
        os._exit(3)
    return os.getpid(), os.nice(0), pixels.sum()


def of(kind):
    return np.full((2, 2, 3), kind, np.uint8)


def test_one_process_serves_all_and_gives_way():
    with Aside(told, 60) as aside:
        first, second = aside.run(PIXELS), aside.run(PIXELS)
        assert first == second
        assert first[0] != os.getpid()
        assert first[1] >= min(19, os.nice(0) + 10)
        assert first[2] == PIXELS.sum()
        with pytest.raises(DataError, match="no face"):
            aside.run(of(1))
        assert aside.run(PIXELS) == first, "an error ends nothing"
        with pytest.raises(DataError, match="too much memory"):
            aside.run(of(3))
        assert aside.run(PIXELS)[0] != first[0]


def test_what_is_late_is_ended_and_the_next_is_served():
    with Aside(told, 60) as aside:
        late = aside.run(PIXELS)[0]
        aside._seconds = 0.2
        with pytest.raises(DataError, match=r"longer than 0\.2 seconds"):
            aside.run(of(2))
        with pytest.raises(ProcessLookupError):
            os.kill(late, 0)
        aside._seconds = 60
        assert aside.run(PIXELS)[0] != late


def test_of_a_crowd_most_are_told_at_once():
    with Aside(told, 60) as aside:
        aside.run(PIXELS)
        aside._seconds = 3
        errors = []

        def visit():
            try:
                aside.run(of(2))
            except DataError as error:
                errors.append(str(error))

        visitors = [threading.Thread(target=visit) for _ in range(10)]
        for visitor in visitors:
            visitor.start()
        time.sleep(0.5)
        assert errors == ["Others are being served. Try again in a moment."] * 6
        aside.__exit__()
        for visitor in visitors:
            visitor.join()


def test_which_pictures_are_large():
    assert is_large(np.broadcast_to(np.uint8(0), (1001, 1000, 3)))
    assert not is_large(np.broadcast_to(np.uint8(0), (1000, QUICK // 1000, 3)))
