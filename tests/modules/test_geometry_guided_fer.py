"""The steps of the method: who is allowed to change what, and when."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import AT_ONCE, TUNED, Losses, adam, fit, make_module, make_trainer, sgd
from lightning import Callback
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger

from geofer.errors import ConfigError, LeakError
from geofer.modules import GeneratorConfig, LossConfig, Optimization, Schedule, SynthesisConfig


@pytest.fixture(scope="module")
def few_faces():
    """As many as make a batch of 8 quick."""
    data = CartoonFaces(people=2, takes=1, batch_size=8)
    data.setup()
    return data


def changed(before, after):
    """Names of the networks of which a weight changed."""
    state = after.state_dict()
    return {
        name.split(".")[0]
        for name, value in before.items()
        if not torch.equal(value, state[name]) and "running" not in name and "num_batches" not in name
    } - {"averaged"}


def snapshot(module):
    return copy.deepcopy(module.state_dict())


def test_three_optimizers_and_twelve_batches_are_twelve_steps(few_faces):
    module = make_module(schedule=dataclasses.replace(AT_ONCE, generator_steps=2))
    losses = Losses()
    assert fit(module, few_faces, steps=12, callbacks=[losses]).global_step == 12
    assert len(losses.steps) == 12
    assert set(losses.steps[0]) == {"d_att", "d_i", "adv", "prior", "cls", "rec", "geo", "tv", "c_real", "c_fake"}


def test_batches_count_once_while_the_generator_or_the_classifier_learns_alone(few_faces):
    schedule = Schedule(0, 0, 0, 0, generator_stop=4, classifier_start=4, end_to_end=False)
    losses = Losses()
    trainer = fit(make_module(schedule=schedule), few_faces, steps=7, callbacks=[losses])
    assert trainer.global_step == 7
    assert ["rec" in step for step in losses.steps] == [True] * 4 + [False] * 3
    assert ["c_real" in step for step in losses.steps] == [False] * 4 + [True] * 3


def test_everything_learns_once_the_ramps_are_over(few_faces):
    module = make_module()
    before = snapshot(module)
    fit(module, few_faces, steps=1)
    assert changed(before, module) == {
        "synthesizer",
        "attribute_discriminator",
        "identity_discriminator",
        "classifier",
    }


def test_during_the_warmup_the_generator_only_reconstructs(few_faces):
    module = make_module(schedule=Schedule(warmup=5, synthetic_start=5))
    before, losses = snapshot(module), Losses()
    fit(module, few_faces, steps=2, callbacks=[losses])
    assert set(losses.steps[1]) == {"rec", "geo", "tv", "c_real"}
    assert changed(before, module) == {"synthesizer", "classifier"}


@pytest.mark.parametrize(
    ("config", "unchanged", "absent"),
    [
        (LossConfig(attribute=0), "attribute_discriminator", {"d_att", "adv"}),
        (LossConfig(prior=0), "identity_discriminator", {"d_i", "prior"}),
    ],
)
def test_a_discriminator_that_weighs_nothing_is_neither_trained_nor_asked(few_faces, config, unchanged, absent):
    module = make_module(losses=config)
    before, losses = snapshot(module), Losses()
    fit(module, few_faces, steps=1, callbacks=[losses])
    assert unchanged not in changed(before, module)
    assert not absent & set(losses.steps[0])


def gradient_through_classifier(few_faces, **settings):
    """Largest change that λ3 makes to the generator in one step."""
    weights = []
    for classification in (0.0, 100.0):
        module = make_module(losses=LossConfig(classification=classification), **settings)
        module.generator_optimization = sgd(0.1)
        fit(module, few_faces, steps=1)
        weights.append(torch.cat([weight.flatten() for weight in module.synthesizer.parameters()]))
    return (weights[0] - weights[1]).abs().max().item()


def test_the_classifier_teaches_the_generator_end_to_end_only(few_faces):
    assert gradient_through_classifier(few_faces) > 1e-4
    apart = Schedule(0, 0, 0, 0, generator_stop=5, classifier_start=5, end_to_end=False)
    assert gradient_through_classifier(few_faces, schedule=apart) == 0


def test_teaching_the_generator_leaves_the_classifier_and_its_statistics_alone(few_faces):
    module = make_module(schedule=Schedule(0, 0, 0, 0, classifier_start=5))
    before = snapshot(module.classifier)
    fit(module, few_faces, steps=2)
    for name, value in module.classifier.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_discriminators_step_leaves_generator_and_embedding_alone(few_faces):
    module = make_module(losses=LossConfig(reconstruction=0, geometry=0, variation=0, classification=0))
    before = snapshot(module)
    module.generator_optimization = sgd(0.0)
    fit(module, few_faces, steps=2)
    assert "synthesizer" not in changed(before, module)


def test_the_average_follows_the_generator(few_faces):
    module = make_module(ema_decay=0.9)
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            weights = (pl_module.synthesizer.encoder.identity.weight, pl_module.averaged.encoder.identity.weight)
            seen.append([weight.detach().clone() for weight in weights])

    expected = module.averaged.encoder.identity.weight.clone()
    fit(module, few_faces, steps=5, callbacks=[Watch()])
    for step, (weight, average) in enumerate(seen):
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * weight
        assert torch.allclose(average, expected, atol=1e-6)
    running = module.averaged.embedding.encoder[0][1].running_mean
    assert running.abs().max() > 0  # batch statistics are averaged as well
    assert not any(parameter.requires_grad for parameter in module.averaged.parameters())


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_gradients_are_clipped_for_each_optimizer(few_faces, precision):
    clipped = Optimization(gradient_clip=1e-3)
    parts = ("generator", "discriminator", "classifier")
    module = make_module(**{f"{part}_optimization": clipped for part in parts})
    norms = []

    class Watch(Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            for optimizer in trainer.optimizers:
                gradients = [p.grad.flatten() for group in optimizer.param_groups for p in group["params"]]
                norms.append(torch.cat(gradients).norm().item())

    fit(module, few_faces, steps=3, precision=precision, callbacks=[Watch()])
    assert len(norms) == 9
    assert max(norms) <= 1e-3 * 1.001


def test_bf16_trains_float32_weights(few_faces):
    module, losses = make_module(**TUNED), Losses()
    fit(module, few_faces, steps=2, precision="bf16-mixed", callbacks=[losses])
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert all(np.isfinite(list(step.values())).all() for step in losses.steps)


def test_in_mixed_precision_a_second_step_of_the_generator_starts_from_what_the_first_one_learned(few_faces):
    """Autocast would keep the bf16 copies of weights that it has made; Lightning switches that off."""
    module, errors = make_module(schedule=dataclasses.replace(AT_ONCE, generator_steps=2)), []
    synthesize = module._synthesize_targets

    def compared(batch):
        fresh = copy.deepcopy(module.synthesizer)
        synthesis = synthesize(batch)
        expected = fresh(batch["image"], batch["landmarks"], batch["target_landmarks"])
        errors.append((synthesis.image - expected.image).abs().max().item())
        return synthesis

    module._synthesize_targets = compared
    fit(module, few_faces, steps=2, precision="bf16-mixed")
    assert len(errors) == 4
    assert max(errors) == 0


def test_the_literal_equation_7_compares_with_the_input(few_faces):
    module = make_module(
        losses=LossConfig(reconstruction_target="input"), schedule=Schedule(warmup=5, synthetic_start=5)
    )
    losses, batches = Losses(), []

    class Watch(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            fake = copy.deepcopy(pl_module.synthesizer)(batch["image"], batch["landmarks"], batch["target_landmarks"])
            batches.append((fake.image - batch["image"]).abs().mean().item())

    fit(module, few_faces, steps=1, callbacks=[losses, Watch()])
    assert losses.steps[0]["rec"] == pytest.approx(batches[0], rel=1e-4)


@pytest.mark.parametrize("separate", [False, True])
def test_running_statistics_can_come_from_real_faces_alone(few_faces, separate):
    momenta = {}
    for per_real in (0.0, 1.0):
        synthesis = SynthesisConfig(per_real=per_real, separate_statistics=separate)
        module = make_module(synthesis=synthesis, losses=LossConfig(0, 0, 0))
        module.augmentation = dataclasses.replace(module.augmentation)
        fit(module, few_faces, steps=1)
        momenta[per_real] = module.classifier.backbone.stem[1].running_mean
    assert torch.allclose(momenta[0.0], momenta[1.0]) == separate


def test_synthetic_faces_seen_in_parts_teach_what_they_teach_at_once(few_faces):
    """Batch normalization would know each part alone: so without it."""
    weights, seen = {}, {}
    for at_once in (None, 7):
        module = make_module(synthesis=SynthesisConfig(per_real=2.5, at_once=at_once))
        for block in (module.classifier.backbone.stem, *module.classifier.backbone.stages):
            for name, layer in list(block.named_children()):
                if isinstance(layer, torch.nn.BatchNorm2d):
                    setattr(block, name, torch.nn.Identity())
        before = module.classifier.head[0].weight.clone()
        module.classifier_optimization = sgd(0.1)
        seen[at_once], losses = [], Losses()
        module.classifier.backbone.register_forward_pre_hook(
            lambda network, inputs, sizes=seen[at_once]: sizes.append(len(inputs[0])) if network.training else None
        )
        fit(module, few_faces, steps=1, callbacks=[losses])
        weights[at_once] = (module.classifier.state_dict(), losses.steps[0]["c_fake"])
        assert not torch.equal(before, module.classifier.head[0].weight)
    assert seen == {None: [8, 20], 7: [8, 7, 7, 6]}
    assert weights[7][1] == pytest.approx(weights[None][1], rel=1e-5)
    for name, weight in weights[None][0].items():
        assert torch.allclose(weights[7][0][name], weight, atol=1e-6), name


def one_batch(few_faces):
    """As training sees it."""
    return few_faces.on_after_batch_transfer(next(iter(few_faces.train_dataloader())), 0)


def classifier_sees(few_faces, generator=None, **settings):
    """The classifier's synthetic faces of a batch, the warp's faces, and the batch."""
    synthesis = SynthesisConfig(per_real=2, **settings)
    module = make_module(synthesis=synthesis, **({} if generator is None else {"generator": generator}))
    fit(module, few_faces, steps=1)
    batch = one_batch(few_faces)
    image, _, expression = module._synthesize_for_classifier(batch, None, 16)
    return module, batch, image, expression


def test_a_control_can_give_the_classifier_its_real_faces_again(few_faces):
    _, batch, image, expression = classifier_sees(few_faces, targets="own", painter="input")
    assert torch.equal(image, batch["image"].repeat(2, 1, 1, 1))
    assert torch.equal(expression, batch["expression"].repeat(2))


def test_a_control_can_give_faces_their_own_geometry(few_faces):
    module, batch, image, expression = classifier_sees(few_faces, targets="own")
    assert torch.equal(expression, batch["expression"].repeat(2))
    made = module.synthesize(batch["image"], batch["landmarks"])
    assert torch.allclose(image, made.repeat(2, 1, 1, 1), atol=1e-5)


def test_a_control_can_warp_without_the_decoder(few_faces):
    warps = GeneratorConfig(width=8, warp=True)
    module, batch, image, _ = classifier_sees(few_faces, warps, targets="own", painter="warp")
    warped = module.averaged.warp(batch["image"], batch["landmarks"], batch["landmarks"]).image
    assert torch.allclose(image[:8], warped, atol=1e-5)
    with pytest.raises(ConfigError, match=r"set generator\.warp"):
        make_module(synthesis=SynthesisConfig(painter="warp"))


@pytest.mark.parametrize(("pooled", "weights"), [(False, (1, 1)), (True, (1 / 3, 2 / 3))])
def test_synthetic_faces_count_as_a_mean_or_one_by_one(few_faces, pooled, weights):
    module, given, losses = make_module(synthesis=SynthesisConfig(per_real=2, pooled=pooled)), [], Losses()
    backward = module.manual_backward
    module.manual_backward = lambda loss: (given.append(loss.item()), backward(loss))
    fit(module, few_faces, steps=1, callbacks=[losses])
    first = losses.steps[0]
    assert given[-2:] == pytest.approx([weights[0] * first["c_real"], weights[1] * first["c_fake"]], rel=1e-5)


@pytest.mark.parametrize("learns", [False, True])
def test_the_embedding_can_be_kept_from_serving_the_discriminator(few_faces, learns):
    module = make_module(losses=LossConfig(condition_learns=learns))
    batch = one_batch(few_faces)
    synthesis = module.synthesizer(batch["image"], batch["landmarks"], batch["target_landmarks"])
    alone = synthesis._replace(image=synthesis.image.detach())
    _, losses = module._generator_loss(batch, alone, strength=1.0)
    assert losses["adv"].requires_grad
    (gradient,) = torch.autograd.grad(losses["adv"], synthesis.embedding, allow_unused=True)
    assert (gradient is not None) == learns


def test_a_bank_with_a_held_out_person_is_refused_by_name(few_faces):
    class Leaky(CartoonFaces):
        def landmark_bank(self):
            bank = super().landmark_bank()
            return dataclasses.replace(bank, subject=bank.subject.clone().fill_(max(self.subjects("test"))))

    data = Leaky(people=2, takes=1, batch_size=8)
    with pytest.raises(LeakError, match=rf"landmark bank .* test split: {max(few_faces.subjects('test'))}\."):
        fit(make_module(), data)


def test_a_bank_needs_a_data_module(few_faces):
    module = make_module()
    with pytest.raises(ConfigError, match="data module"):
        make_trainer(1).fit(module, few_faces.train_dataloader())


def test_a_warping_generator_asks_for_the_inputs_landmarks():
    module = make_module(**TUNED)
    with pytest.raises(ConfigError, match="source"):
        module.synthesize(torch.zeros(2, 3, 32, 32), torch.zeros(2, 68, 2))


def test_end_to_end_false_needs_the_two_parts_one_after_the_other():
    with pytest.raises(ConfigError, match=r"generator_stop and .*classifier_start .* they are None and 0"):
        Schedule(end_to_end=False)


def test_logs_only_when_the_logger_writes(few_faces, tmp_path):
    module, logged = make_module(), []
    module.log_dict = lambda values, **_: logged.append((module.trainer.global_step, set(values)))
    fit(module, few_faces, steps=7, log_every_n_steps=3, logger=CSVLogger(tmp_path))
    assert [step for step, _ in logged] == [3, 6]
    assert {"train/rec", "train/c_fake", "train/d_att"} <= logged[0][1]


class Rates(Callback):
    """Keeps the learning rates with which each batch was learned from."""

    def __init__(self):
        self.seen = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        self.seen.append([optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers])


def test_learning_rates_fall_over_the_last_fraction_of_each_parts_batches(few_faces):
    rates, decay = Rates(), Optimization(lr_decay_fraction=0.5)
    module = make_module(
        schedule=Schedule(0, 0, 0, 0, generator_stop=4, classifier_start=2),
        generator_optimization=decay,
        discriminator_optimization=Optimization(),
        classifier_optimization=adam(1e-3, lr_decay_fraction=1.0),
    )
    fit(module, few_faces, steps=8, callbacks=[rates])
    generator, discriminator, classifier = np.array(rates.seen).T
    assert np.allclose(generator, 5e-4 * np.array([1, 1, 1, 0.5, 0, 0, 0, 0]))
    assert np.allclose(discriminator, 5e-4)
    assert np.allclose(classifier, 1e-3 * np.array([1, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]))


def test_each_part_has_a_scheduler_of_its_own_which_lightning_monitors(few_faces, tmp_path):
    rates = Rates()
    steps = Optimization(scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.1))
    module = make_module(schedule=Schedule(3, 1, 3, 1), discriminator_optimization=steps)
    monitor = LearningRateMonitor("step")
    fit(module, few_faces, steps=8, callbacks=[rates, monitor], logger=CSVLogger(tmp_path))
    generator, discriminator, classifier = np.array(rates.seen).T
    assert np.allclose(generator, 5e-4)
    assert np.allclose(classifier, 5e-4)
    assert np.allclose(discriminator, 5e-4 * np.array([1, 1, 1, 1, 1, 0.1, 0.1, 0.01]))  # it learns from the fourth on
    assert monitor.lrs["lr-Adam"][-1] == pytest.approx(5e-6)


def test_a_scheduler_that_waits_for_a_metric_is_refused(few_faces):
    plateau = Optimization(scheduler=torch.optim.lr_scheduler.ReduceLROnPlateau)
    with pytest.raises(ConfigError, match="ReduceLROnPlateau; take a scheduler that counts batches"):
        fit(make_module(classifier_optimization=plateau), few_faces, steps=1)


def test_two_schedules_at_once_are_refused():
    with pytest.raises(ConfigError, match="leave one out"):
        Optimization(scheduler=torch.optim.lr_scheduler.ConstantLR, lr_decay_fraction=0.5)
