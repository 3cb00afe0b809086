"""A small data module whose pictures are arrays, for tests that need faces but not a renderer."""

import numpy as np

from geofer.datamodules import FaceDataModule, FaceLabels, FaceStore, ShardedPictures


def table(subject: np.ndarray, seed: int = 0) -> FaceLabels:
    rng = np.random.default_rng(seed)
    n = len(subject)
    return FaceLabels(
        expression=rng.integers(0, 3, n),
        subject=np.asarray(subject, dtype=np.int64),
        yaw=rng.choice([-15.0, 0.0, 15.0], n).astype(np.float32),
        pitch=np.zeros(n, np.float32),
        landmarks=rng.uniform(-1, 1, (n, 68, 2)).astype(np.float32),
    )


def pictures(n: int, size: int = 8) -> ShardedPictures:
    """Picture i is filled with the value i; they lie in two shards of unequal length."""
    images = np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, size, size, 3))
    return ShardedPictures([images[: n // 3], images[n // 3 :]])


class FacesInMemory(FaceDataModule):
    def __init__(self, subject, split, **settings):
        super().__init__(**{"batch_size": 4, "num_workers": 0, "self_pairs": 0.25, "seed": 0, **settings})
        self._faces = FaceStore(table(subject), pictures(len(subject)), np.asarray(split))

    @property
    def expressions(self):
        return ("anger", "neutral", "surprise")

    @property
    def image_size(self):
        return 8

    def open_store(self):
        return self._faces
