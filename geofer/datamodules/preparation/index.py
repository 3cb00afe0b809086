"""The index of faces: a Parquet file with one row a face, enough to train on it and to draw on the original picture.

It is written and read one row group at a time, so its size does not matter to memory. What holds for all rows stands
in the file's metadata, as an `IndexInfo`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from geofer.datamodules.preparation.records import FaceRecord
from geofer.errors import DataError
from geofer.faces import CropRule
from geofer.names import storable
from geofer.schema import read_arguments, read_expressions, shown

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1
"""Raised when an index of before cannot be read any more."""

METADATA_KEY = b"geofer"

LONGEST, LARGEST_CROP, MOST_FACES = 100_000, 2048, 2**28
"""Letters of the metadata, pixels of a crop's side, and faces of an index, at most."""

REPEATED = ("expression", "subject", "group", "split")
"""Columns of names that recur; they are read as numbers and a list of names."""

ROW_GROUP = 16384

LONGEST_CELL = 4096
"""Bytes of a text in an index; the names of files are the longest."""


@dataclass(frozen=True)
class FoundFace:
    """One face that was found in a picture of a data set.

    Attributes:
        record: What the data set says about it; yaw and pitch are estimates where the data set has none.
        slot: Where the cache keeps its crop: the number of its record.
        roll: Degrees, NaN if unknown.
        box: Left, top, right, bottom in pixels of the picture.
        score: How sure the detector is, in [0, 1].
        digest: Of the picture's pixels, see `geofer.pictures.picture_digest`.
        alignment: ``(2, 3)`` affine map from pixels of the picture to pixels of the crop.
        landmarks: ``(68, 2)`` iBUG points in pixels of the picture.
    """

    record: FaceRecord
    slot: int
    roll: float
    box: tuple[float, float, float, float]
    score: float
    digest: str
    alignment: NDArray[np.float64]
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class IndexInfo:
    """What holds for all faces of an index.

    Attributes:
        data_set: Name of the data set's class.
        vocabulary: Every expression that the set knows.
        image_size: Side of the crops in pixels.
        crop: The rule that the faces are cropped by.
        cache: How the crops are kept.
        slots: Number of records behind the index, faces or not.
        format: `FORMAT` when it was written.
    """

    data_set: str
    vocabulary: tuple[str, ...]
    image_size: int
    crop: CropRule
    cache: Literal["memory_map", "litdata"]
    slots: int
    format: int = FORMAT

    def to_metadata(self) -> dict[bytes, bytes]:
        """As a Parquet file carries it."""
        return {METADATA_KEY: json.dumps(asdict(self)).encode()}

    @classmethod
    def from_metadata(cls, metadata: dict[bytes, bytes] | None) -> Self:
        """The inverse of `to_metadata`.

        Raises:
            KeyError: There is none.
            ValueError: It is of another format, or an entry is not what it has to be.
        """
        text = (metadata or {})[METADATA_KEY]
        if len(text) > LONGEST:
            raise ValueError(f"its description has {len(text)} letters; at most {LONGEST} are read")
        fields: Any = json.loads(text)
        version = fields.get("format") if isinstance(fields, dict) else None
        if version != FORMAT:
            raise ValueError(f"it has format {shown(version)}, and this version of geofer reads {FORMAT}")
        vocabulary = read_expressions(fields.pop("vocabulary", None), "vocabulary")
        found = read_arguments(cls, fields, "index", leave_out=("vocabulary",))
        if not 1 <= found["image_size"] <= LARGEST_CROP or not 0 <= found["slots"] <= MOST_FACES:
            raise ValueError(f"it tells of {found['slots']} crops of {found['image_size']} pixels a side")
        return cls(**found, vocabulary=vocabulary)


def index_schema(info: IndexInfo | None = None) -> "pa.Schema":
    """Columns of the index, with ``info`` as metadata."""
    import pyarrow as pa

    return pa.schema(
        {
            "file": pa.string(),
            "expression": pa.string(),
            "subject": pa.string(),
            "group": pa.string(),
            "split": pa.string(),
            "yaw": pa.float32(),
            "pitch": pa.float32(),
            "roll": pa.float32(),
            "box": pa.list_(pa.float32(), 4),
            "score": pa.float32(),
            "tags": pa.list_(pa.string()),
            "digest": pa.string(),
            "slot": pa.int64(),
            "alignment": pa.list_(pa.float64(), 6),
            "landmarks": pa.list_(pa.float32(), 136),
        },
        metadata=info.to_metadata() if info else None,
    )


def face_rows(faces: Sequence[FoundFace]) -> "pa.Table":
    """Faces as rows of the index."""
    import pyarrow as pa

    return pa.Table.from_pylist(
        [
            {
                "file": storable(face.record.name),
                "expression": face.record.expression,
                "subject": storable(face.record.subject),
                "group": storable(face.record.group),
                "split": face.record.split,
                "yaw": face.record.yaw,
                "pitch": face.record.pitch,
                "roll": face.roll,
                "box": list(face.box),
                "score": face.score,
                "tags": list(face.record.tags),
                "digest": face.digest,
                "slot": face.slot,
                "alignment": face.alignment.ravel().tolist(),
                "landmarks": face.landmarks.ravel().tolist(),
            }
            for face in faces
        ],
        schema=index_schema(),
    )


class FaceIndex:
    """An index that is read from a local folder or an object store, one row group at a time.

    Args:
        folder: The cache's folder, or its address, such as ``s3://bucket/folder``.

    Raises:
        DataError: There is no index, or it is damaged or of another version.
    """

    NAME = "index.parquet"

    def __init__(self, folder: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.address = f"{folder.rstrip('/')}/{self.NAME}"
        try:
            source = open_remote(self.address)
            texts = [*REPEATED, "file", "digest"]
            self._file = pq.ParquetFile(source, read_dictionary=texts, page_checksum_verification=True)
            self.info = IndexInfo.from_metadata(self._file.schema_arrow.metadata)
            _check_columns(self._file.schema_arrow)
            if len(self) > min(self.info.slots, source.size()):  # no row takes less than a byte
                raise ValueError(f"it has {len(self)} faces of {self.info.slots} records")
        except (OSError, pa.ArrowException, KeyError, ValueError, TypeError, RecursionError) as error:
            raise DataError(
                f"{self.address} is missing, damaged, or no index of this version of geofer ({error}). "
                "Run `geofer prepare` with the same config to make it again."
            ) from error

    def __len__(self) -> int:
        """Number of faces."""
        return int(self._file.metadata.num_rows)

    @cached_property
    def expressions(self) -> tuple[str, ...]:
        """Those of the data set's vocabulary that a face shows, in its order."""
        shown = {name for batch in self.read(["expression"]) for name in batch["expression"].dictionary.to_pylist()}
        return tuple(name for name in self.info.vocabulary if name in shown)

    def files(self, rows: NDArray[np.int64]) -> list[str]:
        """Names of the pictures of some rows, in their order."""
        names: dict[int, str] = {}
        start, wanted = 0, np.unique(rows)
        for batch in self.read(["file"]):
            here = wanted[(wanted >= start) & (wanted < start + len(batch))]
            names.update(zip(here.tolist(), batch["file"].take(here - start).to_pylist(), strict=True))
            start += len(batch)
        return [names[row] for row in rows.tolist()]

    def read(self, columns: Iterable[str]) -> Iterator["pa.RecordBatch"]:
        """Some columns, a part of the rows at a time, in order.

        Raises:
            DataError: The file is damaged.
        """
        import pyarrow as pa

        try:
            for batch in self._file.iter_batches(batch_size=ROW_GROUP, columns=list(columns)):
                check_texts(batch, LONGEST_CELL)
                yield batch
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DataError(f"{self.address} is damaged ({error}). Run `geofer prepare` to make it again.") from error


def check_texts(batch: "pa.RecordBatch", longest: int) -> None:
    """Refuses a part of a Parquet file with a huge text, which may be there many times for a few bytes.

    Args:
        batch: With texts as dictionaries, as they are in the file.
        longest: Bytes.

    Raises:
        ValueError: A text has more.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
            found = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
            if found > longest:
                raise ValueError(f"its column {name!r} has a text of {found} bytes; at most {longest} are read")


def _check_columns(found: "pa.Schema") -> None:
    """Refuses an index with a column that is missing or of another type."""
    for column in index_schema():
        if column.name not in found.names:
            raise ValueError(f"it lacks the column {column.name}")
        held = found.field(column.name).type
        if getattr(held, "value_type", None) == column.type:  # texts are read as numbers and a list of texts
            held = held.value_type
        if held != column.type:
            raise ValueError(f"its column {column.name} is of the type {held}, not {column.type}")


def open_remote(address: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A file for random access, from a local path or an address that pyarrow knows (``s3://``, ``gs://``, …)."""
    from pyarrow import fs

    if "://" not in address:
        return fs.LocalFileSystem().open_input_file(address)
    system, path = fs.FileSystem.from_uri(address)
    return system.open_input_file(path)
