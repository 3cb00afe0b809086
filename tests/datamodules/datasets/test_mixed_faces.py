"""Several data sets at once: shares of a batch, missing labels, and the leak guard across all of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from faces_in_memory import FacesInMemory

from geofer.datamodules import MixedFaces
from geofer.datamodules.base import Origins
from geofer.datamodules.splits import Identities
from geofer.errors import ConfigError, LeakError


class Faces(FacesInMemory):
    """40 faces of 20 people, 24 of them for training; their expressions, votes and pictures can be given."""

    def __init__(self, expression=None, votes=None, tags=None, digests=None, **settings) -> None:
        subject = np.arange(40) // 2
        split = np.where(subject < 12, "train", np.where(subject < 16, "val", "test"))
        super().__init__(subject, split, **settings)
        store = self._faces
        table = replace(store.table, votes=votes)
        if expression is not None:
            table = replace(table, expression=np.asarray(expression))
        if tags is not None:
            table = replace(table, tags=np.asarray(tags))
        people = np.array([f"person-{number}" for number in subject], object)
        origins = None
        if digests is not None:
            nothing = np.full(40, "", object)
            known = Identities(people, nothing, nothing)
            origins = Origins("Faces", known, np.asarray(digests, np.uint64), lambda rows: [f"{row}" for row in rows])
        self._faces = replace(store, table=table, tags=("even",) if tags is not None else (), origins=origins)


def mixed(*sources, **settings) -> MixedFaces:
    data = MixedFaces(dict(zip("abc", sources, strict=False)), **{"batch_size": 12, **settings})
    data.setup()
    return data


def test_each_batch_has_the_shares_of_its_sources() -> None:
    data = mixed(Faces(), Faces(), weights={"a": 3, "b": 1})
    batches = list(data.train_dataloader())
    assert len(batches) == 48 // 12
    for batch in batches:
        assert (batch["source"] == 0).sum() == 9
        assert (batch["subject"] < 20).sum() == 9
        assert set(batch["subject"].tolist()) <= data.subjects("train")
    again = [batch["subject"].tolist() for batch in data.train_dataloader()]
    assert again == [batch["subject"].tolist() for batch in batches], "it follows from the seed"


def test_balance_evens_out_the_expressions() -> None:
    rare = np.where(np.arange(40) % 8 == 0, 1, 0)  # 3 of 24 for training
    for balance, share in ((0.0, 3 / 24), (0.5, 3**0.5 / (3**0.5 + 21**0.5)), (1.0, 0.5)):
        data = mixed(Faces(rare), Faces(), balance=balance, batch_size=48, weights={"a": 1, "b": 1e-9})
        assert data.class_fractions()[0].tolist() == pytest.approx([1 - share, share, 0])
        drawn = torch.cat([batch["expression"] for _ in range(40) for batch in data.train_dataloader()])
        assert (drawn == 1).float().mean() == pytest.approx(share, abs=0.05)


def test_faces_without_votes_vote_for_their_label() -> None:
    votes = np.tile(np.array([0.5, 0.25, 0.25], np.float32), (40, 1))
    data = mixed(Faces(votes=votes), Faces(), weights={"a": 1, "b": 1})
    (batch, *_) = data.train_dataloader()
    for source, label, seen in zip(batch["source"], batch["expression"], batch["votes"], strict=True):
        assert seen.tolist() == ([0.5, 0.25, 0.25] if source == 0 else torch.eye(3)[label].tolist())
    assert data.class_fractions()[0].tolist() == [0.5, 0.25, 0.25]
    assert "votes" not in next(iter(mixed(Faces(), Faces()).train_dataloader()))


def test_reports_can_tell_the_sources_apart() -> None:
    data = mixed(Faces(tags=np.arange(40) % 2 == 0), Faces())
    assert data.tags == ("a", "b", "even")
    tags = data.faces("test").table.tags
    assert tags.tolist() == [0b101, 0b001] * 4 + [0b010] * 8
    assert len(data.subjects("val")) == 8, "people of two data sets are different ones"


def test_a_picture_of_two_data_sets_on_two_sides_is_named() -> None:
    first, second = np.arange(40), np.arange(100, 140)
    second[39] = 0  # a test face there trains here
    with pytest.raises(LeakError, match=r"1 picture\(s\).*Faces: 39 \(test\) = Faces: 0 \(train\)"):
        mixed(Faces(digests=first), Faces(digests=second))


def test_what_does_not_go_together() -> None:
    class Larger(Faces):
        image_size = 16

    with pytest.raises(ConfigError, match="image_size is 8 and 16"):
        mixed(Faces(), Larger())
    with pytest.raises(ConfigError, match="weights name a, and the sources are a, b"):
        mixed(Faces(), Faces(), weights={"a": 1})
    with pytest.raises(ConfigError, match="all above 0"):
        mixed(Faces(), weights={"a": 0})
    with pytest.raises(ConfigError, match="balance is 2"):
        mixed(Faces(), balance=2)
    with pytest.raises(ConfigError, match="no sources"):
        MixedFaces({})
