"""Cropped faces on disk: where each file of a cache lies, and how a cache becomes a store of faces.

``index.parquet`` has one row a face and is written last: a cache that has it is complete. ``pictures.npy`` and
``landmarks.npy`` have a slot for every record of the data set, and zeros where it gave no face; on most file systems
these take no space. So has ``blendshapes.npy``, if the detector tells blendshapes, with NaN where it did not; caches of
earlier versions lack it. ``parts`` holds the finished chunks of a cache that is not complete yet.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from geofer.datamodules.face_dataset import MappedRows, PictureSource, ShardedPictures
from geofer.datamodules.preparation.index import FaceIndex, open_remote
from geofer.errors import DataError
from geofer.faces import NUM_LANDMARKS
from geofer.landmarks.face_mesh import BLENDSHAPES
from geofer.paths import naming, open_new, open_to_change

PICTURES, LANDMARKS, HEAD_BLENDSHAPES, SHARDS = "pictures.npy", "landmarks.npy", "blendshapes.npy", "shards"


@dataclass(frozen=True)
class SlotFile:
    """A NumPy file with one entry for every record, which several processes fill at the same time.

    It is written through the file, not through a memory map: a full disk is then an error, not a crash.

    Attributes:
        path: The file.
        shape: Of one entry.
        dtype: Of its numbers.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: DTypeLike

    def create(self, slots: int) -> None:
        """Makes the file with zeros in all slots; one that is there, or a link, is replaced."""
        with naming(self.path), open_new(self.path) as file:
            descr, shape = np.lib.format.dtype_to_descr(np.dtype(self.dtype)), (slots, *self.shape)
            np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
            file.truncate(file.tell() + slots * self._entry_size)

    def write(self, slots: Sequence[int], entries: Sequence[NDArray[Any]]) -> None:
        """Fills some slots, and returns once they are on the disk."""
        with naming(self.path), open_to_change(self.path) as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            start = file.tell()
            for slot, entry in zip(slots, entries, strict=True):
                file.seek(start + slot * self._entry_size)
                file.write(np.ascontiguousarray(entry, self.dtype).tobytes())
            file.flush()
            os.fsync(file.fileno())

    @property
    def _entry_size(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


def pictures_file(folder: Path, image_size: int) -> SlotFile:
    """Crops ``(S, S, 3)`` uint8."""
    return SlotFile(folder / PICTURES, (image_size, image_size, 3), np.uint8)


def landmarks_file(folder: Path) -> SlotFile:
    """Landmarks ``(68, 2)`` float32 in [-1, 1] of the crop."""
    return SlotFile(folder / LANDMARKS, (NUM_LANDMARKS, 2), np.float32)


def blendshapes_file(folder: Path) -> SlotFile:
    """Blendshapes ``(52,)`` float32, in the order of `geofer.landmarks.face_mesh.BLENDSHAPES`."""
    return SlotFile(folder / HEAD_BLENDSHAPES, (len(BLENDSHAPES),), np.float32)


def open_pictures(folder: str, index: FaceIndex, slots: NDArray[np.int64]) -> PictureSource:
    """The crops of a complete cache, in the order of its index.

    Args:
        folder: The cache's folder or address.
        index: Its index.
        slots: ``(N,)`` where each face of the index lies.

    Raises:
        DataError: They are missing or damaged, or only LitData can read them from there.
    """
    if index.info.cache == "litdata":
        from geofer.datamodules.preparation.shards import LitDataPictures

        return LitDataPictures(f"{folder.rstrip('/')}/{SHARDS}", len(slots), index.info.image_size)
    if "://" in folder:
        raise DataError(
            f"{folder} is a memory-map cache, which only a local disk can hold. Prepare with cache: litdata."
        )
    size = index.info.image_size
    return ShardedPictures([MappedRows(_mapped(Path(folder, PICTURES), (index.info.slots, size, size, 3)), slots)])


def open_landmarks(folder: str, index: FaceIndex, slots: NDArray[np.int64]) -> MappedRows:
    """Landmarks of a complete cache in [-1, 1] of the crop, in the order of its index; from afar they are copied first.

    Raises:
        DataError: They are missing or damaged.
    """
    return _open_rows(folder, LANDMARKS, (index.info.slots, NUM_LANDMARKS, 2), slots)


def open_blendshapes(folder: str, index: FaceIndex, slots: NDArray[np.int64]) -> MappedRows | None:
    """Blendshapes of a complete cache, in the order of its index; None if it has none.

    Raises:
        DataError: They are damaged.
    """
    try:
        open_remote(f"{folder.rstrip('/')}/{HEAD_BLENDSHAPES}").close()
    except FileNotFoundError:
        return None
    return _open_rows(folder, HEAD_BLENDSHAPES, (index.info.slots, len(BLENDSHAPES)), slots)


def _open_rows(folder: str, name: str, shape: tuple[int, ...], slots: NDArray[np.int64]) -> MappedRows:
    if "://" not in folder:
        return MappedRows(_mapped(Path(folder, name), shape), slots)
    with tempfile.NamedTemporaryFile(suffix=".npy") as local, open_remote(f"{folder.rstrip('/')}/{name}") as file:
        shutil.copyfileobj(file, local)
        local.flush()
        return MappedRows(_mapped(Path(local.name), shape), slots)  # the map outlives the file's name


def _mapped(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        if array.shape != shape:
            raise ValueError(f"it has shape {array.shape}, not {shape}")
    except Exception as error:  # numpy raises various types for a damaged header
        raise DataError(
            f"{path} is missing or damaged ({error}). Remove its folder and run `geofer prepare` to make it again."
        ) from error
    return array
