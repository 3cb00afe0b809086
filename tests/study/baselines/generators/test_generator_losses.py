"""The equations of the compared generators, against slow obvious versions."""

import math

import pytest
import torch
from cartoon_faces import CartoonFaces
from cartoon_training import Losses, fit
from compared_training import KINDS, make, pairs
from lightning import Callback

from geofer.modules import LossConfig
from geofer.networks.synthesizer import Synthesis
from geofer.study.baselines.generators import AAE, CAAE, GCGAN, ConditionalGAN
from geofer.study.baselines.generators.aae import paired_with_itself
from geofer.study.baselines.generators.dr_gan import PEOPLE
from geofer.study.baselines.generators.gc_gan import CONTRAST, MARGIN, contrastive_loss

WEIGHTS = LossConfig(attribute=0.3, prior=0.2, classification=0.7, reconstruction=1.5, geometry=0.05, variation=0.4)


@pytest.fixture(scope="module")
def batch():
    data = CartoonFaces(people=2, takes=1, batch_size=8)
    data.setup()
    return pairs(data)


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def is_real(logits):
    """-log D"""
    return mean(math.log(1 + math.exp(-z)) for z in logits.flatten().tolist())


def is_fake(logits):
    """-log(1 - D)"""
    return mean(-math.log(1 - 1 / (1 + math.exp(-z))) for z in logits.flatten().tolist())


def is_class(logits, labels):
    return mean(
        -math.log(math.exp(row[y]) / sum(math.exp(z) for z in row))
        for row, y in zip(logits.double().tolist(), labels.tolist(), strict=True)
    )


def squared(first, second):
    return mean(((a - b) ** 2).sum().item() for a, b in zip(first, second, strict=True))


def l1(first, second):
    return (first - second).abs().sum().item() / first.numel()


def variation(image):
    return l1(image[..., 1:], image[..., :-1]) + l1(image[:, :, 1:], image[:, :, :-1])


def expected_terms(module, batch, x):
    """For each method: name → (weight, value) of G's own terms, of its judged terms, and D's losses."""
    target, landmarks, label = batch["target_image"], batch["target_landmarks"], batch["target_expression"]
    own = {"geo": (0.05, squared(x.reconstruction, landmarks))}
    reconstructed = {"rec": (1.5, l1(x.image, target))}
    if isinstance(module, AAE):
        d_i = module.identity_discriminator
        judged = {"prior": (0.2, is_real(d_i(x.identity)))}
        torch.manual_seed(1)
        prior = torch.empty_like(x.identity).uniform_(-1, 1)
        losses = {"d_i": is_real(d_i(prior)) + is_fake(d_i(x.identity))}
        if isinstance(module, CAAE):
            real = module.attribute_discriminator(target, x.embedding)
            fake = module.attribute_discriminator(x.image, x.embedding)
            own["tv"] = (0.4, variation(x.image))
            judged["adv"] = (0.3, is_real(fake))
            losses["d_img"] = is_real(real) + is_fake(fake)
        return own | reconstructed, judged, losses
    if isinstance(module, ConditionalGAN):
        real = module.attribute_discriminator(target, x.embedding)
        fake = module.attribute_discriminator(x.image, x.embedding)
        return own, {"adv": (0.3, is_real(fake))}, {"d": is_real(real) + is_fake(fake)}
    real, fake = module.discriminator(target), module.discriminator(x.image)
    if isinstance(module, GCGAN):
        contrast = slow_contrast(x.embedding, label, MARGIN)
        return (
            own | reconstructed | {"contrast": (CONTRAST, contrast)},
            {"adv": (0.3, is_real(fake[:, :1])), "cls": (0.7, is_class(fake[:, 1:], label))},
            {"d": is_real(real[:, :1]) + is_fake(fake[:, :1]), "d_cls": is_class(real[:, 1:], label)},
        )
    people, nobody = PEOPLE + 1, torch.full((8,), PEOPLE)
    shape = squared(fake[:, people:].reshape(8, 68, 2), landmarks)
    return (
        own,
        {"id": (0.3, is_class(fake[:, :people], batch["subject"])), "shape": (0.3 / 68, shape)},
        {
            "d_id": is_class(real[:, :people], batch["subject"]),
            "d_geo": squared(real[:, people:].reshape(8, 68, 2), landmarks),
            "d_fake": is_class(fake[:, :people], nobody),
        },
    )


def slow_contrast(embedding, label, margin):
    pairs_of_faces = []
    for i in range(len(embedding)):
        for j in range(i):
            distance = ((embedding[i] - embedding[j]) ** 2).sum().item()
            pairs_of_faces.append(distance / 2 if label[i] == label[j] else max(0, margin - distance) / 2)
    return mean(pairs_of_faces)


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_losses_equal_slow_ones(batch, kind):
    module = make(kind, losses=WEIGHTS)
    synthesis: Synthesis = module.synthesizer(batch["image"], batch["landmarks"], batch["target_landmarks"])
    own, judged, d_losses = expected_terms(module, batch, synthesis)

    torch.manual_seed(1)
    found = module._discriminator_losses(batch, synthesis)
    assert {name: loss.item() for name, loss in found.items()} == pytest.approx(d_losses, rel=1e-4)

    total, losses = module._generator_loss(batch, synthesis, strength=0.5)
    terms = own | judged
    assert {name: loss.item() for name, loss in losses.items()} == pytest.approx(
        {name: value for name, (_, value) in terms.items()}, rel=1e-4
    )
    expected = sum(w * value for w, value in own.values()) + 0.5 * sum(w * value for w, value in judged.values())
    assert total.item() == pytest.approx(expected, rel=1e-4)
    assert set(module._generator_loss(batch, synthesis, strength=0.0)[1]) == set(own)


def test_the_contrast_knows_its_margin():
    one_expression, apart = torch.tensor([2, 2]), torch.tensor([[0.0, 0.0], [3.0, 1.0]])
    assert contrastive_loss(apart, one_expression, margin=5.0) == 5.0  # ½ · 10
    two_expressions = torch.tensor([0, 1])
    assert contrastive_loss(apart, two_expressions, margin=5.0) == 0.0
    assert contrastive_loss(apart / 2, two_expressions, margin=5.0) == 1.25  # ½ (5 - 2.5)
    together = torch.ones(2, 3, requires_grad=True)
    contrastive_loss(together, two_expressions, margin=5.0).backward()
    assert together.grad.isfinite().all()


@pytest.mark.parametrize("kind", [AAE, CAAE])
def test_autoencoders_see_one_face_of_a_person_only(kind):
    data = CartoonFaces(people=2, takes=1, batch_size=8, self_pairs=0.0)
    data.setup()
    module, losses, distances = make(kind), Losses(), []

    class Watch(Callback):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            own = pl_module.synthesizer(batch["image"], batch["landmarks"], batch["landmarks"]).image
            distances.append([l1(own, batch[name]) for name in ("image", "target_image")])

    fit(module, data, steps=1, callbacks=[losses, Watch()])
    (to_input, to_target), found = distances[0], losses.steps[0]["rec"]
    assert found == pytest.approx(to_input, rel=1e-5)
    assert found != pytest.approx(to_target, rel=1e-4)


def test_a_batch_paired_with_itself_keeps_the_labels_of_its_faces(batch):
    paired = paired_with_itself(batch)
    for name in ("image", "landmarks", "expression"):
        assert torch.equal(paired[f"target_{name}"], batch[name])
    assert paired["subject"] is batch["subject"]
    assert not torch.equal(batch["target_image"], batch["image"])
