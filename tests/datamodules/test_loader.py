"""The loader's order, its shards and its place within an epoch."""

import itertools

import numpy as np
import pytest
import torch

from geofer.datamodules.loader import FaceLoader
from geofer.errors import CheckpointError, ConfigError
from geofer.faces import FaceBatch


class Numbers:
    """A set of faces whose labels are their numbers, and whose angles are drawn at random."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def batch(self, indices, rng) -> FaceBatch:
        numbers = torch.from_numpy(indices.copy())
        return FaceBatch(
            image=torch.zeros(len(indices), 3, 2, 2, dtype=torch.uint8),
            landmarks=torch.zeros(len(indices), 68, 2),
            expression=numbers,
            subject=numbers,
            yaw=torch.from_numpy(rng.random(len(indices))),
            pitch=torch.zeros(len(indices)),
        )


class BrokenAt(Numbers):
    """Fails for one of its faces."""

    def batch(self, indices, rng) -> FaceBatch:
        if 7 in indices:
            raise OSError("face 7 is unreadable")
        return super().batch(indices, rng)


def loader(count: int = 20, batch_size: int = 3, shuffle: bool = True, **options) -> FaceLoader:
    return FaceLoader(Numbers(count), batch_size, shuffle=shuffle, **({"seed": 5} | options))


def contents(batches) -> list[tuple[list[int], list[float]]]:
    return [(batch["expression"].tolist(), batch["yaw"].tolist()) for batch in batches]


def numbers(batches) -> list[int]:
    return [number for batch in batches for number in batch["expression"].tolist()]


@pytest.mark.parametrize("shuffle", [True, False])
def test_workers_change_nothing(shuffle):
    assert contents(loader(shuffle=shuffle)) == contents(loader(shuffle=shuffle, num_workers=2))


def test_every_epoch_is_another_permutation_and_repeats():
    faces = loader(count=21)
    epochs = []
    for epoch in (0, 1, 0):
        faces.set_epoch(epoch)
        epochs.append(contents(faces))
    assert epochs[0] == epochs[2]
    assert epochs[0] != epochs[1]
    assert all(sorted(itertools.chain(*(row for row, _ in epoch))) == list(range(21)) for epoch in epochs)


def test_seed_decides_the_order_and_the_draws():
    assert contents(loader(seed=1)) != contents(loader(seed=2))


def test_draws_of_the_first_batch_are_not_those_that_made_the_order():
    """Seed sequences ignore zeros at the end, so a naive (seed, epoch, 0) would repeat (seed, epoch)."""
    faces = loader(count=4, batch_size=4)
    naive = np.random.default_rng(np.random.SeedSequence((5, 0))).random(4)
    order = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(0,)))
    drawn = next(iter(faces))["yaw"].numpy()
    assert not np.allclose(drawn, naive)
    assert not np.allclose(drawn, order.random(4))


def test_epoch_set_after_iter_counts():
    """Lightning makes the iterator first and sets the epoch then."""
    late, early = loader(), loader()
    iterator = iter(late)
    late.set_epoch(3)
    early.set_epoch(3)
    assert contents(iterator) == contents(early)


@pytest.mark.parametrize("world_size", [2, 3])
def test_training_shards_are_the_single_process_batches_dealt_out(world_size):
    single = contents(loader(count=24, batch_size=2))
    shards = [contents(loader(count=24, batch_size=2, rank=rank, world_size=world_size)) for rank in range(world_size)]
    dealt = [batch for round_ in zip(*shards, strict=True) for batch in round_]
    assert dealt == single


def test_training_wraps_to_full_batches_of_equal_number():
    shards = [list(loader(count=13, batch_size=3, rank=rank, world_size=2)) for rank in range(2)]
    assert [len(shard) for shard in shards] == [3, 3]
    assert all(len(batch["expression"]) == 3 for shard in shards for batch in shard)
    assert set(numbers(shards[0] + shards[1])) == set(range(13))


def test_drop_last_leaves_out_what_fills_no_round():
    shards = [list(loader(count=13, batch_size=3, rank=rank, world_size=2, drop_last=True)) for rank in range(2)]
    assert [len(shard) for shard in shards] == [2, 2]
    assert len(set(numbers(shards[0] + shards[1]))) == 12


@pytest.mark.parametrize(("count", "world_size", "batch_size"), [(9, 2, 4), (13, 3, 2), (10, 1, 4), (5, 5, 4)])
def test_evaluation_sees_each_face_once_in_equally_many_batches(count, world_size, batch_size):
    shards = [
        list(loader(count=count, batch_size=batch_size, shuffle=False, rank=rank, world_size=world_size))
        for rank in range(world_size)
    ]
    assert numbers(itertools.chain(*shards)) == list(range(count))
    assert len({len(shard) for shard in shards}) == 1
    assert all(1 <= len(batch["expression"]) <= batch_size for shard in shards for batch in shard)


def test_evaluation_is_the_same_every_epoch():
    faces = loader(shuffle=False)
    first = contents(faces)
    faces.set_epoch(4)
    assert contents(faces) == first


def test_length_is_the_number_of_batches():
    for shuffle, drop_last, world_size in itertools.product((True, False), (True, False), (1, 2)):
        faces = loader(count=14, shuffle=shuffle, drop_last=drop_last, world_size=world_size)
        assert len(faces) == len(list(faces))


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("done", [1, 4, 6])
def test_goes_on_from_a_stored_place(num_workers, done):
    stopped = loader(num_workers=num_workers)
    stopped.set_epoch(2)
    whole = contents(stopped)
    iterator = iter(stopped)
    for _ in range(done):
        next(iterator)
    state = stopped.state_dict()
    iterator.close()

    resumed = loader(num_workers=num_workers)
    resumed.load_state_dict(state)
    rest = iter(resumed)
    resumed.set_epoch(2)
    assert contents(rest) == whole[done:]
    assert contents(resumed) == whole, "only the first iteration is a part"


def test_a_place_in_another_epoch_is_ignored():
    faces = loader()
    faces.load_state_dict(loader().state_dict() | {"batches_done": 2})
    iterator = iter(faces)
    faces.set_epoch(1)
    assert len(list(iterator)) == len(faces)


def test_a_place_among_other_batches_is_an_error():
    faces = loader(batch_size=4)
    faces.load_state_dict(loader(batch_size=3).state_dict())
    with pytest.raises(CheckpointError, match="batch_size was 3 and is 4"):
        next(iter(faces))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_error_comes_at_its_batch(num_workers):
    faces = FaceLoader(BrokenAt(20), 2, shuffle=False, seed=0, num_workers=num_workers)
    iterator = iter(faces)
    assert numbers(next(iterator) for _ in range(3)) == list(range(6))
    with pytest.raises(OSError, match="face 7"):
        next(iterator)


@pytest.mark.parametrize("options", [{"drop_last": True, "batch_size": 21}, {"shuffle": False, "world_size": 21}])
def test_too_few_faces_are_an_error(options):
    with pytest.raises(ConfigError, match="20 faces do not give"):
        loader(**options)


@pytest.mark.parametrize("counts", [(90, 6, 4), (1, 50), (20, 20, 20), (7, 5, 3, 2)])
def test_balanced_epochs_have_as_many_faces_of_each_class(counts):
    classes = np.repeat(np.arange(len(counts)), counts)
    total = len(classes)
    balanced = loader(total, batch_size=1, classes=classes, balance=1.0)
    epochs = []
    for epoch in range(4):
        balanced.set_epoch(epoch)
        epochs.append(numbers(balanced))
    for order in epochs:
        assert len(order) == total
        shown = np.bincount(classes[order], minlength=len(counts))
        assert shown.max() - shown.min() <= len(counts)
        for one, count in enumerate(counts):
            times = np.bincount(order, minlength=total)[classes == one]
            assert times.max() - times.min() <= 2 if shown[one] >= count else times.max() == 1
    assert len({tuple(order) for order in epochs}) == 4
    balanced.set_epoch(2)
    assert numbers(balanced) == epochs[2]
    parts = [loader(total, batch_size=1, classes=classes, balance=1.0, rank=rank, world_size=2) for rank in range(2)]
    together = [number for pair in zip(*map(numbers, parts), strict=True) for number in pair]
    parts[0].set_epoch(0)
    assert together[:total] == epochs[0]
