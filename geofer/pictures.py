"""The one reader of pictures, for training and prediction alike.

Pillow reads every format: torchvision's PNG reader crashes the process on damaged files, and OpenCV returns a
half-gray picture for a truncated JPEG. Only formats that Pillow decodes within the process are tried (an EPS file
would start Ghostscript), and Pillow sees only what `geofer.bare_pictures` leaves of a file: the pixels of one picture,
no metadata.

What the pixels become, always three channels of 8 bits:

* turned upright as EXIF (or XMP) says;
* gray, palette, CMYK and 1-bit pictures: Pillow's conversion to RGB, without color profiles;
* 16 bits a channel: 8, so that the full range maps to the full range;
* transparency: laid on white, as viewers show it;
* 32-bit and floating-point pixels: refused, since nothing says which value is white;
* animations and files of several pages: the first picture;
* pixels that are missing: refused, in every format. So are the kinds of which no decoder tells: JPEG in TIFF (whose
  missing rows show what was in memory before) and TIFF of rare compressions, JPEG that is coded arithmetically.
"""

import hashlib
from collections.abc import Collection
from importlib.util import find_spec
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from geofer.bare_pictures import BarePicture, DamagedPictureError, bare_picture, format_of, gif_moves, largest_file
from geofer.errors import DataError, printable
from geofer.paths import AnyPath, as_path

FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What is read, by Pillow's names; the content decides, not the file name. HEIC is read where pillow-heif is there."""

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)
"""How files of these formats end; only a folder's files are chosen by it, see `is_picture_file`."""

MAX_PIXELS = 50_000_000
"""Larger pictures are refused before they are decoded, and so are videos with larger frames."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned, by the orientation that Exif gives it."""

HEAD = 64
"""Bytes by which formats are told apart."""

BEGINNING = 16 << 20
"""Bytes of a GIF in which a second picture is looked for."""


def read_picture(
    source: AnyPath | IO[bytes],
    *,
    root: AnyPath | None = None,
    max_pixels: int = MAX_PIXELS,
    formats: Collection[str] = FORMATS,
) -> NDArray[np.uint8]:
    """Reads a picture upright.

    Args:
        source: The picture's file, or an open binary file that can seek, which stays open.
        root: Folder that the file must lie in once all links are followed; None does not ask.
        max_pixels: Pictures with more pixels are refused before they are decoded. Beyond 179 million Pillow's own
            limit stands. Files are refused before they are read if they are larger than such a picture can be.
        formats: Those of `FORMATS` that are taken.

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
            return _decode(source, name, max_pixels, formats)
        if root is not None and not source.resolve().is_relative_to(root.resolve()):
            raise DataError(f"{name} leads out of {printable(root)}; only files inside it are read.")
        if source.exists() and not source.is_file():
            raise DataError(f"{name} is not a regular file.")
        with source.open("rb") as file:
            return _decode(file, name, max_pixels, formats)
    except DataError:
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"{name} has far more than the {max_pixels} pixels that are read.") from error
    except UnidentifiedImageError as error:
        raise DataError(f"{name} is damaged, or no picture in {', '.join(formats)} format.") from error
    except FileNotFoundError as error:
        raise DataError(f"{name} does not exist.") from error
    except Exception as error:  # on damaged files Pillow's decoders raise whatever their parsers do
        raise DataError(f"{name} cannot be read as a picture: {printable(error)}.") from error


def _decode(file: IO[bytes], name: str, max_pixels: int, formats: Collection[str]) -> NDArray[np.uint8]:
    bare = _bare(file, max_pixels, formats)
    if bare.kind == "HEIF":
        _register_heif(name)
    with Image.open(BytesIO(bare.data), formats=(bare.kind,)) as picture:
        if picture.width * picture.height > max_pixels:  # should Pillow take the header in another way
            raise DamagedPictureError(
                f"it has {picture.width} × {picture.height} pixels; at most {max_pixels} are read"
            )
        picture.load()
        _check_complete(picture, bare)
        turn = UPRIGHT.get(bare.orientation)
        return upright(picture if turn is None else picture.transpose(turn), name)


def _register_heif(name: str) -> None:
    """Lets Pillow read HEIC.

    Raises:
        DataError: The extra ``heic`` is not installed.
    """
    if not find_spec("pillow_heif"):
        raise DataError(
            f"{name} is a HEIC picture, which needs pillow-heif: pip install 'geofer[heic]'; or save it as JPEG."
        )
    import pillow_heif

    pillow_heif.register_heif_opener()


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


def _bare(file: IO[bytes], max_pixels: int, formats: Collection[str]) -> BarePicture:
    """What is left of a file once it is known to be of a format that is taken, and not too large."""
    size = file.seek(0, 2)
    file.seek(0)
    kind = format_of(file.read(HEAD))
    if kind is None or kind not in formats:
        raise UnidentifiedImageError
    largest = largest_file(kind, max_pixels)
    if size > largest:
        raise DamagedPictureError(f"the file has {size} bytes; at most {largest} are read")
    file.seek(0)
    return bare_picture(file.read(largest), kind, max_pixels)


def _ends_blank(picture: Image.Image) -> bool:
    """Whether the last row is zero, as Pillow leaves rows that are missing."""
    return not np.asarray(picture.crop((0, picture.height - 1, *picture.size))).any()


def _ends_gray(picture: Image.Image) -> bool:
    """Whether the last block of a JPEG is middle gray on average, as blocks are that are missing."""
    width, height = picture.size
    block = picture.crop(((width - 1) // 8 * 8, (height - 1) // 8 * 8, width, height))
    return picture.mode == "CMYK" or abs(float(np.asarray(block.convert("L")).mean()) - 128) < 8


def _check_complete(picture: Image.Image, bare: BarePicture) -> None:
    """Raises DamagedPictureError if pixels of a picture are none of its file's."""
    if bare.check_rows is not None and _ends_blank(picture):
        bare.check_rows()
    if bare.other_ground is None or (bare.only_if_gray and not _ends_gray(picture)):
        return
    with Image.open(BytesIO(bare.other_ground), formats=(bare.kind,)) as other:
        shown, expected = (np.asarray(each.crop(bare.frame)) for each in (other, picture))
    if not np.array_equal(shown, expected):
        raise DamagedPictureError("rows are missing")


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
        with path.open("rb") as file:
            return format_of(file.read(HEAD)) is not None
    except OSError:
        return False


def is_animation(path: Path) -> bool:
    """Whether a file is a GIF of several pictures, as far as its beginning tells; False if it cannot be read."""
    if not path.is_file():  # a pipe would wait for somebody to write
        return False
    try:
        with path.open("rb") as file:
            return format_of(file.read(HEAD)) == "GIF" and gif_moves(_beginning(file))
    except OSError:  # whatever is wrong with it, `read_picture` will tell
        return False


def _beginning(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(BEGINNING)


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
