"""Which geometries synthetic faces get, and when."""

import pytest
import torch

from geofer.errors import ConfigError, LeakError
from geofer.faces import JAW, LandmarkBank
from geofer.landmarks.mean_head import MEAN_HEAD
from geofer.modules import Schedule, SynthesisConfig
from geofer.modules.targets import TargetSampler, add_noise, check_bank


def make_bank(count=30):
    torch.manual_seed(0)
    return LandmarkBank(torch.rand(count, 68, 2) - 0.5, torch.arange(count) % 3, torch.arange(count) // 6)


def sample(faces=200, landmarks=None, **settings):
    bank = make_bank()
    sampler = TargetSampler(bank, SynthesisConfig(**settings), torch.device("cpu"))
    landmarks = torch.zeros(faces, 68, 2) if landmarks is None else landmarks
    targets = sampler.sample(landmarks, torch.zeros(len(landmarks), dtype=torch.int64))
    assert targets.blendshapes is None
    return bank, targets.landmarks, targets.expression


def origin(bank, target):
    """Index and distance of the bank's geometry nearest to each target."""
    distance = (bank.landmarks[None] - target[:, None]).abs().amax(dim=(2, 3))
    return distance.argmin(dim=1), distance.amin(dim=1)


def test_targets_come_from_the_whole_bank_with_their_labels():
    bank, target, expression = sample(faces=400)
    index, distance = origin(bank, target)
    assert distance.max() == 0
    assert torch.equal(bank.expression[index], expression)
    assert index.unique().numel() == 30


def test_candidates_prefer_the_faces_own_pose():
    bank = make_bank()
    _, target, _ = sample(landmarks=bank.landmarks[7].expand(50, -1, -1), candidates=200)
    assert (origin(bank, target)[0] == 7).float().mean() > 0.9


def test_noise_is_uniform_in_pixels_at_224():
    noise = add_noise(torch.zeros(1000, 68, 2), sigma=4) * 112
    assert 3.99 < noise.abs().max() <= 4
    assert noise.std() == pytest.approx(4 / 3**0.5, rel=0.01)
    assert torch.equal(add_noise(torch.ones(2, 68, 2), 0), torch.ones(2, 68, 2))
    bank, target, _ = sample(noise=2)
    assert 0 < origin(bank, target)[1].max() <= 2 / 112 + 1e-6


def test_mixtures_lie_between_two_geometries_of_one_expression():
    bank, target, expression = sample(mix=1.0)
    for face, label in zip(target[:20], expression[:20], strict=True):
        own = bank.landmarks[bank.expression == label].flatten(1)
        line = own[None] - own[:, None]  # from each to each
        offset = face.flatten() - own[:, None]
        share = (offset * line).sum(-1) / line.square().sum(-1).clamp(min=1e-9)
        distance = (offset - share[..., None] * line).norm(dim=-1)
        assert distance[(share >= 0) & (share <= 1)].min() < 1e-4


def test_jitter_is_a_similarity():
    bank, target, _ = sample(jitter=0.3)
    centered = target - target.mean(dim=1, keepdim=True)
    shape = bank.landmarks - bank.landmarks.mean(dim=1, keepdim=True)
    one = torch.view_as_complex(centered.contiguous())
    other = torch.view_as_complex(shape.contiguous())
    other = other / other.norm(dim=1, keepdim=True)
    agreement = (one / one.norm(dim=1, keepdim=True)) @ other.conj().mT
    assert torch.allclose(agreement.abs().amax(dim=1), torch.ones(len(target)), atol=1e-4)
    assert (target[:, JAW] - bank.landmarks[0, JAW]).abs().max() > 0


def test_a_bank_may_not_hold_held_out_people():
    bank = make_bank()
    check_bank(bank, {"val": frozenset({10}), "test": frozenset({11, 12})})
    with pytest.raises(LeakError, match=r"subjects of the test split: 1, 3\. .*training split"):
        check_bank(bank, {"val": frozenset({10}), "test": frozenset({1, 3, 12})})


def test_pairs_give_no_more_than_one_synthetic_face_each():
    with pytest.raises(ConfigError, match="per_real is 2"):
        SynthesisConfig(targets="pair", per_real=2)


def test_ramps():
    schedule = Schedule(warmup=10, adversarial_ramp=4, synthetic_start=20, synthetic_ramp=0)
    assert [schedule.adversarial(step) for step in (0, 9, 10, 11, 13, 50)] == [0, 0, 0.25, 0.5, 1, 1]
    assert [schedule.synthetic(step) for step in (0, 19, 20)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"generator_stop": 5, "classifier_start": 6}, "nothing would learn"),
        ({"generator_stop": 5, "classifier_start": 4, "end_to_end": False}, "they are 5 and 4"),
    ],
)
def test_schedules_that_contradict_themselves(settings, message):
    with pytest.raises(ConfigError, match=message):
        Schedule(**settings)
    Schedule(generator_stop=5, classifier_start=5, end_to_end=False)


def test_blendshapes_go_with_their_landmarks_and_are_mixed_alike():
    plain = make_bank()
    bank = LandmarkBank(
        plain.landmarks, plain.expression, plain.subject, blendshapes=plain.landmarks.flatten(1)[:, :52]
    )
    for settings in ({}, {"mix": 0.5}):
        sampler = TargetSampler(bank, SynthesisConfig(**settings), torch.device("cpu"))
        targets = sampler.sample(torch.zeros(100, 68, 2), torch.zeros(100, dtype=torch.int64))
        torch.testing.assert_close(targets.blendshapes, targets.landmarks.flatten(1)[:, :52], atol=1e-5, rtol=0)


def people_who_act(people=5, poses=4):
    """A bank of persons with a shape each, who show what everybody shows, and those shapes."""
    torch.manual_seed(1)
    head = torch.tensor(MEAN_HEAD)
    shapes, acts = 0.05 * torch.randn(people, 68, 2), 0.05 * torch.randn(3, 68, 2)
    acts[0] = 0  # neutral
    cameras = 0.01 * torch.randn(poses, 3, 2)
    rows = [(who, what, pose) for who in range(people) for what in range(3) for pose in range(poses)]
    landmarks = torch.stack([head @ cameras[pose] + shapes[who] + acts[what] for who, what, pose in rows])
    subject, expression, _ = torch.tensor(rows).unbind(1)
    return LandmarkBank(landmarks, expression, 10 + 7 * subject), shapes, acts, cameras


def test_motions_keep_the_persons_own_shape():
    bank, shapes, acts, cameras = people_who_act()
    sampler = TargetSampler(bank, SynthesisConfig(motions=True), torch.device("cpu"), neutral=0)
    subject = bank.subject[torch.randint(len(bank), (200,))]
    targets = sampler.sample(torch.zeros(200, 68, 2), subject)
    left = targets.landmarks - shapes[(subject - 10) // 7] - acts[targets.expression]
    posed = torch.tensor(MEAN_HEAD) @ cameras[:, None].squeeze(1)
    assert (left[:, None] - posed).abs().amax(dim=(2, 3)).amin(dim=1).max() < 0.12  # a shape's part that is a turn
    plain = TargetSampler(bank, SynthesisConfig(), torch.device("cpu")).sample(torch.zeros(200, 68, 2), subject)
    astray = plain.landmarks - shapes[(subject - 10) // 7] - acts[plain.expression]
    nearest = [(one[:, None] - posed).square().mean(dim=(2, 3)).amin(dim=1).mean() for one in (left, astray)]
    assert nearest[0] < 0.1 * nearest[1]


def test_motions_are_somebody_elses():
    bank, *_ = people_who_act()
    sampler = TargetSampler(bank, SynthesisConfig(motions=True), torch.device("cpu"), neutral=0)
    rows = sampler._somebody_else(torch.tensor([0, 2, 4]), 500)
    people = bank.subject[bank.expression.argsort(stable=True)][rows]
    for own, seen in zip((10, 24, 38), people, strict=True):
        assert set(seen.tolist()) == {10, 17, 24, 31, 38} - {own}


def test_motions_need_neutral_faces():
    with pytest.raises(ConfigError, match=r"synthesis\.motions needs the expression neutral"):
        TargetSampler(make_bank(), SynthesisConfig(motions=True), torch.device("cpu"))


def test_a_small_bank_has_as_many_of_each_expression_and_is_the_same_in_every_run():
    bank, target, expression = sample(faces=400, bank_size=7)
    index, distance = origin(bank, target)
    assert distance.max() == 0
    assert torch.equal(bank.expression[index], expression)
    chosen = index.unique()
    assert len(chosen) == 7
    assert sorted(torch.bincount(bank.expression[chosen]).tolist()) == [2, 2, 3]
    assert torch.equal(chosen, origin(bank, sample(faces=400, bank_size=7)[1])[0].unique())
    with pytest.raises(ConfigError, match="bank_size leaves people out"):
        SynthesisConfig(bank_size=60, motions=True)
