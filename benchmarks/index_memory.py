"""Memory and time to open a prepared set of many faces and to gather batches from it.

    python benchmarks/index_memory.py [FACES]

Writes a synthetic index and sparse arrays of that many faces (a million by default; about 30 MB on disk), opens them as
training does, and gathers shuffled batches of pairs. Prints one JSON object: bytes of resident memory before opening
and at the peak, and seconds to open. Labels are held in memory, so the difference grows with the number of faces, by a
few dozen bytes each.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from geofer.datamodules import PreparedFaces
from geofer.datamodules.preparation.files import landmarks_file, pictures_file
from geofer.datamodules.preparation.index import ROW_GROUP, FaceIndex, IndexInfo, index_schema
from geofer.faces import EXPRESSIONS

SIZE = 64
BATCHES = 50


def write_index(folder: Path, faces: int) -> None:
    """An index whose faces belong to people of a hundred pictures each; landmarks and crops are zeros."""
    info = IndexInfo("Synthetic", EXPRESSIONS, SIZE, "tight", "memory_map", faces)
    pictures_file(folder, SIZE).create(faces)
    landmarks_file(folder).create(faces)
    schema = index_schema(info)
    with pq.ParquetWriter(folder / FaceIndex.NAME, schema, compression="zstd") as writer:
        for start in range(0, faces, ROW_GROUP):
            number = np.arange(start, min(start + ROW_GROUP, faces))
            zeros = np.zeros(len(number), np.float32)
            columns = {
                "file": [f"{row // 1000}/{row}.jpg" for row in number],
                "expression": np.array(EXPRESSIONS)[number % len(EXPRESSIONS)],
                "subject": (number // 100).astype(str),
                "group": pa.nulls(len(number), pa.string()),
                "split": pa.nulls(len(number), pa.string()),
                **dict.fromkeys(("yaw", "pitch", "roll", "score"), zeros),
                "box": pa.FixedSizeListArray.from_arrays(np.zeros(4 * len(number), np.float32), 4),
                "tags": pa.array([[]] * len(number), pa.list_(pa.string())),
                "digest": [f"{row:032x}"[::-1] for row in number],
                "slot": number,
                "alignment": pa.FixedSizeListArray.from_arrays(np.zeros(6 * len(number)), 6),
                "landmarks": pa.FixedSizeListArray.from_arrays(np.zeros(136 * len(number), np.float32), 136),
            }
            writer.write_table(pa.table({name: columns[name] for name in schema.names}, schema=schema))


def resident() -> int:
    """Bytes of this process in memory now, without what it maps from files."""
    pages = Path("/proc/self/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * resource.getpagesize()


def main() -> None:
    """Write, open, gather, print."""
    faces = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        write_index(Path(name), faces)
        before, began = resident(), time.perf_counter()
        data = PreparedFaces(name)
        data.setup("fit")
        bank = data.landmark_bank()
        opened = time.perf_counter() - began
        for _, _batch in zip(range(BATCHES), data.train_dataloader(), strict=False):
            pass
        print(
            json.dumps(
                {
                    "faces": faces,
                    "before": before,
                    "after": resident(),
                    "bank": bank.landmarks.nbytes,
                    "seconds_to_open": round(opened, 2),
                }
            )
        )


if __name__ == "__main__":
    main()
