"""The one reader of pictures, for training and prediction alike."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from geofer.errors import DataError


def read_picture(path: Path, *, root: Path | None = None, max_pixels: int = 50_000_000) -> NDArray[np.uint8]:
    """Reads a picture upright.

    Args:
        path: The picture's file.
        root: Folder that the file must lie in once all links are followed; None does not ask.
        max_pixels: Pictures with more pixels are refused before they are decoded.

    Returns:
        ``(H, W, 3)`` RGB.

    Raises:
        DataError: The file is missing, damaged, too large, outside ``root``, or no picture; it names the file.
    """
    if root is not None and not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{path} leads out of {root}; only files inside it are read.")
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > max_pixels:
                raise DataError(f"{path} has {picture.width} × {picture.height} pixels; at most {max_pixels} are read.")
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a picture: {error}.") from error
