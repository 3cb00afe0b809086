"""What all compared generators owe: who learns in which step, the common call, checkpoints, and that they learn."""

import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import Losses, adam, fit
from compared_training import KINDS, WITH_NOISE, make, pairs
from lightning import Callback

from geofer.errors import ConfigError
from geofer.modules import GeneratorConfig, LossConfig, Schedule
from geofer.study.baselines.generators import AAE, CAAE, DRGAN, GCGAN, ConditionalGAN

DISCRIMINATORS = {
    AAE: {"identity_discriminator"},
    CAAE: {"identity_discriminator", "attribute_discriminator"},
    GCGAN: {"discriminator"},
    DRGAN: {"discriminator"},
    ConditionalGAN: {"attribute_discriminator"},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def few_faces():
    data = CartoonFaces(people=2, takes=1, batch_size=8)
    data.setup()
    return data


class Gradients(Callback):
    """The networks whose gradients are other ones than before, at every step of an optimizer."""

    def __init__(self):
        self.before, self.seen = {}, []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        gradients = {
            name: parameter.grad.clone()
            for name, parameter in pl_module.named_parameters()
            if parameter.grad is not None
        }
        fresh = [
            name for name, grad in gradients.items() if name not in self.before or not grad.equal(self.before[name])
        ]
        self.seen.append({name.split(".")[0] for name in fresh})
        self.before = gradients


@every_kind
def test_each_step_gives_gradients_to_its_own_networks_alone(few_faces, kind):
    gradients = Gradients()
    trainer = fit(make(kind), few_faces, steps=2, callbacks=[gradients])
    assert gradients.seen == [DISCRIMINATORS[kind], {"synthesizer"}, {"classifier"}] * 2
    assert trainer.global_step == 2


@every_kind
def test_a_warmup_is_for_those_who_reconstruct(few_faces, kind):
    losses = Losses()
    fit(make(kind, schedule=Schedule(warmup=5, synthetic_start=5)), few_faces, steps=1, callbacks=[losses])
    own = {"c_real", "geo"}
    expected = {
        AAE: own | {"rec"},
        CAAE: own | {"rec", "tv"},
        GCGAN: own | {"rec", "contrast"},
        DRGAN: own | {"id", "shape", "d_id", "d_geo", "d_fake"},
        ConditionalGAN: own | {"adv", "d"},
    }
    assert set(losses.steps[0]) == expected[kind]


@every_kind
def test_synthesize_answers_the_common_call(few_faces, kind):
    module, batch = make(kind), pairs(few_faces)
    torch.nn.init.constant_(module.synthesizer.decoder.color.bias, 50.0)  # the average makes the faces, not this
    faces = module.synthesize(batch["image"], batch["target_landmarks"])
    assert faces.shape == batch["image"].shape
    assert -1 <= faces.min() < faces.max() <= 1
    assert faces.mean() < 0.5
    again = module.synthesize(batch["image"], batch["target_landmarks"], source=batch["landmarks"])
    assert torch.equal(faces, again) == (kind not in WITH_NOISE)
    assert module.training
    assert not faces.requires_grad


@every_kind
def test_the_face_depends_on_the_target_and_on_the_input_where_there_is_one(few_faces, kind):
    module, batch = make(kind), pairs(few_faces)

    def synthesize(image, landmarks):
        torch.manual_seed(0)
        return module.synthesize(image, landmarks)

    faces = synthesize(batch["image"], batch["target_landmarks"])
    assert not torch.equal(faces, synthesize(batch["image"], batch["target_landmarks"].roll(1, dims=0)))
    other_input = synthesize(batch["image"].roll(1, dims=0), batch["target_landmarks"])
    assert torch.equal(faces, other_input) == (kind is ConditionalGAN)


@every_kind
def test_checkpoints_are_plain_data_and_rebuild_the_module(few_faces, tmp_path, kind):
    weights, generator = LossConfig(attribute=0.02), GeneratorConfig(8, 10, 6, initial_std=None, contours=True)
    module = make(kind, losses=weights, generator=generator, generator_optimization=adam(3e-3))
    fit(module, few_faces, steps=1).save_checkpoint(tmp_path / "last.ckpt")
    saved = torch.load(tmp_path / "last.ckpt", weights_only=True)["hyper_parameters"]
    assert saved["class_path"].endswith(kind.__name__)
    assert saved["losses"]["attribute"] == 0.02
    assert saved["generator_optimization"]["optimizer"]["init_args"]["lr"] == 3e-3

    loaded = kind.load_from_checkpoint(tmp_path / "last.ckpt")
    assert loaded.loss_config == weights
    batch, made = pairs(few_faces), []
    for model in (module, loaded):
        torch.manual_seed(0)
        made.append(model.synthesize(batch["image"], batch["target_landmarks"]))
    assert torch.equal(*made)


def test_additions_of_the_generator_that_need_a_face(few_faces):
    batch = pairs(few_faces)
    warping = make(GCGAN, generator=GeneratorConfig(8, initial_std=None, skips=True, warp=True))
    assert warping.synthesize(batch["image"], batch["target_landmarks"], batch["landmarks"]).isfinite().all()
    with pytest.raises(ConfigError, match="source"):
        warping.synthesize(batch["image"], batch["target_landmarks"])
    for addition in ("skips", "warp"):
        with pytest.raises(ConfigError, match=rf"generator\.{addition}"):
            make(ConditionalGAN, generator=GeneratorConfig(8, **{addition: True}))


@pytest.mark.parametrize("kind", [AAE, CAAE, GCGAN])
def test_a_few_dozen_steps_lower_the_reconstruction(few_faces, kind):
    losses = Losses()
    schedule = Schedule(warmup=0, adversarial_ramp=20, classifier_start=100)
    fit(make(kind, rate=4e-3, schedule=schedule), few_faces, steps=30, callbacks=[losses])
    assert losses.mean("rec", slice(-5, None)) < 0.85 * losses.steps[0]["rec"]
