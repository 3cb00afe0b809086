"""The one reader of pictures, for training and prediction alike.

Pillow reads every format: torchvision's PNG reader crashes the process on damaged files, and OpenCV returns a
half-gray picture for a truncated JPEG. Only formats that Pillow decodes within the process are tried (an EPS file
would start Ghostscript).

What the pixels become, always three channels of 8 bits:

* turned upright as EXIF (or XMP) says;
* gray, palette, CMYK and 1-bit pictures: Pillow's conversion to RGB, without color profiles;
* 16 bits a channel: the upper 8, so that the full range maps to the full range;
* transparency: laid on white, as viewers show it;
* 32-bit and floating-point pixels: refused, since nothing says which value is white;
* animations and files of several pages: the first picture.
"""

import hashlib
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TILELENGTH, TILEWIDTH, TiffImageFile

from geofer.errors import DataError, printable
from geofer.paths import AnyPath, as_path

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is read, by Pillow's names; the content decides, not the file name. HEIC is read where pillow-heif is there."""

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
"""How files of these formats end; only a folder's files are chosen by it, see `is_picture_file`."""

MAX_PIXELS = 50_000_000
"""Larger pictures are refused before they are decoded, and so are videos with larger frames."""

HEIC_BRANDS = (b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevx", b"mif1", b"msf1")
"""What a file of the HEIF family says that it is; with the last two it may also be AVIF."""

START_OF_SCAN = b"\xff\xda"
MAX_SCANS = 100
"""How often a JPEG of the largest size allowed may go over its pixels; progressive ones commonly do so 10 times."""


def read_picture(
    source: AnyPath | IO[bytes], *, root: AnyPath | None = None, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """Reads a picture upright.

    Args:
        source: The picture's file, or an open binary file that can seek, which stays open.
        root: Folder that the file must lie in once all links are followed; None does not ask.
        max_pixels: Pictures with more pixels are refused before they are decoded. Beyond 179 million Pillow's own
            limit stands.

    Returns:
        ``(H, W, 3)`` RGB, writable.

    Raises:
        DataError: The file is missing, damaged, too large, outside ``root``, or no picture; it names the file.
    """
    if isinstance(source, str | PathLike):
        source = as_path(source)
    root = None if root is None else as_path(root)
    name = printable(source) if isinstance(source, Path) else "The picture"
    try:
        if not isinstance(source, Path):
            return _decode(source, name, max_pixels)
        if root is not None and not source.resolve().is_relative_to(root.resolve()):
            raise DataError(f"{name} leads out of {printable(root)}; only files inside it are read.")
        if source.exists() and not source.is_file():
            raise DataError(f"{name} is not a regular file.")
        with source.open("rb") as file:
            return _decode(file, name, max_pixels)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{name} has far more than the {max_pixels} pixels that are read.") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is damaged, or no picture in {', '.join(FORMATS)} format.") from error
    except FileNotFoundError as error:
        raise DataError(f"{name} does not exist.") from error
    except Exception as error:  # on damaged files Pillow's decoders raise whatever their parsers do
        raise DataError(f"{name} cannot be read as a picture: {printable(error)}.") from error


def _decode(file: IO[bytes], name: str, max_pixels: int) -> NDArray[np.uint8]:
    with _opened(file, name) as picture:
        _check_cost(picture, file, name, max_pixels)
        return upright(picture, name)


def upright(picture: Image.Image, name: str) -> NDArray[np.uint8]:
    """The pixels of an opened picture, turned as its EXIF or XMP says.

    Args:
        picture: Pillow's picture, decoded or not.
        name: For messages.

    Returns:
        ``(H, W, 3)`` RGB, writable.

    Raises:
        DataError: It has 32-bit or floating-point pixels.
    """
    if picture.mode in ("I", "F"):
        raise DataError(
            f"{name} holds 32-bit pixels, and nothing says which value is white; save it with 8 or 16 bits."
        )
    return np.array(to_rgb(ImageOps.exif_transpose(picture)))


def _opened(file: IO[bytes], name: str) -> ImageFile.ImageFile:
    """The picture in one of `FORMATS`, or HEIC where pillow-heif is installed."""
    file.seek(0)
    head = file.read(12)
    file.seek(0)
    if head[4:8] != b"ftyp" or head[8:] not in HEIC_BRANDS:
        return Image.open(file, formats=FORMATS)
    if find_spec("pillow_heif"):
        import pillow_heif

        pillow_heif.register_heif_opener()
        return Image.open(file, formats=(*FORMATS, "HEIF"))
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise DataError(
            f"{name} is a HEIC picture, which needs pillow-heif: pip install 'geofer[heic]'; or save it as JPEG."
        ) from None


def _check_cost(picture: ImageFile.ImageFile, file: IO[bytes], name: str, max_pixels: int) -> None:
    pixels = picture.width * picture.height
    if pixels > max_pixels:
        raise DataError(f"{name} has {picture.width} × {picture.height} pixels; at most {max_pixels} are read.")
    if isinstance(picture, TiffImageFile):
        width, length = (picture.tag_v2.get(tag, 0) for tag in (TILEWIDTH, TILELENGTH))
        if width * length > max_pixels:  # a tile is decoded whole, however small the picture
            raise DataError(f"{name} has tiles of {width} × {length} pixels; at most {max_pixels} are read.")
    if isinstance(picture, JpegImageFile):
        file.seek(0)
        scans = file.read().count(START_OF_SCAN)
        if scans * pixels > MAX_SCANS * max_pixels:
            raise DataError(f"{name} goes over its {picture.width} × {picture.height} pixels {scans} times; refused.")


def to_rgb(picture: Image.Image) -> Image.Image:
    """Three channels of 8 bits of a picture that has been decoded, as this module's description says."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def is_picture_file(path: Path) -> bool:
    """Whether a file of a folder is meant as a picture: by its ending or, where it has none, by its content.

    Hidden files are not; they begin with a dot.
    """
    if path.name.startswith(".") or not path.is_file():
        return False
    if path.suffix:
        return path.suffix.lower() in SUFFIXES
    try:
        with path.open("rb") as file, _opened(file, path.name):
            return True
    except Exception:  # Pillow's parsers raise whatever they meet
        return False


def is_animation(path: Path) -> bool:
    """Whether a file is a GIF of several pictures, as far as its beginning tells; False if it cannot be read."""
    try:
        with Image.open(path, formats=("GIF",)) as picture:
            return bool(getattr(picture, "is_animated", False))
    except Exception:  # whatever is wrong with it, `read_picture` will tell
        return False


def picture_digest(picture: NDArray[np.uint8]) -> str:
    """Tells whether two pictures show the same pixels, in whatever files they lie.

    A picture that was compressed anew or resized has other pixels, and so another digest.

    Args:
        picture: ``(H, W, 3)`` upright RGB, as `read_picture` gives it.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.blake2b(repr(picture.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()
