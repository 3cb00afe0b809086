"""How fast faces come from the memory map: pairs a second of CPU time with one thread, normalized for the step.

The pictures are random; they lie in a file of their own, which the operating system keeps in memory once it was read.

    python benchmarks/loader.py --sizes 64 128 224
"""

import argparse
import tempfile
import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from geofer.datamodules import FaceLabels, ShardedPictures
from geofer.datamodules.loader import FaceLoader
from geofer.datamodules.pairs import PairDataset
from geofer.faces import normalize_image

BATCH = {64: 32, 128: 32, 224: 8}
FACES = 2048


def make_pairs(size: int, folder: Path) -> PairDataset:
    """Random pictures of 32 people, in a memory map."""
    rng = np.random.default_rng(0)
    path = folder / f"{size}.npy"
    np.save(path, rng.integers(0, 256, (FACES, size, size, 3), np.uint8))
    labels = FaceLabels(
        expression=rng.integers(0, 7, FACES),
        subject=np.arange(FACES) % 32,
        yaw=np.zeros(FACES, np.float32),
        pitch=np.zeros(FACES, np.float32),
        landmarks=rng.random((FACES, 68, 2), np.float32),
    )
    return PairDataset(labels, ShardedPictures([np.load(path, mmap_mode="r")]), np.arange(FACES), 0.1)


def pairs_per_second(size: int, folder: Path) -> float:
    """Pairs (two pictures each) a second of CPU time: gathered, and brought to floats in [-1, 1]."""
    loader = FaceLoader(make_pairs(size, folder), BATCH[size], shuffle=True, drop_last=True, seed=0)
    list(loader)  # once through the file
    start, pairs = time.process_time(), 0
    for batch in islice(loader, 64):
        normalize_image(batch["image"])
        normalize_image(batch["target_image"])
        pairs += len(batch["image"])
    return pairs / (time.process_time() - start)


def main() -> None:
    """Prints one row a size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(BATCH), choices=list(BATCH))
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        for size in parser.parse_args().sizes:
            print(f"size {size}  batch {BATCH[size]}  pairs_per_second {pairs_per_second(size, Path(folder)):.0f}")


if __name__ == "__main__":
    main()
