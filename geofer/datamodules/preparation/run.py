"""From a data set's records to a complete cache: in parallel, and resumed where a killed run stopped.

Records are worked on in chunks. A finished chunk is a small index of its own in the folder ``parts``, written whole
after its crops have reached the disk; it also lists what was skipped. When all chunks are there they become the index
and the report, in the order of the records. So an interrupted run that goes on gives the same bytes as one that was
left alone.
"""

import csv
import io
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from filelock import FileLock

from geofer.datamodules.preparation.config import Preparation
from geofer.datamodules.preparation.detection import CroppedFace, find_faces
from geofer.datamodules.preparation.files import SHARDS, blendshapes_file, landmarks_file, pictures_file
from geofer.datamodules.preparation.index import ROW_GROUP, FaceIndex, IndexInfo, face_rows, index_schema
from geofer.datamodules.preparation.records import FaceRecord, PictureReader
from geofer.errors import DataError
from geofer.faces import normalize_landmarks
from geofer.names import in_cell
from geofer.paths import PARTIAL_SUFFIX, private_folder, written_whole
from geofer.ray_cluster import RayCluster
from geofer.workers import progress_bar, work_through

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 128
"""Records that a killed run loses at most, for each process."""

REPORT, PARTS, LOCK = "report.csv", "parts", "lock"

SKIPPED_KEY = b"skipped"


@dataclass(frozen=True)
class Chunk:
    """Consecutive records.

    Attributes:
        number: Of the chunk, from 0.
        records: What the data set says; the first of them has slot ``number * CHUNK``.
    """

    number: int
    records: list[FaceRecord]


@dataclass(frozen=True)
class ChunkWork:
    """Prepares chunks; it is sent to worker processes.

    Attributes:
        folder: The cache's folder.
        reader: How pictures are read.
        preparation: How faces are found and cropped.
        image_size: Side of the crops in pixels.
    """

    folder: Path
    reader: PictureReader
    preparation: Preparation
    image_size: int

    def __call__(self, chunk: Chunk) -> int:
        """Finds the faces of one chunk and keeps them; returns the number of its records."""
        import pyarrow.parquet as pq

        size = self.image_size
        faces, skipped = find_faces(chunk.records, chunk.number * CHUNK, self.reader, self.preparation, size)
        slots = [face.found.slot for face in faces]
        pictures_file(self.folder, size).write(slots, [face.crop for face in faces])
        landmarks = [normalize_landmarks(torch.from_numpy(face.landmarks), size).numpy() for face in faces]
        landmarks_file(self.folder).write(slots, landmarks)
        _write_blendshapes(self.folder, faces)
        listed = json.dumps([[skip.file, skip.reason] for skip in skipped]).encode()
        table = face_rows([face.found for face in faces]).replace_schema_metadata({SKIPPED_KEY: listed})
        with written_whole(part_path(self.folder, chunk.number)) as file:
            pq.write_table(table, file, write_page_checksum=True)
        return len(chunk.records)


def _write_blendshapes(folder: Path, faces: Sequence[CroppedFace]) -> None:
    """Keeps the blendshapes, but not in a cache that an earlier version began, whose first faces have none."""
    kept = blendshapes_file(folder)
    if kept.path.exists():
        unknown = np.full(kept.shape, np.nan, np.float32)
        blendshapes = [unknown if face.blendshapes is None else face.blendshapes for face in faces]
        kept.write([face.found.slot for face in faces], blendshapes)


def _drop_unknown_blendshapes(folder: Path) -> None:
    """Removes the file of blendshapes if they are known of no face: slots without a face are 0, others then NaN."""
    path = blendshapes_file(folder).path
    if path.exists():
        blendshapes = np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
        if np.fmax.reduce(blendshapes, axis=None, initial=0.0) == 0:
            path.unlink()


def part_path(folder: Path, number: int) -> Path:
    """Where a finished chunk is kept until all are finished."""
    return folder / PARTS / f"{number:06d}.parquet"


def prepare_faces(
    folder: Path,
    records: Iterable[FaceRecord],
    reader: PictureReader,
    preparation: Preparation,
    info: IndexInfo,
    cluster: RayCluster | None = None,
) -> None:
    """Makes a cache complete; does nothing if it is.

    Args:
        folder: The cache's folder; what shapes the faces must be in its name.
        records: All records of the data set, ``info.slots`` of them, always in the same order.
        reader: How pictures are read.
        preparation: How faces are found, cropped and kept.
        info: What the index says of itself.
        cluster: Machines that find the faces, instead of processes of this one.

    Raises:
        DataError: More than half of the pictures, or all, have no usable face; or one has none and
            ``preparation.on_error`` is ``raise``.
        OSError: The disk is full or not writable; what was finished stays.
    """
    private_folder(folder)
    with FileLock(
        folder / LOCK
    ):  # waits for whoever else prepares this cache; ends with the process, however that ends
        if folder.joinpath(FaceIndex.NAME).exists():
            return
        _lay_out(folder, info.image_size, info.slots)
        with progress_bar() as progress:
            task = progress.add_task(f"Finding faces of {info.data_set}", total=info.slots)
            finished = {number for number in range(chunks(info.slots)) if part_path(folder, number).exists()}
            progress.advance(task, min(len(finished) * CHUNK, info.slots))
            missing = (chunk for chunk in _cut(records) if chunk.number not in finished)
            work = ChunkWork(folder, reader, preparation, info.image_size)
            for count in work_through(work, missing, preparation.workers, cluster):
                progress.advance(task, count)
        _check_yield(folder, _write_report(folder, info.slots), info.slots)
        if info.cache == "litdata":
            from geofer.datamodules.preparation.shards import write_shards

            slots = (slot for part in _parts(folder, info.slots) for slot in part["slot"].to_pylist())
            write_shards(folder / SHARDS, pictures_file(folder, info.image_size).path, slots)
        _drop_unknown_blendshapes(folder)
        _write_index(folder, info)
        if info.cache == "litdata":
            pictures_file(folder, info.image_size).path.unlink()
        shutil.rmtree(folder / PARTS)


def chunks(slots: int) -> int:
    """Number of chunks that so many records make."""
    return -(-slots // CHUNK)


def _lay_out(folder: Path, image_size: int, slots: int) -> None:
    """Removes what a killed run left half done, and makes the files that the chunks are written into."""
    for leftover in folder.rglob(f"*{PARTIAL_SUFFIX}"):
        leftover.unlink()
    if not folder.joinpath(PARTS).exists():  # made last: once it is there, so are the files
        for slot_file in (pictures_file(folder, image_size), landmarks_file(folder), blendshapes_file(folder)):
            slot_file.create(slots)
        folder.joinpath(PARTS).mkdir(mode=0o700)


def _cut(records: Iterable[FaceRecord]) -> Iterator[Chunk]:
    remaining = iter(records)
    number = 0
    while part := list(islice(remaining, CHUNK)):
        yield Chunk(number, part)
        number += 1


def _parts(folder: Path, slots: int) -> Iterator["pa.Table"]:
    """The finished chunks, in order.

    Raises:
        DataError: One is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number in range(chunks(slots)):
        path = part_path(folder, number)
        try:
            part = pq.read_table(path, page_checksum_verification=True)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{path} is damaged ({error}). Remove it and run the command again.") from error
        yield part


def _write_report(folder: Path, slots: int) -> int:
    """Writes ``report.csv`` with what was skipped; returns how many that are."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "reason"])
    count = 0
    for part in _parts(folder, slots):
        for file, reason in json.loads(part.schema.metadata[SKIPPED_KEY]):
            writer.writerow([in_cell(file), in_cell(reason)])
            count += 1
    with written_whole(folder / REPORT) as out:
        out.write(text.getvalue().encode())
    return count


def _check_yield(folder: Path, skipped: int, slots: int) -> None:
    if slots - skipped == 0 or 2 * skipped > slots:
        with folder.joinpath(REPORT).open(encoding="utf-8", newline="") as file:
            first = next(islice(csv.DictReader(file), 1))
        raise DataError(
            f"{skipped} of {slots} pictures gave no usable face, for example {first['file']}: {first['reason']} "
            f"All are listed in {folder / REPORT}. Check the folder, or choose another detector."
        )


def _write_index(folder: Path, info: IndexInfo) -> None:
    """Joins the finished chunks; the index is the last file of a cache."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with (
        written_whole(folder / FaceIndex.NAME) as file,
        pq.ParquetWriter(file, index_schema(info), compression="zstd", write_page_checksum=True) as writer,
    ):
        waiting: list[pa.Table] = []
        for part in _parts(folder, info.slots):
            waiting.append(part.replace_schema_metadata(index_schema(info).metadata))
            if sum(map(len, waiting)) >= ROW_GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
