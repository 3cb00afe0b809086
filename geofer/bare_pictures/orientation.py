"""How a picture is turned upright, as Exif or XMP tell it: all that is read of metadata."""

import re
import struct

MAX_METADATA = 1 << 20
"""Bytes of Exif or XMP that are looked through for the orientation, once they are unpacked."""

ORIENTATION = 0x0112
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"


def orientation_of(exif: bytes | None, xmp: bytes | None) -> int:
    """What the first Exif and the first XMP data of a file tell; Exif comes first. Further ones are not looked at."""
    told = exif_orientation(exif) if exif else None
    return told or (xmp_orientation(xmp) if xmp else None) or 1


def exif_orientation(exif: bytes) -> int | None:
    """The orientation that Exif data tell, with or without the header before them; None if they tell none."""
    exif = exif.removeprefix(EXIF)[:MAX_METADATA]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    try:
        (place,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, place)
        for entry in range(place + 2, place + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", exif, entry)
            if tag == ORIENTATION:
                form = {1: "B", 3: "H", 4: "I"}.get(kind, "H")
                return known(struct.unpack_from(order + form, exif, entry + 8)[0])
    except struct.error:  # they are damaged, the picture need not be
        pass
    return None


def xmp_orientation(xmp: bytes) -> int | None:
    """The orientation that XMP data tell; None if they tell none."""
    found = re.search(rb'tiff:Orientation(?:="|>)([0-9])', xmp[:MAX_METADATA])
    return known(int(found[1])) if found else None


def known(orientation: int) -> int | None:
    """An orientation, if it is one."""
    return orientation if 1 <= orientation <= 8 else None
