"""Files of pictures that are made to cost minutes or gigabytes, or to show what they do not hold.

    python benchmarks/picture_bombs.py FOLDER

Writes one file each into a folder. `bombs` gives them to the tests, to `fuzz_pictures.py` and to `demo_load.py`. Most
hold a small picture beside what is costly: a reader may give that picture, or refuse the file, but at no cost.
"""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

MUCH = 4_000_000
"""Bytes of what is repeated; a page that takes 10 MB takes each of the files."""

SCENE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8).repeat(8, 0).repeat(8, 1)
"""The picture beside it, ``(32, 48, 3)``."""


def encoded(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    """A file of a picture."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, kind, **options)
    return file.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def tiff(entries: list[tuple[int, int, int, int]], rest: bytes = b"", following: int = 0) -> bytes:
    """A TIFF of one directory: tag, kind, number of values, the value or where it is; ``rest`` begins behind it."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + struct.pack("<I", following) + rest


def tiff_of_jpeg(rows: int, written: int, strip: bytes | None = None) -> bytes:
    """A TIFF whose one strip says that it has more rows than its JPEG has."""
    data = strip or encoded(np.full((written, 64, 3), 200, np.uint8), "JPEG", subsampling=0)
    values = {256: 64, 257: rows, 258: 8, 259: 7, 262: 6, 277: 3, 278: rows, 279: len(data)}
    place = 8 + 2 + 12 * (len(values) + 1) + 4
    return tiff([(tag, 4, 1, value) for tag, value in {**values, 273: place}.items()], data)


def many(piece: bytes, most: int | None = None) -> bytes:
    """As often as fits."""
    return piece * min(MUCH // len(piece), most or MUCH)


def jpegs() -> dict[str, bytes]:
    """JPEG files."""
    whole = encoded(SCENE, "JPEG")
    entries = 5000  # of a directory in which each value is nearly all of it
    overlapping = b"II*\0\x08\0\0\0" + struct.pack("<H", entries)
    overlapping += b"".join(struct.pack("<HHII", 40_000 + n, 7, 60_000, 8) for n in range(entries)) + bytes(5000)
    progressive = encoded(np.zeros((2000, 2000), np.uint8), "JPEG", progressive=True)
    last = progressive[progressive.rfind(b"\xff\xda") : -2]
    inner = {
        "exif-headers": many(segment(0xE1, b"Exif\0\0" * 10_000)),
        "exif-small": many(segment(0xE1, b"Exif\0\0a")),
        "app-small": many(segment(0xE5, b"a")),
        "comment-small": many(segment(0xFE, b"a")),
        "xmp-small": many(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0a")),
        "icc-small": many(segment(0xE2, b"ICC_PROFILE\0\1\1a")),
        "photoshop": many(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 5000)),
        "exif-overlapping": segment(0xE1, b"Exif\0\0" + overlapping),
        "exif-long": many(segment(0xE1, b"Exif\0\0" + overlapping)),
        "mpf-overlapping": segment(0xE2, b"MPF\0" + overlapping),
        "adobe-small": many(segment(0xEE, b"Adobe\0\0\0\0\0\0\0")),
        "tables": many(segment(0xDB, b"\0" + b"\1" * 64)),
        "fill": b"\xff" * MUCH,
        "junk": b"\0" * MUCH,
        "restarts": b"\xff\xd0" * (MUCH // 2),
    }
    files = {f"{name}.jpg": whole[:2] + costly + whole[2:] for name, costly in inner.items()}
    scan = whole.rfind(b"\xff\xda")
    start = scan + 2 + int.from_bytes(whole[scan + 2 : scan + 4])
    files["restarts-in-scan.jpg"] = whole[:start] + b"\xff\xd0" * (MUCH // 2) + whole[start:]
    files["scans.jpg"] = progressive[:-2] + many(last, 2000) + b"\xff\xd9"
    files["header.jpg"] = _with(whole, whole.find(b"\xff\xc0") + 5, ">HH", 50_000, 50_000)
    files["short.jpg"] = whole[: start + 40] + b"\xff\xd9"
    return files


def pngs() -> dict[str, bytes]:
    """PNG files."""
    whole = encoded(SCENE, "PNG")
    bomb, some = zlib.compress(bytes(100_000_000)), zlib.compress(bytes(900_000))
    texts = b"".join(chunk(b"zTXt", b"k%d\0\0" % number + some) for number in range(200))
    inner = {
        "text": chunk(b"zTXt", b"k\0\0" + bomb),
        "texts": texts,
        "profile": chunk(b"iCCP", b"k\0\0" + bomb),
        "profiles": chunk(b"iCCP", b"k\0\0" + some) * 200,
        "xmp": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb),
        "raw-exif": chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb),
        "xmp-many": many(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + some)),
        "raw-exif-many": many(chunk(b"zTXt", b"Raw profile type exif\0\0" + some)),
        "texts-small": many(chunk(b"tEXt", b"k\0a")),
        "exif-headers": chunk(b"eXIf", many(b"Exif\0\0")),
        "unknown-small": many(chunk(b"abCd", b"")),
        "frames": chunk(b"acTL", struct.pack(">II", 60_000, 0))
        + b"".join(chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, 48, 32, 0, 0, 1, 1, 0, 0)) for n in range(MUCH // 40)),
        "empty-pixels": many(chunk(b"IDAT", b"")),
    }
    files = {f"{name}.png": whole[:33] + costly + whole[33:] for name, costly in inner.items()}
    header = whole[:8]
    for name, width, height, depth, pixels in (
        ("header.png", 50_000, 50_000, 8, b""),
        ("pixels.png", 8000, 8000, 1, bytes(8000 * 1001)),
        ("short.png", 64, 64, 8, bytes(65 * 20)),
    ):
        parts = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
        files[name] = header + parts + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return files


def gifs() -> dict[str, bytes]:
    """GIF files."""
    whole = encoded(SCENE, "GIF")
    start = 13 + (3 << (whole[10] & 7) + 1)
    inner = {
        "comment-small": b"!\xfe" + many(b"\1a") + b"\0",
        "comments": many(b"!\xfe\1a\0"),
        "application": b"!\xff\x0bNETSCAPE2.0" + many(b"\1a") + b"\0",
        "controls": many(b"!\xf9\4\0\0\0\0\0"),
        "text-small": b"!\1" + many(b"\1a") + b"\0",
    }
    files = {f"{name}.gif": whole[:start] + costly + whole[start:] for name, costly in inner.items()}
    files["frames.gif"] = whole[:-1] + many(whole[start:-1]) + b";"
    image = b",\0\0\0\0" + struct.pack("<HH", 48, 32) + b"\0"
    files["blocks-small.gif"] = whole[:start] + image + b"\x08" + many(b"\1\0") + b"\0;"
    files["short.gif"] = whole[:start] + image + b"\x08\3\0\3\2\0;"  # clear, a pixel, end
    files["header.gif"] = _with(whole, 6, "<HH", 50_000, 50_000)
    return files


def webps() -> dict[str, bytes]:
    """WebP files."""
    whole = encoded(SCENE, "WEBP", lossless=True)
    extended = struct.pack("<4sIBBBBHBHB", b"VP8X", 10, 0x2C, 0, 0, 0, 47, 0, 31, 0)

    def riff(body: bytes) -> bytes:
        return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body

    def part(kind: bytes, content: bytes) -> bytes:
        return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    frame = part(b"ANMF", struct.pack("<HBHBHBHBHBB", 0, 0, 0, 0, 47, 0, 31, 0, 1, 0, 0) + whole[12:])
    animated = struct.pack("<4sIBBBBHBHB", b"VP8X", 10, 2, 0, 0, 0, 47, 0, 31, 0) + part(b"ANIM", bytes(6))
    return {
        "unknown-small.webp": riff(extended + whole[12:] + many(part(b"abcd", b""))),
        "exif-headers.webp": riff(extended + whole[12:] + part(b"EXIF", many(b"Exif\0\0"))),
        "profile.webp": riff(extended + part(b"ICCP", bytes(MUCH)) + whole[12:]),
        "xmp-small.webp": riff(extended + whole[12:] + many(part(b"XMP ", b"aa"))),
        "frames.webp": riff(animated + many(frame)),
        "header.webp": b"RIFF\x1e\0\0\0WEBPVP8L\x12\0\0\0/" + b"\xff" * 4 + bytes(13),  # 16,384 × 16,384
        "header-extended.webp": riff(struct.pack("<4sIII", b"VP8X", 10, 0, 0)[:12] + b"\xff" * 6 + whole[12:]),
    }


def tiffs() -> dict[str, bytes]:
    """TIFF files."""
    pixels = bytes(SCENE[..., 0])
    plain = {256: 48, 257: 32, 258: 8, 259: 1, 262: 1, 277: 1, 278: 32, 279: len(pixels)}

    def of(more: list[tuple[int, int, int, int]], rest: bytes, following: int = 0, **other: int) -> bytes:
        values = {**plain, **{int(tag[1:]): value for tag, value in other.items()}}
        taken = {entry[0] for entry in more}
        entries = [(tag, 4, 1, value) for tag, value in values.items() if tag not in taken]
        place = 8 + 2 + 12 * (len(entries) + len(more) + (273 not in taken)) + 4
        entries += more if 273 in taken else [*more, (273, 4, 1, place)]
        return tiff(entries, pixels + rest, following)

    overlapping = [(40_000 + number, 7, 1_000_000, 8) for number in range(20_000)]
    chain = bytearray(of([], b""))
    for _ in range(MUCH // 18):
        chain += struct.pack("<HHHIII", 1, 256, 4, 1, 48, len(chain) + 18)
    exif = len(of([(34665, 4, 1, 0)], b""))
    colors = [(258, 3, 1, 1), (320, 3, 3 << 20, 8)]
    strips = 90_000
    narrow = of([], b"", t257=strips, t256=1, t278=1)
    jpeg = encoded(np.full((16, 64, 3), 200, np.uint8), "JPEG", subsampling=0)
    return {
        "overlapping.tif": of(overlapping, bytes(1_000_000)),
        "loop.tif": of([], b"", following=8),
        "chain.tif": bytes(chain),
        "exif-loop.tif": of([(34665, 4, 1, exif)], struct.pack("<HHHIII", 1, 34665, 4, 1, exif, 0)),
        "exif-overlapping.tif": of(
            [(34665, 4, 1, exif)],
            struct.pack("<H", 20_000) + b"".join(struct.pack("<HHII", *entry) for entry in overlapping) + bytes(10**6),
        ),
        "profile.tif": of([(34675, 7, MUCH, 8)], bytes(MUCH)),
        "colors.tif": of(colors, bytes(6 << 20)),
        "twice.tif": of([(256, 4, 1, 48)] * 60_000 + [(256, 4, 1, 48)], b""),
        "strips.tif": of([(273, 4, strips, 200), (279, 4, strips, 200)], bytes(4 * strips), t257=31, t278=30),
        "strips-missing.tif": of([], b"", t257=64),
        "strips-none.tif": narrow,
        "jpeg-short.tif": tiff_of_jpeg(512, 16),
        "jpeg-tables.tif": tiff_of_jpeg(512, 16, jpeg[:-40] + b"\xff\xd9"),
        "jpeg-old.tif": _with(tiff_of_jpeg(512, 16), 8 + 2 + 12 * 3 + 8, "<I", 6),
        "tile.tif": tiff([(t, 4, 1, v) for t, v in {**plain, 322: 10_000, 323: 10_000, 324: 0, 325: 9}.items()]),
        "fax-short.tif": of([], b"", t258=1, t259=4, t257=3200, t278=3200),
    }


def others() -> dict[str, bytes]:
    """BMP and PPM files."""
    bitmap = encoded(SCENE[..., 0], "BMP")
    runs = _with(_with(bitmap, 18, "<ii", 7000, 7000), 30, "<I", 1)
    return {
        "header.bmp": _with(bitmap, 18, "<ii", 50_000, 50_000),
        "header-size.bmp": _with(bitmap, 14, "<I", 0xFFFFFFFF),
        "lines.bmp": runs + b"\1\1\0\0" * 10_000,
        "deltas.bmp": runs + b"\0\2\xff\xff" * 10_000,
        "runs-short.bmp": _with(bitmap, 30, "<I", 1)[:1078] + b"\1\1\0\1",
        "colors.bmp": _with(bitmap, 46, "<I", 65_536),
        "header.ppm": b"P6 50000 50000 255\n",
        "comments.ppm": b"P3 48 32 255\n" + many(b"#\n") + b"7 " * 48 * 32 * 3,
        "comments-header.ppm": b"P6\n" + many(b"#\n") + b"48 32 255\n" + SCENE.tobytes(),
        "blanks.ppm": b"P3 48 32 255\n" + many(b" ") + b"7 " * 48 * 32 * 3,
        "odd-highest.ppm": b"P6 1000 1000 254\n" + bytes(3_000_000),
        "digits.ppm": b"P3 800 800 255\n" + b"7 " * 800 * 800 * 3,
        "long-digits.ppm": b"P3 48 32 255\n" + b"7" * MUCH,
        "short.ppm": b"P6 48 32 255\n" + bytes(4000),
        "short.pbm": b"P4 48 32\n" + bytes(100),
    }


def _with(data: bytes, place: int, form: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, place, *values)
    return bytes(changed)


def bombs() -> dict[str, bytes]:
    """Every file, by its name."""
    return {**jpegs(), **pngs(), **gifs(), **webps(), **tiffs(), **others()}


def sparse_files(folder: Path) -> list[Path]:
    """Files of 4 GiB that take next to nothing on the disk: the beginning of each format, then nothing."""
    files = []
    for kind in ("JPEG", "PNG", "TIFF", "BMP"):
        files.append(folder / f"sparse.{kind.lower()}")
        with files[-1].open("wb") as file:
            file.write(encoded(SCENE, kind)[:600])
            file.truncate(4 << 30)
    return files


def main() -> None:
    """Writes them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in bombs().items():
        (folder / name).write_bytes(data)
    sparse_files(folder)


if __name__ == "__main__":
    main()
