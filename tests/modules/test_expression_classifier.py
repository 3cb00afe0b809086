"""What the classifier alone learns from: votes, and logits adjusted to how frequent the expressions are."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import CLASSIFIER, adam, make_trainer, sgd
from lightning import Callback, seed_everything

from geofer.errors import ConfigError
from geofer.modules import ClassifierConfig, ExpressionClassifier
from geofer.networks.classifier import Classifier


class Votes(CartoonFaces):
    """Of three in four faces one expression is seen by all, the others are seen as two."""

    def __init__(self) -> None:
        super().__init__()
        votes = np.eye(3, dtype=np.float32)[self.faces_in_memory.table.expression]
        votes[::4] = (0.5, 0.5, 0)
        self.faces_in_memory = replace(self.faces_in_memory, table=replace(self.faces_in_memory.table, votes=votes))


class First(Callback):
    """Keeps the first batch, and the loss that was told for it."""

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.batch, self.loss = batch, float(outputs["loss"])


def first_step(data, **settings):
    seed_everything(0, verbose=False)
    module = ExpressionClassifier(data.expressions, 32, CLASSIFIER, classifier_optimization=adam(0.0), **settings)
    first = First()
    make_trainer(1, limit_val_batches=0, callbacks=[first]).fit(module, data)
    module.train()
    return module, first


def test_votes_are_learned_from_where_there_are():
    module, first = first_step(Votes())
    logits = module(first.batch["image"])
    expected = -(first.batch["votes"] * logits.log_softmax(1)).sum(1).mean()
    assert first.loss == pytest.approx(float(expected), rel=1e-4)


def test_logits_are_adjusted_by_the_shares_of_the_expressions():
    data = CartoonFaces()
    table = data.faces_in_memory.table
    kept = np.flatnonzero((table.expression != 2) | (np.arange(len(table)) % 4 == 0))
    rare = replace(
        data.faces_in_memory, split=np.where(np.isin(np.arange(len(table)), kept), data.faces_in_memory.split, "")
    )
    data.faces_in_memory = rare
    module, first = first_step(data, logit_adjustment=0.5)
    shares = torch.bincount(torch.from_numpy(table.expression[rare.split == "train"])) / (rare.split == "train").sum()
    logits = module(first.batch["image"]) + 0.5 * shares.log()
    expected = torch.nn.functional.cross_entropy(logits, first.batch["expression"])
    assert first.loss == pytest.approx(float(expected), rel=1e-4)


def test_adjusting_needs_a_data_module():
    module = ExpressionClassifier(("a", "b", "c"), 32, CLASSIFIER, logit_adjustment=1.0)
    loader = torch.utils.data.DataLoader([{"image": torch.zeros(3, 32, 32), "expression": 0}])
    with pytest.raises(ConfigError, match="logit_adjustment needs a data module"):
        make_trainer(1).fit(module, loader)


@pytest.mark.parametrize(("float32", "dtype"), [(True, torch.float32), (False, torch.bfloat16)])
def test_a_backbone_may_stay_in_float32(float32, dtype):
    config = ClassifierConfig("small_resnet", False, 8, {"widths": [8, 16]}, float32=float32)
    classifier, seen = Classifier(3, config).eval(), []
    classifier.backbone.stem[0].register_forward_hook(lambda *parts: seen.append(parts[-1].dtype))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        logits = classifier(torch.rand(2, 3, 32, 32))
    assert seen == [dtype]
    assert logits.dtype == torch.bfloat16, "the two layers behind it are as fast as the trainer wants them"


def test_the_backbone_is_frozen_first_and_learns_slower_then():
    seed_everything(0, verbose=False)
    data = CartoonFaces()
    module = ExpressionClassifier(
        data.expressions,
        32,
        CLASSIFIER,
        classifier_optimization=sgd(0.5),
        backbone_frozen_epochs=1,
        backbone_lr_fraction=0.01,
    )

    class Steps(Callback):
        """Keeps the weights before and after each epoch."""

        def __init__(self) -> None:
            self.states: list[dict[str, torch.Tensor]] = []

        def on_train_start(self, trainer, pl_module) -> None:
            self.keep(pl_module)

        def on_train_epoch_end(self, trainer, pl_module) -> None:
            self.keep(pl_module)

        def keep(self, module) -> None:
            self.states.append({name: value.clone() for name, value in module.classifier.state_dict().items()})

    steps = Steps()
    make_trainer(-1, max_epochs=2, limit_val_batches=0, callbacks=[steps]).fit(module, data)
    start, frozen, thawed = steps.states
    moved = [
        {name for name in before if not torch.equal(before[name], after[name])}
        for before, after in ((start, frozen), (frozen, thawed))
    ]
    assert moved[0] == {"head.0.weight", "head.0.bias", "head.2.weight", "head.2.bias"}
    assert any("running_mean" in name for name in moved[1])
    assert {name.partition(".")[0] for name in moved[1]} == {"backbone", "head"}
    assert [group["lr"] for group in module.trainer.optimizers[0].param_groups] == pytest.approx([0.5, 0.005])
