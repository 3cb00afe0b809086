"""Evaluation and the classifier alone, on cartoon faces."""

import pytest
import torch
from cartoon_faces import EXPRESSIONS, CartoonFaces
from lightning import Trainer, seed_everything

from geofer.errors import NonFiniteError
from geofer.modules import AugmentationConfig, ClassifierConfig, ExpressionClassifier, Optimization


def make_trainer(**settings):
    return Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        **settings,
    )


def fast_adam(parameters):
    return torch.optim.Adam(parameters, lr=5e-3)


def make_module(**settings):
    seed_everything(0, verbose=False)
    config = ClassifierConfig("small_resnet", False, 32, {"widths": [8, 16]})
    return ExpressionClassifier(
        EXPRESSIONS,
        32,
        config,
        **{"classifier_optimization": Optimization(fast_adam), **settings},
    )


@pytest.fixture(scope="module")
def faces():
    return CartoonFaces(people=8, takes=1)


def test_the_classifier_alone_learns_and_its_report_agrees_with_its_predictions(faces):
    module = make_module(augmentation=AugmentationConfig(flip=True, rotation=5, scale=0.05, shift=0.03))
    trainer = make_trainer(max_steps=100)
    trainer.fit(module, faces)
    loss = trainer.callback_metrics["train/c_real"]
    trainer.test(module, faces, verbose=False)
    logged = trainer.callback_metrics["test/accuracy"].item()
    predictions = trainer.predict(module, faces)

    assert trainer.global_step == 100
    assert loss < 1.0
    report = module.reports["test"]
    prediction, expression = (torch.cat([part[name] for part in predictions]) for name in ("prediction", "expression"))
    assert report.accuracy == pytest.approx((prediction == expression).float().mean().item())
    assert report.faces == len(expression) == 18
    assert logged == pytest.approx(report.accuracy)
    assert set(module.reports) == {"val", "test"}
    probabilities = torch.cat([part["probabilities"] for part in predictions])
    assert torch.allclose(probabilities.sum(dim=1), torch.ones(18))


def test_a_second_evaluation_starts_from_nothing(faces):
    module, trainer = make_module(), make_trainer()
    faces.setup()
    for _ in range(2):
        trainer.validate(module, faces, verbose=False)
        assert module.reports["val"].faces == 18


def test_evaluation_does_not_depend_on_the_batch(faces):
    module = make_module().eval()
    faces.setup()
    batch = faces.on_after_batch_transfer(next(iter(faces.val_dataloader())), 0)
    assert torch.allclose(module(batch["image"])[:3], module(batch["image"][:3]), atol=1e-5)


def test_gradients_are_clipped(faces):
    module = make_module(classifier_optimization=Optimization(fast_adam, gradient_clip=1e-4))
    make_trainer(max_steps=1, limit_val_batches=0).fit(module, faces)
    norm = torch.cat([parameter.grad.flatten() for parameter in module.classifier.parameters()]).norm()
    assert norm <= 1e-4 * 1.001


def test_probabilities_that_are_not_finite_end_the_evaluation(faces):
    module = make_module()
    torch.nn.init.constant_(module.classifier.head[2].bias, float("nan"))
    with pytest.raises(NonFiniteError, match="NaN or infinite on the test faces"):
        make_trainer().test(module, faces, verbose=False)
