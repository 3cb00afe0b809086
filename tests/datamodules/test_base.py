import numpy as np
import pytest
import torch
from faces_in_memory import FacesInMemory

from geofer.errors import ConfigError, DataError, LeakError

SUBJECT = np.repeat(np.arange(6), 5)
SPLIT = np.repeat(["test", "val", "train", "train", "train", "train"], 5)


def test_bank_and_splits_hold_whole_people():
    data = FacesInMemory(SUBJECT, SPLIT)
    data.setup()
    assert data.subjects("test") == {0}
    assert data.subjects("val") == {1}
    assert data.subjects("train") == {2, 3, 4, 5}
    bank = data.landmark_bank()
    assert len(bank) == 20
    assert set(bank.subject.tolist()) == {2, 3, 4, 5}
    assert bank.landmarks.dtype == torch.float32


def test_shared_subject_is_an_error_that_names_them():
    split = SPLIT.copy()
    split[[0, 10]] = "val"
    data = FacesInMemory(SUBJECT, split)
    with pytest.raises(LeakError, match=r"2 subject\(s\) .*: 0 \(test, val\); 2 \(train, val\)\."):
        data.setup("fit")


def test_empty_split_is_an_error_when_it_is_needed():
    data = FacesInMemory(SUBJECT, np.where(SPLIT == "test", "train", SPLIT))
    data.setup("fit")
    with pytest.raises(DataError, match="no face in its test split"):
        data.setup("test")


def test_an_epoch_shows_every_training_face_once_and_only_those():
    data = FacesInMemory(SUBJECT, SPLIT)
    data.setup("fit")
    seen = torch.cat([batch["image"][:, 0, 0, 0] for batch in data.train_dataloader()])
    assert sorted(seen.tolist()) == list(range(10, 30))
    assert seen.tolist() != list(range(10, 30))
    seen = torch.cat([batch["image"][:, 0, 0, 0] for batch in data.val_dataloader()])
    assert seen.tolist() == [5, 6, 7, 8, 9]


def test_pictures_reach_the_model_in_minus_one_to_one():
    data = FacesInMemory(SUBJECT, SPLIT)
    data.setup("fit")
    batch = data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
    assert batch["image"].dtype == torch.float32
    assert 10 / 127.5 - 1 - 1e-6 <= batch["image"].min() <= batch["image"].max() <= 29 / 127.5 - 1 + 1e-6
    assert batch["target_image"].max() < 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"batch_size": 1}, "batch_size is 1"), ({"self_pairs": 1.5}, "self_pairs is 1.5")],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ConfigError, match=message):
        FacesInMemory(SUBJECT, SPLIT, **settings)


def test_batch_larger_than_the_data():
    data = FacesInMemory(SUBJECT, SPLIT, batch_size=21)
    data.setup("fit")
    with pytest.raises(ConfigError, match="only 20 training faces"):
        data.train_dataloader()
