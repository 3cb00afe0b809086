"""Crops in LitData's shards, which several machines read from a shared disk or an object store."""

import json
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.preparation.index import open_remote
from geofer.errors import ConfigError, DataError

SHARD_BYTES = "64MB"


def write_shards(folder: Path, pictures: Path, slots: Iterable[int]) -> None:
    """Writes crops as LitData shards, item i from the i-th slot; the folder appears once they are complete.

    Args:
        folder: Where the shards shall be; what is there is replaced.
        pictures: A NumPy file of the crops, ``(slots, S, S, 3)`` uint8.
        slots: Which of them, in order.

    Raises:
        ConfigError: LitData is not installed.
    """
    writer_class, serializers = _litdata("streaming.writer").BinaryWriter, _bytes_alone()
    crops = np.load(pictures, mmap_mode="r", allow_pickle=False)
    partial = folder.with_name(f"{folder.name}.writing")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    partial.mkdir()
    writer = writer_class(str(partial), chunk_bytes=SHARD_BYTES, serializers=serializers)
    for item, slot in enumerate(slots):
        writer[item] = crops[slot].tobytes()
    writer.done()
    writer.merge()
    partial.rename(folder)


class LitDataPictures:
    """Crops in LitData's shards, addressed by their numbers; shards that lie far away are copied to the local disk.

    Args:
        address: The shards' folder, local or as LitData knows it (``s3://…``, ``gs://…``).
        count: Number of crops.
        image_size: Side of the crops in pixels.

    Raises:
        ConfigError: LitData is not installed.
        DataError: The shards are missing, damaged, or hold anything but crops.
    """

    def __init__(self, address: str, count: int, image_size: int) -> None:
        dataset_class = _litdata("streaming.dataset").StreamingDataset
        self._address, self._shape = address, (image_size, image_size, 3)
        self._lock = threading.Lock()
        self._count = _counted(address)
        if self._count != count:
            raise self._damaged(f"there are {self._count} crops, not {count}")
        try:
            self._items = dataset_class(address.removeprefix("file://"), serializers=_bytes_alone())
        except Exception as error:
            raise self._damaged(error) from error

    def __len__(self) -> int:
        """Number of crops."""
        return self._count

    def gather(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Copies crops ``(B, S, S, 3)`` into memory, in the order of ``rows`` ``(B,)``."""
        out = np.empty((len(rows), *self._shape), np.uint8)
        try:
            with self._lock:
                for place in np.argsort(rows).tolist():  # one shard after the other
                    out[place] = np.frombuffer(self._items[int(rows[place])], np.uint8).reshape(self._shape)
        except Exception as error:
            raise self._damaged(error) from error
        return out

    def _damaged(self, reason: object) -> DataError:
        return DataError(
            f"The shards in {self._address} are missing or damaged ({reason}). Remove the cache's folder and run "
            "`geofer prepare` to make them again."
        )


def _counted(address: str) -> int:
    """How many crops there are; of several processes, LitData tells each its share.

    Raises:
        DataError: There are none, or the shards hold anything but bytes: LitData would unpickle some kinds.
    """
    try:
        with open_remote(f"{address}/index.json") as file:
            told = json.loads(file.read())
        kinds, count = told["config"]["data_format"], sum(int(shard["chunk_size"]) for shard in told["chunks"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{address} holds no shards of LitData ({error}). Run `geofer prepare` again.") from error
    if kinds != ["bytes"]:
        raise DataError(f"{address} holds {kinds}, not crops alone; it was not written by geofer and is not read.")
    return count


def _litdata(module: str) -> Any:  # noqa: ANN401 - LitData's own classes
    from importlib import import_module

    try:
        return import_module(f"litdata.{module}")
    except ImportError as error:
        raise ConfigError(
            "cache: litdata needs LitData; install it with `pip install 'geofer[litdata]'`, or choose memory_map."
        ) from error


def _bytes_alone() -> dict[str, Any]:
    return {"bytes": _litdata("streaming.serializers").BytesSerializer()}
