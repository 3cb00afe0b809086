"""The classifier's geometry branch: what it adds to the pixels, what it is spared, and what it must not change."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cartoon_blendshapes import ActingCartoons
from cartoon_faces import CartoonFaces
from cartoon_training import AT_ONCE, CLASSIFIER, Losses, fit, make_module, make_trainer
from lightning import Callback, seed_everything

from geofer.app.synthesis.target_geometry import posed_landmarks
from geofer.errors import ConfigError, DataError
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.modules import AugmentationConfig, ClassifierConfig, ExpressionClassifier, Optimization, SynthesisConfig
from geofer.modules.augmentation import augment, augment_with_geometry
from geofer.modules.losses import fusion_loss
from geofer.networks.classifier import SILENT, Classifier
from geofer.networks.geometry_branch import mirrored
from geofer.networks.geometry_classifier import upright
from geofer.rendering import HEAD_BLENDSHAPES

EXPRESSIONS = ("happiness", "sadness", "surprise")
SHAPES = {"landmarks": (68, 2), "blendshapes": (52,)}


def classifier(geometry, **settings):
    torch.manual_seed(0)
    return Classifier(7, replace(CLASSIFIER, geometry=geometry, **settings))


def seen(geometry, count=6):
    return torch.rand(count, *SHAPES[geometry], generator=torch.Generator().manual_seed(1))


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("geometry", "width"), [("landmarks", 102), ("blendshapes", 52)])
def test_it_is_a_perceptron_beside_the_same_classifier(geometry, width):
    alone, fused = classifier("none"), classifier(geometry)
    assert parameters(fused) - parameters(alone) == (width * 64 + 64) + (64 * 7 + 7)
    for name, value in alone.state_dict().items():
        assert torch.equal(fused.state_dict()[name], value), name


def test_without_one_the_classifier_is_what_it_was():
    network = classifier("none")
    assert parameters(network.head) == (16 * 32 + 32) + (32 * 7 + 7)
    assert {name.split(".")[0] for name in network.state_dict()} == {"backbone", "head"}
    assert parameters(Classifier(7, ClassifierConfig("resnet50", False))) == 23_508_032 + 2048 * 512 + 512 + 512 * 7 + 7
    image = torch.rand(2, 3, 32, 32)
    assert torch.equal(network.eval()(image), network.head(network.backbone(image)))


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
def test_the_logits_of_both_add_up(geometry):
    network, image, known = classifier(geometry).eval(), torch.rand(6, 3, 32, 32), seen(geometry)
    network.standardize_by(seen(geometry, 50) + 0.1)
    both, pixels = network(image, known), network(image)
    features = known if geometry == "blendshapes" else upright(known)[:, 17:].flatten(1)
    first, second = (network.geometry_branch.layers[place] for place in (1, 4))
    standard = (features - network.geometry_branch.mean) / network.geometry_branch.std
    by_hand = (standard @ first.weight.T + first.bias).clamp_min(0) @ second.weight.T + second.bias
    torch.testing.assert_close(both - pixels, by_hand, atol=1e-4, rtol=1e-4)
    assert (both - pixels).abs().max() > 1e-2


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
@pytest.mark.parametrize("training", [False, True])
def test_a_face_without_geometry_is_judged_by_its_pixels(geometry, training):
    network, image, known = classifier(geometry, modality_dropout=0.5), torch.rand(6, 3, 32, 32), seen(geometry)
    known[2:4].view(2, -1)[:, -1] = torch.tensor([torch.nan, torch.inf])
    network.train(training)
    for _ in range(8):  # nor is it ever left without any branch
        logits = network(image, known)
        assert torch.equal(logits[2:4], network(image)[2:4])
        assert logits.isfinite().all()


def test_in_training_each_branch_is_left_out_for_half_of_the_fraction():
    network = classifier("blendshapes", modality_dropout=0.6)
    image, known = torch.rand(1, 3, 32, 32).expand(3000, -1, -1, -1), seen("blendshapes", 1).expand(3000, -1)
    network.geometry_branch.layers[0].p = network.geometry_branch.layers[3].p = 0.0
    pixels, both = network(image), network(image, known)
    said = network.geometry_branch.classify(known[:1]).expand(3000, -1)
    by = {
        name: (both - expected).abs().amax(1) < 1e-4
        for name, expected in (("pixels", pixels), ("geometry", said), ("both", pixels + said))
    }
    assert sum(by.values()).eq(1).all()
    shares = {name: float(rows.float().mean()) for name, rows in by.items()}
    assert shares == pytest.approx({"pixels": 0.3, "geometry": 0.3, "both": 0.4}, abs=0.04)


@pytest.mark.parametrize("training", [False, True])
def test_the_pixels_answer_is_known_of_every_face_whichever_branch_is_left_out(training):
    network, image, known = (
        classifier("blendshapes", modality_dropout=1.0),
        torch.rand(6, 3, 32, 32),
        seen("blendshapes"),
    )
    network.train(training)
    alone = network(image)
    fused, pixels = network.outputs(image, known)
    assert torch.equal(pixels, alone)
    assert not torch.equal(fused, alone)
    assert network.outputs(image).image_logits is None


@pytest.mark.parametrize("image_loss", [0.0, 1.0])
def test_a_geometry_that_is_right_already_leaves_the_pixels_something_to_learn(image_loss):
    network, image, known = classifier("landmarks", modality_dropout=0.0), torch.rand(6, 3, 32, 32), seen("landmarks")
    network.geometry_branch.layers[-1].bias.data[2] = 100.0
    label = torch.full((6,), 2)
    fusion_loss(*network.outputs(image, known), image_loss, label).backward()
    learned = [parameter.grad.clone() for parameter in network.head.parameters()]
    network.zero_grad()
    F.cross_entropy(network(image), label).backward()
    for gradient, parameter in zip(learned, network.head.parameters(), strict=True):
        torch.testing.assert_close(gradient, image_loss * parameter.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
def test_gradients_reach_both(geometry):
    network = classifier(geometry)
    network(torch.rand(6, 3, 32, 32), seen(geometry)).logsumexp(1).sum().backward()
    for part in (network.backbone, network.head, network.geometry_branch):
        assert all(parameter.grad is not None for parameter in part.parameters())
        assert sum(parameter.grad.abs().sum() for parameter in part.parameters()) > 0


def test_what_no_training_face_shows_says_nothing_and_unknown_faces_do_not_count():
    network, blendshapes = classifier("blendshapes").eval(), seen("blendshapes", 40)
    blendshapes[:, 7] = 0.0
    blendshapes[5] = torch.nan
    network.standardize_by(blendshapes)
    known = blendshapes[blendshapes.isfinite().all(1)]
    assert len(known) == 39
    torch.testing.assert_close(network.geometry_branch.mean, known.mean(0))
    assert network.geometry_branch.std[7] == SILENT
    torch.testing.assert_close(network.geometry_branch.std[8:], known[:, 8:].std(0))
    image, moved = torch.rand(39, 3, 32, 32), known.clone()
    moved[:, 7] = 1.0
    torch.testing.assert_close(network(image, moved), network(image, known), atol=1e-4, rtol=0)
    with pytest.raises(DataError, match="blendshapes of 1 of 2 training faces are known"):
        network.standardize_by(blendshapes[4:6])


@pytest.mark.parametrize("wrong", [{"geometry": "landmark"}, {"modality_dropout": 1.5}, {"image_loss": -1.0}])
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ClassifierConfig(**wrong)


def test_mirrored_blendshapes_change_sides():
    for name, other in zip(BLENDSHAPES, MIRRORED_BLENDSHAPES, strict=True):
        swapped = name.replace("Left", "?").replace("Right", "Left").replace("?", "Right")
        assert BLENDSHAPES[other] == swapped
    assert torch.equal(mirrored(mirrored(seen("blendshapes"))), seen("blendshapes"))


@pytest.mark.parametrize(
    "blendshapes", [("mouthSmileLeft",), ("browDownRight", "jawLeft"), ("eyeBlinkLeft", "mouthRight")]
)
def test_the_landmarks_of_mirrored_blendshapes_are_mirrored_landmarks(blendshapes):
    """On the average head, which is alike on both sides but for a few percent of a feature's size."""

    def performed(scores):
        """Scores of MediaPipe to the landmarks of a head that shows them."""
        shown = dict(zip(BLENDSHAPES, scores.tolist(), strict=True))
        return torch.from_numpy(
            posed_landmarks(np.array([shown.get(name, 0.0) for name in HEAD_BLENDSHAPES], np.float32))
        )[None]

    scores = torch.zeros(1, 52)
    scores[0, [BLENDSHAPES.index(name) for name in blendshapes]] = 1.0
    left, right = upright(mirrored(performed(scores[0]))), upright(performed(mirrored(scores)[0]))
    moved = (upright(performed(scores[0])) - right).abs().max()
    assert (left - right).abs().max() < 0.03 < 0.1 < moved


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
def test_where_a_picture_is_flipped_so_is_its_geometry(geometry):
    torch.manual_seed(0)
    image = torch.rand(1, 3, 9, 9).expand(200, -1, -1, -1)
    known = seen(geometry, 1).expand(200, *SHAPES[geometry])
    out, changed = augment_with_geometry(image, known, AugmentationConfig(flip=True))
    flipped = (out - image.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-5
    assert 70 < flipped.sum() < 130
    assert torch.equal(changed[flipped], mirrored(known)[flipped])
    assert torch.equal(changed[~flipped], known[~flipped])


def test_the_picture_is_changed_as_without_geometry():
    image, config = torch.rand(4, 3, 9, 9), AugmentationConfig(True, 5, 0.1, 0.1, 0.1, 0.1, geometry=0.1)
    torch.manual_seed(3)
    alone = augment(image, config)
    torch.manual_seed(3)
    assert torch.equal(augment_with_geometry(image, seen("landmarks", 4), config)[0], alone)


def test_noise_is_in_shares_of_the_side_for_landmarks_and_plain_for_blendshapes():
    torch.manual_seed(0)
    image, config = torch.zeros(300, 3, 4, 4), AugmentationConfig(geometry=0.02)
    for geometry, std in (("landmarks", 0.04), ("blendshapes", 0.02)):
        known = seen(geometry, 300)
        noise = augment_with_geometry(image, known, config)[1] - known
        assert noise.std() == pytest.approx(std, rel=0.03)


def module_of(geometry):
    seed_everything(0, verbose=False)
    config = replace(CLASSIFIER, geometry=geometry, modality_dropout=0.5)
    optimizer = lambda parameters: torch.optim.Adam(parameters, lr=5e-3)  # noqa: E731
    return ExpressionClassifier(
        EXPRESSIONS,
        32,
        config,
        AugmentationConfig(flip=True, geometry=0.01),
        classifier_optimization=Optimization(optimizer),
    )


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
def test_the_classifier_learns_from_both_and_can_do_with_the_image_alone(geometry):
    data = ActingCartoons(people=8, takes=1)
    data.setup()
    module = module_of(geometry)
    trainer = make_trainer(150, limit_val_batches=0)
    trainer.fit(module, data)
    bank = data.landmark_bank()
    features = bank.blendshapes if geometry == "blendshapes" else upright(bank.landmarks)[:, 17:].flatten(1)
    torch.testing.assert_close(module.classifier.geometry_branch.mean, features.mean(0))
    (trained,) = trainer.test(module, data, verbose=False)
    assert trained["test/accuracy"] > 0.7
    unseen = data.on_after_batch_transfer(data.faces("test").batch(np.arange(18), np.random.default_rng(0)), 0)
    assert len(data.faces("test")) == 18
    right = module.eval()(unseen["image"]).argmax(1) == unseen["expression"]
    assert trained["test/accuracy_image"] == pytest.approx(float(right.float().mean()))
    probabilities = torch.cat([part["probabilities"] for part in trainer.predict(module, data)])
    known = unseen["blendshapes" if geometry == "blendshapes" else "landmarks"]
    torch.testing.assert_close(module(unseen["image"], known).softmax(1), probabilities, atol=1e-4, rtol=0)
    geometry_alone = module.classifier.geometry_branch(known, known).argmax(1) == unseen["expression"]
    assert geometry_alone.float().mean() > 0.9
    seen_before = data.on_after_batch_transfer(data.faces("train").batch(np.arange(72), np.random.default_rng(0)), 0)
    image_alone = module(seen_before["image"]).argmax(1) == seen_before["expression"]
    assert image_alone.float().mean() > 0.5  # chance is a third


def test_faces_without_blendshapes_are_an_error_that_says_what_to_do():
    data = CartoonFaces(people=2, takes=1)
    with pytest.raises(DataError, match=r"blendshapes.*these faces have none.*geofer prepare"):
        make_trainer(1).fit(module_of("blendshapes"), data)
    with pytest.raises(DataError, match="these faces have none"):
        make_trainer(1).test(module_of("blendshapes"), data, verbose=False)


def test_without_a_data_module_nobody_knows_the_training_faces():
    data = CartoonFaces(people=2, takes=1)
    data.setup()
    with pytest.raises(ConfigError, match="needs a data module"):
        make_trainer(1).fit(module_of("landmarks"), data.train_dataloader())


@pytest.fixture(scope="module")
def acting():
    data = ActingCartoons(people=2, takes=1, batch_size=8)
    data.setup()
    return data


@pytest.mark.parametrize("geometry", ["landmarks", "blendshapes"])
@pytest.mark.parametrize(
    "synthesis",
    [
        SynthesisConfig(mix=0.5, jitter=0.3, noise=1.0, candidates=2, confidence_weighting=True),
        SynthesisConfig(targets="pair"),
    ],
)
def test_in_the_full_method_synthetic_faces_have_their_targets_geometry(acting, geometry, synthesis):
    module = make_module(classifier=replace(CLASSIFIER, geometry=geometry), synthesis=synthesis)
    given, outputs = [], module.classifier.outputs

    def watched(image, geometry=None):
        given.append(geometry)
        return outputs(image, geometry)

    module.classifier.outputs = watched
    losses = Losses()
    fit(module, acting, steps=2, callbacks=[losses])
    assert all(np.isfinite(list(step.values())).all() for step in losses.steps)
    taught, real, synthetic = given[:3]
    assert taught is None, "the generator must not be told that a face shows what it should by the geometry it aims at"
    assert real.shape == synthetic.shape == (8, *SHAPES[geometry])
    assert not torch.equal(real, synthetic)
    assert [step is None for step in given] == [True, False, False] * 2
    bank = acting.landmark_bank()
    if geometry == "blendshapes":
        assert (synthetic[:, list(ActingCartoons.RISES)].amax(1) >= 0.5).all()
    elif synthesis.targets == "pair":
        assert ((synthetic[:, None] - bank.landmarks).abs().amax((2, 3)).amin(1) < 1e-6).all()


def test_the_generator_is_taught_by_image_alone(acting):
    """λ3 has the same effect on E and G whatever the geometry branch would have said."""
    weights = []
    for shift in (0.0, 50.0):
        module = make_module(classifier=replace(CLASSIFIER, geometry="landmarks"), schedule=AT_ONCE)
        module.classifier.geometry_branch.layers[-1].bias.data[0] = shift
        fit(module, acting, steps=1)
        weights.append(torch.cat([weight.flatten() for weight in module.synthesizer.parameters()]))
    assert torch.equal(*weights)


class Watch(Callback):
    """Keeps the loss of the first step, and what the pixels alone would have lost on its real faces."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        with torch.no_grad():
            self.image_logits = F.cross_entropy(pl_module(batch["image"]), batch["expression"]).item()

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        self.losses = {name: loss.item() for name, loss in outputs.items()}


def still(parameters):
    return torch.optim.SGD(parameters, lr=0.0)


@pytest.mark.parametrize("full", [False, True])
def test_in_training_the_pixels_loss_weighs_what_image_loss_says(acting, full):
    watches = []
    for weight in (0.0, 1.0, 2.5):
        seed_everything(0, verbose=False)
        config = replace(CLASSIFIER, geometry="landmarks", modality_dropout=0.0, image_loss=weight)
        if full:
            module = make_module(classifier=config, schedule=AT_ONCE, classifier_optimization=Optimization(still))
        else:
            module = ExpressionClassifier(EXPRESSIONS, 32, config, classifier_optimization=Optimization(still))
        module.classifier.geometry_branch.layers[0].p = module.classifier.geometry_branch.layers[3].p = 0.0
        watches.append(Watch())
        fit(module, acting, steps=1, callbacks=[watches[-1]])
    none, one, more = (watch.losses for watch in watches)
    real = "c_real" if full else "loss"
    assert one[real] - none[real] == pytest.approx(watches[0].image_logits, rel=1e-4)
    for name in (real, *(["c_fake"] if full else [])):
        assert one[name] - none[name] > 0.1
        assert more[name] - none[name] == pytest.approx(2.5 * (one[name] - none[name]), rel=1e-4)
