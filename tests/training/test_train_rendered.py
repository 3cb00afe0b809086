"""``training/train_rendered.py``, which makes the bundled recognizer."""

import subprocess
import sys
from types import ModuleType

import pytest
import torch
from loaded_script import TRAINING, load_script

from geofer.app.models.model_file import load_model
from geofer.faces import EXPRESSIONS
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.landmarks.score_response_assumed import NEUTRAL_PHOTOGRAPHS
from geofer.landmarks.score_response_measured import (
    EDGE,
    NEUTRAL_LOGITS,
    NOISE,
    RISES,
    STRENGTH,
    logit_slopes,
    neutral_logits,
)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("training/train_rendered")


def of(name: str) -> int:
    return BLENDSHAPES.index(name)


def faces(script: ModuleType, count: int = 4000):
    """Neutral faces alone, with scores that say nothing."""
    torch.manual_seed(0)
    neutral = torch.full((count,), EXPRESSIONS.index("neutral"))
    scores = torch.rand(count, 52) * 0.02
    return script.Scored(scores, torch.zeros(count, 52), neutral, torch.zeros(count), torch.zeros(count), neutral)


def test_translated_neutral_faces_score_as_neutral_photographs(script):
    logits = script.MeasuredTranslation(faces(script).scores)(torch.zeros(4000, 52))
    mean, std = NEUTRAL_LOGITS["eyeSquint"]
    for side in ("Left", "Right"):
        squint = logits[:, of(f"eyeSquint{side}")]
        assert squint.mean() == pytest.approx(mean, abs=0.1)
        assert squint.std() == pytest.approx((std**2 + NOISE["eyeSquint"] ** 2) ** 0.5, abs=0.1)


def test_what_differs_together_in_rendered_people_does_in_photographs(script):
    torch.manual_seed(0)
    brows = torch.rand(4000, 1) * 0.5
    scores = torch.rand(4000, 52) * 0.02
    scores[:, [of("browDownLeft"), of("browDownRight"), of("eyeSquintLeft"), of("eyeSquintRight")]] = brows
    logits = script.MeasuredTranslation(scores)(torch.zeros(4000, 52))
    together = torch.corrcoef(logits[:, [of("browDownLeft"), of("eyeSquintRight"), of("mouthSmileLeft")]].T)
    assert together[0, 1] > 0.6
    assert together[0, 2].abs() < 0.1


def test_blendshapes_add_up_the_logits_of_scores(script):
    torch.manual_seed(0)
    translation = script.MeasuredTranslation(faces(script).scores)
    frown = torch.zeros(4000, 52)
    frown[:, [of("browDownLeft"), of("browDownRight")]] = 1
    rise = translation(frown).median(0).values - translation(0 * frown).median(0).values
    for side in ("Left", "Right"):
        assert rise[of(f"browDown{side}")] == pytest.approx(RISES["browDown"]["browDown"] * STRENGTH, abs=0.3)
        assert rise[of(f"browOuterUp{side}")] == pytest.approx(RISES["browDown"]["browOuterUp"] * STRENGTH, abs=0.3)


def test_training_does_not_prefer_a_side(script):
    torch.manual_seed(0)
    labels = torch.arange(7).repeat(60)
    blendshapes = torch.zeros(420, 52)
    blendshapes[labels == EXPRESSIONS.index("happiness"), of("mouthSmileLeft")] = 1
    sided = script.Scored(torch.rand(420, 52) * 0.02, blendshapes, labels, torch.zeros(420), torch.zeros(420), labels)
    classifier = script.GeometryClassifier(len(EXPRESSIONS), logit_eps=EDGE)
    script.train(classifier, script.MeasuredTranslation(sided.scores), sided, steps=200, translated=0.8)
    smile = neutral_logits()[0] + STRENGTH * logit_slopes()[of("mouthSmileLeft")]
    left = torch.from_numpy(smile)[None].sigmoid()
    right = left[:, list(MIRRORED_BLENDSHAPES)]
    with torch.no_grad():
        happy = classifier(torch.zeros(2, 68, 2), torch.cat((left, right)))
    probabilities = happy.softmax(1)[:, EXPRESSIONS.index("happiness")]
    assert probabilities.min() > 0.3


def test_guesses_move_the_scores_of_neutral_photographs(script):
    torch.manual_seed(0)
    translation = script.GuessedTranslation(faces(script).scores)
    smile = torch.zeros(4000, 52)
    smile[:, [of("mouthSmileLeft"), of("mouthSmileRight")]] = 1
    calm, smiling = translation(0 * smile), translation(smile)
    mean, std = NEUTRAL_PHOTOGRAPHS["eyeSquint"]
    assert calm[:, of("eyeSquintLeft")].mean() == pytest.approx(mean, abs=0.02)
    assert calm[:, of("eyeSquintLeft")].std() == pytest.approx(
        load_script("training/translation").OF_THE_PERSON * std, abs=0.02
    )
    rise = smiling.mean(0) - calm.mean(0)
    assert set(rise.topk(2).indices.tolist()) == {of("mouthSmileLeft"), of("mouthSmileRight")}
    assert rise.topk(3).values[2] < 0.02
    assert smiling.min() >= 0
    assert smiling.max() <= 1


def test_both_members_learn_a_smile_and_are_calibrated(script):
    torch.manual_seed(0)
    labels = torch.arange(7).repeat(60)
    happy = labels == EXPRESSIONS.index("happiness")
    blendshapes = torch.zeros(420, 52)
    blendshapes[happy, of("mouthSmileLeft")] = blendshapes[happy, of("mouthSmileRight")] = 1
    scores = (0.02 * torch.rand(420, 52) + 0.7 * blendshapes).clamp(0, 1)
    faces = script.Scored(scores, blendshapes, labels, torch.zeros(420), torch.zeros(420), labels)
    ensemble = script.train_ensemble(faces, faces, steps=100, translated=0.5)
    assert not ensemble.training
    for member in ensemble.members:
        answers = member.classify(script.looks(member, faces))
        assert (answers[happy].argmax(1) == EXPRESSIONS.index("happiness")).all()
        best = torch.nn.functional.cross_entropy(answers, labels)
        assert best <= torch.nn.functional.cross_entropy(answers * 2, labels)
        assert best <= torch.nn.functional.cross_entropy(answers / 2, labels)
    assert script.recalls(ensemble, faces)["happiness"] == 1


@pytest.mark.slow
def test_the_command_writes_a_recognizer(tmp_path):
    output = tmp_path / "small.safetensors"
    options = ("--people", "8", "--steps", "50", "--folder", str(tmp_path / "scored"), "--output", str(output))
    done = subprocess.run(
        [sys.executable, str(TRAINING / "train_rendered.py"), *options], capture_output=True, text=True, check=True
    )
    assert "mean" in done.stdout
    _, description = load_model(output)
    assert description.expressions == EXPRESSIONS
    assert description.reliability is not None
    tested = sum(map(sum, description.reliability.faces))
    assert 0 < tested <= 2 * 19  # people 1 and 5; six expressions at three levels, and the neutral face
    assert len(list((tmp_path / "scored").iterdir())) == 8
