"""Pictures of visitors, each decoded in a process of its own.

The process has never seen another visitor's picture, so none can be in its memory. The system ends it when it takes
too much processor time or memory, and the page when it takes too long. What comes back through the pipe is a size and
bytes, never objects.
"""

import multiprocessing
import os
import signal
import struct
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geofer.app.demo.turns import Turns
from geofer.bare_pictures import TooManyPixelsError
from geofer.errors import DataError
from geofer.pictures import read_picture

FORMATS = ("JPEG", "PNG", "WEBP")
"""What browsers and telephones make of photographs. The content decides, not the name."""

MAX_PIXELS = 30_000_000
"""More than telephones take."""

MAX_SIDE = 2560
"""Pixels of the longer side of what is looked at; larger pictures are scaled down, so that none takes long."""

SMALL = 6_000_000
"""Pixels of what is decoded in a tenth of a second or two. Of larger pictures there is one at a time."""

AT_ONCE, WAITING = 3, 16
"""Processes that decode small pictures at the same time, and how many more small ones wait."""

LARGE_WAITING = 3
"""Large pictures that wait for the one that is decoded. The next ones are told to come again."""

CPU_SECONDS = 10
MEMORY = 1 << 30
"""Bytes that a process may have beyond what it begins with; 30 million pixels with transparency take 0.7 of it."""

SIZE = struct.Struct("<II")
IS_LARGE = b"large"

Image.init()  # in the process that is forked: to find the readers of all formats takes longer than to read a picture


def process_context() -> BaseContext:
    """How processes start: a process that has the libraries loaded forks one each time; Windows has no such thing."""
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    context.set_forkserver_preload([__name__])
    return context


class PictureDecoder:
    """Decodes pictures in processes that can be ended."""

    def __init__(self, seconds: float) -> None:
        """Allow that many seconds for each picture, and as many of waiting."""
        self._seconds = seconds
        self._small, self._large = Turns(AT_ONCE, WAITING, seconds), Turns(1, LARGE_WAITING, seconds)
        self._lock = Lock()
        self._busy: set[BaseProcess] = set()
        self._context = process_context()
        if self._context.get_start_method() == "forkserver":
            from multiprocessing import forkserver  # not on Windows

            forkserver.ensure_running()

    def __enter__(self) -> "PictureDecoder":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End what is being decoded."""
        with self._lock:
            for process in self._busy:
                process.kill()

    def decode(self, path: str) -> NDArray[np.uint8]:
        """The picture of a file.

        Returns:
            ``(H, W, 3)`` uint8 RGB, at most `MAX_SIDE` pixels on its longer side.

        Raises:
            DataError: It is no picture, damaged or too large, or took too long; the message does not name the file.
        """
        try:
            with self._small.turn():
                return self._decode(path, SMALL)
        except _LargeError:
            with self._large.turn():
                return self._decode(path, MAX_PIXELS)

    def _decode(self, path: str, max_pixels: int) -> NDArray[np.uint8]:
        ours, theirs = self._context.Pipe(duplex=False)
        work = {"target": _work, "args": (path, max_pixels, theirs), "daemon": True}
        process: BaseProcess = self._context.Process(**work)  # type: ignore[attr-defined]
        with ours:
            with self._lock:
                process.start()
                self._busy.add(process)
            theirs.close()
            try:
                return _received(ours, self._seconds)
            except (EOFError, OSError, ValueError) as error:  # it was ended, or sends nonsense
                raise DataError("This picture takes too long or too much memory to read. Try another one.") from error
            finally:
                process.kill()
                with self._lock:
                    process.join()
                    self._busy.remove(process)


class _LargeError(Exception):
    """The picture is larger than allowed this time."""


def _received(pipe: "Connection[bytes, bytes]", seconds: float) -> NDArray[np.uint8]:
    if not pipe.poll(seconds):
        raise EOFError
    head = pipe.recv_bytes(4096)
    if head == IS_LARGE:
        raise _LargeError
    if len(head) != SIZE.size:
        raise DataError(head.decode("utf-8", "replace").rstrip())
    width, height = SIZE.unpack(head)
    pixels = pipe.recv_bytes(3 * MAX_SIDE * MAX_SIDE)
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def _work(path: str, max_pixels: int, pipe: "Connection[bytes, bytes]") -> None:
    """Sends the picture of a file, or what is wrong with it."""
    _limit(patient=max_pixels > SMALL)
    with suppress(OSError):  # nobody waits any more
        try:
            with open(path, "rb") as file:
                pixels = read_picture(file, max_pixels=max_pixels, formats=FORMATS)
        except DataError as error:
            if isinstance(error.__cause__, TooManyPixelsError) and max_pixels < MAX_PIXELS:
                pipe.send_bytes(IS_LARGE)
            else:
                pipe.send_bytes(str(error).encode()[:4000].ljust(SIZE.size + 1))
            return
        if max(pixels.shape) > MAX_SIDE:
            picture = Image.fromarray(pixels)
            picture.thumbnail((MAX_SIDE, MAX_SIDE))
            pixels = np.asarray(picture)
        pipe.send_bytes(SIZE.pack(pixels.shape[1], pixels.shape[0]))
        pipe.send_bytes(pixels.tobytes())


def _limit(patient: bool) -> None:
    """Lets the system end this process, and Ctrl-C at once.

    Args:
        patient: Whether others come first when all want the processor.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "win32":
        return
    import resource

    if patient:
        os.nice(10)
    memory = MEMORY + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if sys.platform == "linux":  # what counts as memory is what is reserved
        with open("/proc/self/statm", encoding="ascii") as counts:
            memory = MEMORY + int(counts.read().split()[0]) * resource.getpagesize()
    with suppress(ValueError, OSError):  # macOS does not limit memory
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
