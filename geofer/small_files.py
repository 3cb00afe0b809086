"""Small files from outside, such as the landmarks of one face: their size is looked at before they are read."""

import math
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 64 * 1024
"""Bytes; 68 points take less than a tenth of it in every format."""

KINDS = "biufU"
"""Of the arrays' entries: numbers and texts, as NumPy calls them."""


def small_file(path: Path) -> bytes:
    """What a file holds.

    Raises:
        ValueError: It has more than `LARGEST` bytes, or is a pipe or the like.
        OSError: It cannot be read.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"it has more than {LARGEST} bytes")
    return data


def small_array(path: Path) -> NDArray[Any]:
    """The array of a ``.npy`` file. Nothing is unpickled.

    Raises:
        ValueError: The file is something else, damaged, larger than `LARGEST`, or holds other than numbers or texts.
        OSError: It cannot be read.
    """
    file = BytesIO(small_file(path))
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version not in readers:
        raise ValueError(f"it is of the version {version}; 1.0 and 2.0 are read")
    try:
        shape, fortran, kind = readers[version](file)
    except Exception as error:  # NumPy takes it for Python, and tokenizers and parsers raise what they like
        raise ValueError(f"its header is damaged ({type(error).__name__})") from error
    data = file.read()
    if kind.kind not in KINDS or not kind.itemsize:
        raise ValueError(f"it holds {kind}, neither numbers nor texts")
    if min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != len(data):
        raise ValueError(f"an array {shape} of {kind} does not take {len(data)} bytes")
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")
