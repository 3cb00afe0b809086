"""Whatever a caller has in their hands becomes pixels: ``(H, W, 3)`` uint8 RGB, upright.

Files, bytes and open files go through `geofer.pictures.read_picture`, Pillow's pictures through the same conversion, so
that one picture gives the same pixels in each of these forms.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from geofer.errors import DataError, printable
from geofer.pictures import MAX_PIXELS, read_picture, upright

Picture = str | PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | NDArray[Any] | Tensor
"""One picture, see `read_any`."""

Pictures = Iterable[Any] | Mapping[str, Any]
"""Several pictures, see `several`."""

FORMS = "a path, bytes, a binary file, a Pillow picture, an array (H, W, 3) or a tensor (3, H, W)"


def several(pictures: object) -> Iterator[Picture] | None:
    """The pictures of what holds several; None if it is a single one.

    Several are: a list, a tuple, a generator or anything else to be iterated over, such as a Series of pandas; an array
    ``(B, H, W)`` of texts or ``(B, H, W, C)``; a tensor ``(B, C, H, W)``; a batch of geofer's loaders, whose ``image``
    counts. They are taken one by one, so a generator may have more than fit into memory.

    Raises:
        DataError: It is a table: a column of it must be named.
    """
    if isinstance(pictures, str | bytes | bytearray | memoryview | PathLike | Image.Image) or hasattr(pictures, "read"):
        return None
    if isinstance(pictures, Mapping):
        if "image" not in pictures:
            raise DataError("A dictionary is no picture; a batch of geofer has its pictures under 'image'.")
        return several(pictures["image"])
    if type(pictures).__name__ == "DataFrame":
        raise DataError("A DataFrame is no picture; name the column that has the pictures or their paths.")
    if isinstance(pictures, Tensor):
        return iter(pictures) if pictures.ndim == 4 else None
    if hasattr(pictures, "__array__"):
        array = np.asarray(pictures)
        return iter(array) if array.ndim == 4 or array.ndim == 1 else None
    return iter(pictures) if isinstance(pictures, Iterable) else None


def read_any(picture: Picture) -> tuple[NDArray[np.uint8], str]:
    """The pixels of a picture in any form.

    Args:
        picture: One of

            * a path, as text or `pathlib.Path`;
            * the bytes of a file, or a file that is open for reading bytes, of any format that geofer reads;
            * a Pillow picture; it is turned as its EXIF says, unless that was done before;
            * an array ``(H, W)``, ``(H, W, 1)`` gray, ``(H, W, 3)`` RGB or ``(H, W, 4)`` RGBA, which is laid on white;
            * a tensor ``(H, W)``, ``(1, H, W)``, ``(3, H, W)`` or ``(4, H, W)``, alike.

            Values are whole numbers from 0 to 255, floats from 0 to 1, or bool.

    Returns:
        ``(H, W, 3)`` uint8 RGB, and a name for messages.

    Raises:
        DataError: It cannot be read, or is no picture.
    """
    if isinstance(picture, str | PathLike):
        if "://" in str(picture):
            raise DataError(f"{printable(picture)} is an address; save the picture on this machine first.")
        return read_picture(Path(picture)), printable(picture)
    if isinstance(picture, bytes | bytearray | memoryview):
        return read_picture(io.BytesIO(picture)), "The picture"
    if isinstance(picture, Image.Image):
        return _from_pillow(picture), "The picture"
    if hasattr(picture, "read"):
        return _from_file(picture), printable(getattr(picture, "name", "The picture"))
    if isinstance(picture, Tensor):
        return _from_array(_channels_last(picture), _described(picture)), "The picture"
    if hasattr(picture, "__array__"):
        array = np.asarray(picture)
        return _from_array(array, _described(array)), "The picture"
    raise DataError(f"No picture can be read from an object of type {type(picture).__name__}; give {FORMS}.")


def _from_file(file: Any) -> NDArray[np.uint8]:  # noqa: ANN401 - whatever can be read from
    content = file.read()
    if not isinstance(content, bytes):
        raise DataError("The file is open as text; open it as bytes, with the mode 'rb'.")
    return read_picture(io.BytesIO(content))


def _from_pillow(picture: Image.Image) -> NDArray[np.uint8]:
    if picture.width * picture.height > MAX_PIXELS:
        raise DataError(f"The picture has {picture.width} × {picture.height} pixels; at most {MAX_PIXELS} are read.")
    try:
        return upright(picture, "The picture")
    except DataError:
        raise
    except Exception as error:  # a lazy picture is decoded only now, and may be damaged or closed
        raise DataError(f"The picture cannot be read: {printable(error)}.") from error


def _described(array: NDArray[Any] | Tensor) -> str:
    kind = "tensor" if isinstance(array, Tensor) else "array"
    return f"{kind} of shape {tuple(array.shape)} and {str(array.dtype).removeprefix('torch.')}"


def _channels_last(tensor: Tensor) -> NDArray[Any]:
    """``(C, H, W)`` to ``(H, W, C)``; ``(H, W)`` stays."""
    if tensor.ndim not in (2, 3) or (tensor.ndim == 3 and tensor.shape[0] not in (1, 3, 4)):
        raise DataError(f"A {_described(tensor)} is no picture; give (3, H, W), RGB.")
    tensor = tensor.detach().cpu()
    if tensor.dtype in (torch.bfloat16, torch.float16):
        tensor = tensor.float()
    return (tensor.permute(1, 2, 0) if tensor.ndim == 3 else tensor).numpy()


def _from_array(array: NDArray[Any], described: str) -> NDArray[np.uint8]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        hint = " The channels come last: transpose it by (1, 2, 0)." if _channels_first(array.shape) else ""
        raise DataError(f"An {described} is no picture; give (H, W, 3), RGB.{hint}".replace("An tensor", "A tensor"))
    values = _bytes(array, described)
    if values.ndim == 2 or values.shape[2] == 1:
        return np.repeat(values.reshape(*values.shape[:2], 1), 3, axis=2)
    if values.shape[2] == 4:
        return upright(Image.fromarray(np.ascontiguousarray(values)), "The picture")
    return np.ascontiguousarray(values)


def _channels_first(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] in (1, 3, 4)


def _bytes(array: NDArray[Any], described: str) -> NDArray[np.uint8]:
    """The values as uint8. None is guessed at: a wrong guess looks like a faint picture."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind not in "iuf":
        raise DataError(f"An {described} is no picture; give uint8.".replace("An tensor", "A tensor"))
    floats = array.dtype.kind == "f"
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= (1 if floats else 255)):
        told = f"A{'' if 'tensor' in described else 'n'} {described} from {low:g} to {high:g} is no picture"
        if floats:
            raise DataError(
                f"{told}; give values in [0, 1]: (x + 1) / 2 of those in [-1, 1], x / 255 of those in [0, 255]."
            )
        raise DataError(f"{told}; give uint8, from 0 to 255: x >> 8 of 16 bits.")
    return np.asarray(np.round(array.astype(np.float32) * 255) if floats else array).astype(np.uint8)
