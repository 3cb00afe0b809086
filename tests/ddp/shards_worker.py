"""One of two processes that read the same shards; each writes every other face of a split into a file."""

import sys
from pathlib import Path

import numpy as np
import torch.distributed as dist

from geofer.datamodules import PreparedFaces

address, split, out = sys.argv[1:]
dist.init_process_group("gloo")
rank, processes = dist.get_rank(), dist.get_world_size()
data = PreparedFaces(address)
data.setup("fit")
faces = data.faces(split)
batch = faces.batch(np.arange(rank, len(faces), processes), np.random.default_rng(0))
np.savez(Path(out, f"{rank}.npz"), image=batch["image"].numpy(), landmarks=batch["landmarks"].numpy())
dist.destroy_process_group()
