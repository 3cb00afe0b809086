"""Memory of ``geofer recognize`` over a folder of many pictures.

    python benchmarks/recognize_memory.py [PICTURES]

Makes so many names of one rendered face (100,000 by default; links, so they take no space), recognizes them into a
table, and prints one JSON object: bytes of resident memory once a tenth of the rows was written and at the end, the
bytes per picture that lie between, and pictures per second of CPU time.
"""

import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from index_memory import resident
from PIL import Image

from geofer.cli import main as geofer
from geofer.rendering.portrait import render


def rows(table: Path) -> int:
    """Rows that were written."""
    return max(0, table.read_bytes().count(b"\n") - 1) if table.exists() else 0


def main() -> None:
    """Link, recognize, print."""
    pictures = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    early: list[tuple[int, int]] = []
    with tempfile.TemporaryDirectory() as name:
        table, folder = Path(name, "faces.csv"), Path(name, "faces")
        folder.mkdir()
        original = Path(name, "face.png")
        Image.fromarray(render("surprise", size=96)).save(original)
        for number in range(pictures):
            os.link(original, folder / f"{number:06d}.png")

        def watch() -> None:
            while not early:
                if (done := rows(table)) >= pictures // 10:
                    early.append((done, resident()))
                time.sleep(1)

        threading.Thread(target=watch, daemon=True).start()
        began = time.process_time()
        assert geofer(["recognize", str(folder), "--output", str(table)]) == 0
        seconds, after = time.process_time() - began, resident()
        assert rows(table) == pictures
    done, before = early[0]
    told = {"pictures": pictures, "after_a_tenth": before, "after": after}
    growth = (after - before) / (pictures - done)
    print(json.dumps({**told, "bytes_a_picture": round(growth), "pictures_a_second": round(pictures / seconds, 1)}))


if __name__ == "__main__":
    main()
