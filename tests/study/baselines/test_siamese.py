"""The Siamese network: splits, loss, support set, and that what it learned on some expressions is tested on all."""

import math

import numpy as np
import pytest
import torch
from cartoon_faces import EXPRESSIONS, CartoonFaces
from cartoon_training import CLASSIFIER, adam, make_trainer
from lightning import seed_everything

from geofer.errors import ConfigError, DataError
from geofer.faces import EXPRESSIONS as SEVEN
from geofer.faces import normalize_image
from geofer.study.baselines.siamese import OneShotFER, TwinNetwork, draw_support, expression_splits, verification_loss


@pytest.fixture(scope="module")
def faces():
    data = CartoonFaces(people=2, takes=2)
    data.setup()
    return data


def make(held_out=("surprise",), **settings):
    seed_everything(0, verbose=False)
    settings = {"classifier": CLASSIFIER, "classifier_optimization": adam(3e-3), **settings}
    return OneShotFER(EXPRESSIONS, 32, held_out, **settings)


def test_two_of_six_are_held_out_in_fifteen_ways():
    six = [name for name in SEVEN if name != "neutral"]
    splits = expression_splits(six)
    assert len(splits) == len(set(splits)) == 15
    for trained, held_out in splits:
        assert (len(trained), len(held_out)) == (4, 2)
        assert sorted(trained + held_out) == sorted(six)
    assert splits[0] == (("fear", "happiness", "sadness", "surprise"), ("anger", "disgust"))
    assert len(expression_splits(SEVEN)) == 21
    assert expression_splits("ab", held_out=1) == [(("b",), ("a",)), (("a",), ("b",))]


def test_both_kinds_of_pairs_count_for_half():
    logits, same = torch.tensor([2.0, -1.0, 0.5, 3.0]), torch.tensor([True, False, False, False])

    def loss(logit, label):
        p = 1 / (1 + math.exp(-logit))
        return -math.log(p if label else 1 - p)

    expected = (loss(2.0, 1) + (loss(-1.0, 0) + loss(0.5, 0) + loss(3.0, 0)) / 3) / 2
    assert verification_loss(logits, same).item() == pytest.approx(expected, rel=1e-5)
    assert verification_loss(logits[1:], same[1:]).item() == pytest.approx(
        sum(loss(z, 0) for z in (-1.0, 0.5, 3.0)) / 3, rel=1e-5
    )


def test_before_it_learns_faces_are_the_less_the_same_the_more_they_differ():
    network = TwinNetwork(3, 32, CLASSIFIER).eval()
    face = network.twin(torch.rand(1, 3, 32, 32) * 2 - 1)
    odds = [network.compare(face, face + distance).item() for distance in (0.0, 0.1, 1.0)]
    assert odds[0] > 0 > odds[2]
    assert odds == sorted(odds, reverse=True)


def test_a_comparison_is_a_weighted_distance():
    network = TwinNetwork(3, 32, CLASSIFIER).eval()
    image = torch.rand(4, 3, 32, 32) * 2 - 1
    network.support.copy_(image[:3])
    logits, features = network(image), network.twin(image)
    weights, bias = network.weigh.weight[0], network.weigh.bias
    for i in range(4):
        for k in range(3):
            distance = sum(w * abs(a - b) for w, a, b in zip(weights, features[i], features[k], strict=True))
            assert torch.allclose(logits[i, k], distance + bias, atol=1e-5)
    assert torch.allclose(logits[[0, 1, 2], [0, 1, 2]], bias.expand(3))  # a face is at no distance from itself


def test_the_support_set_is_one_training_face_of_each_expression(faces):
    train, module = faces.faces("train"), make()
    make_trainer(1, limit_val_batches=0).fit(module, faces)
    pictures = normalize_image(train.images(np.arange(len(train))))
    for label, face in enumerate(module.network.support):
        (found,) = np.flatnonzero((pictures == face).flatten(1).all(dim=1).numpy())
        assert train.table.expression[found] == label
    assert torch.equal(draw_support(train, EXPRESSIONS, seed=3), draw_support(train, EXPRESSIONS, seed=3))
    assert not torch.equal(draw_support(train, EXPRESSIONS, seed=3), draw_support(train, EXPRESSIONS, seed=4))
    with pytest.raises(DataError, match="shows anger"):
        draw_support(train, (*EXPRESSIONS, "anger"), seed=0)


def test_held_out_faces_are_neither_trained_nor_validated_on(faces):
    module, seen = make(), []
    twin = module.network.twin.forward
    module.network.twin.forward = lambda image: (seen.append(len(image)), twin(image))[1]
    batch = faces.on_after_batch_transfer(next(iter(faces.train_dataloader())), 0)
    make_trainer(1, limit_val_batches=0).fit(module, faces)
    assert seen[0] == (batch["expression"] != 2).sum() < len(batch["expression"])

    make_trainer(1).validate(module, faces, verbose=False)
    report = module.reports["val"]
    assert report.faces == 2 * 2 * 3 * 2
    assert report.confusion[2].sum() == 0
    only_held_out = {name: value[batch["expression"] == 2] for name, value in batch.items()}
    assert module.training_step(only_held_out, 0) is None


def test_one_face_of_an_expression_is_enough_once_it_knows_others(faces):
    module = make()
    make_trainer(60, limit_val_batches=0).fit(module, faces)
    train = faces.faces("train")
    batch = faces.on_after_batch_transfer(train.batch(np.arange(len(train)), None), 0)
    right = module.eval()(batch["image"]).argmax(dim=1) == batch["expression"]
    trained, held_out = batch["expression"] != 2, batch["expression"] == 2
    assert right[trained].float().mean() > 0.95
    assert right[held_out].float().mean() > 0.6  # by chance 0.33


def test_checkpoints_keep_the_support_and_tests_ask_for_all_expressions(faces, tmp_path):
    module, trainer = make(), make_trainer(1)
    trainer.fit(module, faces)
    trainer.save_checkpoint(tmp_path / "last.ckpt")
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["hyper_parameters"]
    assert saved["held_out"] == ["surprise"]

    loaded = OneShotFER.load_from_checkpoint(tmp_path / "last.ckpt").eval()
    batch = faces.on_after_batch_transfer(next(iter(faces.test_dataloader())), 0)
    assert torch.equal(loaded(batch["image"]), module.eval()(batch["image"]))
    make_trainer(1).test(loaded, faces, verbose=False)
    assert loaded.reports["test"].confusion.sum(axis=1).tolist() == [2 * 3 * 2] * 3


def test_what_cannot_work_is_refused(faces):
    with pytest.raises(ConfigError, match="held_out names anger; the expressions are happiness"):
        make(("anger",))
    with pytest.raises(ConfigError, match="leaves 1 of 3"):
        make(("sadness", "surprise"))
    with pytest.raises(ConfigError, match="data module"):
        make_trainer(1).fit(make(), faces.train_dataloader())
