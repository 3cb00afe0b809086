"""Damaged pictures and bombs against the one reader of pictures, each within 3 seconds and 300 MB.

    python benchmarks/fuzz_pictures.py [MUTATIONS] [--seed SEED] [--seconds LIMIT] [--megabytes LIMIT]

Damages small files of every format that is read (10,000 by default), and adds the files of `picture_bombs.py`. They are
read in another process. The system ends it when one file takes more than 3 seconds of processor time, and refuses it
memory beyond 300 MB more than it began with; then it is started again. Prints one JSON object: how many files were read
and refused, the longest and the largest, and every file that broke a limit or ended the process. Those are written to
``fuzz-findings/``. Ends with 1 if there are any.
"""

import argparse
import io
import json
import multiprocessing
import os
import resource
import signal
import struct
import sys
import time
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from picture_bombs import SCENE, bombs, encoded
from PIL import Image

from geofer.errors import DataError
from geofer.pictures import read_picture

MEGABYTE = 1 << 20
FINDINGS = Path("fuzz-findings")
INTERESTING = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


def seeds() -> dict[str, bytes]:
    """A small file of each kind that is read."""
    exif = Image.Exif()
    exif[0x0112] = 6
    gray, chance = SCENE[..., 0], np.random.default_rng(1)
    rgba = np.dstack((SCENE, chance.integers(0, 256, SCENE.shape[:2], np.uint8)))
    palette = io.BytesIO()
    Image.fromarray(SCENE).convert("P").save(palette, "PNG", transparency=3)
    cmyk = io.BytesIO()
    Image.fromarray(SCENE).convert("CMYK").save(cmyk, "JPEG")
    frames = {"save_all": True, "append_images": [Image.fromarray(SCENE[::-1])]}
    run_lengths = bytearray(encoded(gray, "BMP"))[:1078]
    struct.pack_into("<I", run_lengths, 30, 1)
    rows = b"".join(b"".join(b"\x08" + bytes([row[start]]) for start in range(0, 48, 8)) + b"\0\0" for row in gray)
    kinds = {
        "jpeg": encoded(SCENE, "JPEG", exif=exif, comment=b"a comment", icc_profile=bytes(200)),
        "jpeg-progressive": encoded(SCENE, "JPEG", progressive=True),
        "jpeg-gray": encoded(gray, "JPEG", restart_marker_blocks=2),
        "jpeg-cmyk": cmyk.getvalue(),
        "mpo": encoded(SCENE, "MPO", **frames),
        "png": encoded(SCENE, "PNG", exif=exif),
        "png-alpha": encoded(rgba, "PNG"),
        "png-16": encoded(gray.astype(np.uint16) * 257, "PNG"),
        "png-palette": palette.getvalue(),
        "png-animated": encoded(SCENE, "PNG", **frames),
        "avif": encoded(SCENE, "AVIF", exif=exif),
        "avif-alpha": encoded(rgba, "AVIF"),
        "avif-animated": encoded(SCENE, "AVIF", **frames),
        "gif": encoded(SCENE, "GIF", comment=b"a comment"),
        "gif-animated": encoded(SCENE, "GIF", transparency=2, **frames),
        "webp": encoded(SCENE, "WEBP", exif=exif),
        "webp-lossless": encoded(rgba, "WEBP", lossless=True),
        "webp-alpha": encoded(rgba, "WEBP"),
        "webp-animated": encoded(SCENE, "WEBP", **frames),
        "bmp": encoded(SCENE, "BMP"),
        "bmp-gray": encoded(gray, "BMP"),
        "bmp-runs": bytes(run_lengths) + rows + b"\0\1",
        "pgm": encoded(gray, "PPM"),
        "ppm": encoded(SCENE, "PPM"),
        "ppm-text": b"P3 4 4 200\n" + b" ".join(b"%d" % value for value in range(48)),
        "pbm": encoded(gray > 99, "PPM"),
    }
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        kinds[f"tiff-{compression or 'plain'}"] = encoded(SCENE, "TIFF", compression=compression, exif=exif)
    kinds["tiff-pages"] = encoded(SCENE, "TIFF", save_all=True, append_images=[Image.fromarray(SCENE[::-1])])
    return kinds


def mutations(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Damaged files, each with a name that tells the seed file and its number."""
    files = list(seeds().items())
    chance = np.random.default_rng(seed)
    for number in range(count):
        name, data = files[number % len(files)]
        for _ in range(int(chance.integers(1, 5))):
            data = _damaged(data, files, chance)
        yield f"{number}-{name}", data


def _damaged(data: bytes, files: list[tuple[str, bytes]], chance: np.random.Generator) -> bytes:
    """Once more: bits, bytes, numbers of two or four bytes, a piece that goes, comes twice, or from another file."""
    changed = bytearray(data)
    place = int(chance.integers(0, max(1, len(data)) if chance.random() < 0.5 else min(200, max(1, len(data)))))
    length = int(chance.integers(1, 65))
    match int(chance.integers(0, 8)):
        case 0 if changed:
            changed[place % len(changed)] ^= 1 << int(chance.integers(0, 8))
        case 1:
            changed[place : place + length] = chance.integers(0, 256, length, np.uint8).tobytes()
        case 2 | 3:
            value = INTERESTING[int(chance.integers(0, len(INTERESTING)))]
            form = ("<I", ">I", "<H", ">H")[int(chance.integers(0, 4))]
            size = struct.calcsize(form)
            changed[place : place + size] = struct.pack(form, value & ((1 << 8 * size) - 1))
        case 4:
            del changed[place : place + length]
        case 5:
            changed[place:place] = changed[place : place + length] * int(chance.choice((1, 2, 100, 10_000)))
        case 6:
            del changed[place:]
        case 7:
            other = files[int(chance.integers(0, len(files)))][1]
            start = int(chance.integers(0, len(other)))
            changed[place : place + length] = other[start : start + length]
    return bytes(changed[: 2 * MEGABYTE])


def read(pipe: Connection, seconds: float, megabytes: int) -> None:
    """Reads what comes through a pipe, and answers with the outcome and the memory that the process had at most."""
    warnings.simplefilter("ignore")
    read_picture(io.BytesIO(encoded(SCENE, "WEBP")))  # loads what it needs
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit = used + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while True:
        data = pipe.recv_bytes()
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends the process
        began = time.process_time()
        try:
            read_picture(io.BytesIO(data))
            outcome = "read"
        except DataError as error:
            outcome = "memory" if isinstance(error.__cause__, MemoryError) else "refused"
        took = time.process_time() - began
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send((outcome, took, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) / 1024))


class Reader:
    """A process that reads files within limits, and another one once it has ended."""

    def __init__(self, seconds: float, megabytes: int) -> None:
        """Start the first."""
        self._limits = seconds, megabytes
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=read, args=(theirs, *self._limits), daemon=True)
        self._process.start()
        theirs.close()

    def outcome(self, data: bytes) -> tuple[str, float, float]:
        """``read``, ``refused``, ``memory``, or what ended the process; seconds; megabytes."""
        try:
            self._pipe.send_bytes(data)
            answer: tuple[str, float, float] = self._pipe.recv()
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode or 0
            self._start()
            return ("time" if -code == signal.SIGPROF else f"ended with {code}"), self._limits[0], 0.0
        return answer

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def fuzz(files: Iterator[tuple[str, bytes]], seconds: float, megabytes: int) -> dict[str, object]:
    """What became of the files."""
    reader = Reader(seconds, megabytes)
    counts = {"read": 0, "refused": 0}
    longest, largest, findings = (0.0, ""), 0.0, {}
    for name, data in files:
        outcome, took, grown = reader.outcome(data)
        longest, largest = max(longest, (took, name)), max(largest, grown)
        if outcome in counts:
            counts[outcome] += 1
            continue
        findings[name] = outcome
        FINDINGS.mkdir(exist_ok=True)
        (FINDINGS / name).write_bytes(data)
    reader.close()
    return {**counts, "longest": longest, "largest_megabytes": round(largest), "findings": findings}


def main() -> int:
    """As this file's description says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mutations", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--megabytes", type=int, default=300)
    options = parser.parse_args()
    began = time.monotonic()
    outcome = {
        "seed": options.seed,
        "mutations": options.mutations,
        "damaged": fuzz(mutations(options.mutations, options.seed), options.seconds, options.megabytes),
        "bombs": fuzz(iter(bombs().items()), options.seconds, options.megabytes),
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    print(json.dumps(outcome, indent=1))
    return int(any(outcome[part]["findings"] for part in ("damaged", "bombs")))


if __name__ == "__main__":
    sys.exit(main())
