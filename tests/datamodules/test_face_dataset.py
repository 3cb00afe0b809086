import numpy as np
import torch
from faces_in_memory import pictures, table

from geofer.datamodules import FaceDataset, FaceLabels, ShardedPictures


def test_shards_are_addressed_as_one_array():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (11, 4, 4, 3), dtype=np.uint8)
    rows = np.array([10, 0, 3, 3, 7, 2])
    sharded = ShardedPictures([images[:3], images[3:4], images[4:]])
    assert len(sharded) == 11
    np.testing.assert_array_equal(sharded.gather(rows), images[rows])


def test_dataset_numbers_its_own_rows():
    faces = FaceDataset(table(np.arange(12)), pictures(12), np.array([2, 5, 11]))
    batch = faces.batch(np.array([2, 0]), np.random.default_rng(0))
    assert len(faces) == 3
    assert batch["subject"].tolist() == [11, 2]
    assert batch["image"].shape == (2, 3, 8, 8)
    assert batch["image"].dtype == torch.uint8
    assert batch["image"][:, 0, 0, 0].tolist() == [11, 2]
    assert batch["landmarks"].shape == (2, 68, 2)


def test_concatenated_tables_keep_their_rows():
    left, right = table(np.array([1, 1]), seed=1), table(np.array([2]), seed=2)
    both = FaceLabels.concatenate([left, right])
    assert both.subject.tolist() == [1, 1, 2]
    np.testing.assert_array_equal(both.landmarks[2], right.landmarks[0])
