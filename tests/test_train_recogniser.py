"""``scripts/train_recogniser.py``, which makes the recogniser that geofer carries."""

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from loaded_script import SCRIPTS, load_script

from geofer.app.model_file import load_model
from geofer.faces import EXPRESSIONS
from geofer.landmarks.estimated_scores import NEUTRAL_PHOTOGRAPHS
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.landmarks.measured_answers import NEUTRAL_LOGITS, STRENGTH, score_logits


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("train_recogniser")


def of(name: str) -> int:
    return BLENDSHAPES.index(name)


def test_scores_answer_to_the_actions_of_their_own_side(script):
    matrix = script.answers()
    assert matrix[of("mouthSmileLeft"), of("mouthSmileLeft")] == pytest.approx(1.05)
    assert matrix[of("mouthSmileLeft"), of("mouthSmileRight")] == 0
    assert matrix[of("noseSneerLeft"), of("noseSneerLeft")] == 0
    assert matrix[of("noseSneerLeft"), of("browDownLeft")] == pytest.approx(0.35)
    assert matrix[of("noseSneerLeft"), of("browDownRight")] == 0
    both = matrix[of("mouthPressLeft"), of("mouthRollLower")] + matrix[of("mouthPressRight"), of("mouthRollLower")]
    assert both == pytest.approx(0.4)
    assert matrix[of("mouthLeft"), of("mouthLeft")] == matrix[of("mouthRight"), of("mouthRight")] == pytest.approx(0.8)
    assert not matrix[of("_neutral")].any()


def faces(script: ModuleType, count: int = 4000):
    """Neutral faces alone, with scores that say nothing."""
    torch.manual_seed(0)
    neutral = torch.full((count,), EXPRESSIONS.index("neutral"))
    scores = torch.rand(count, 52) * 0.02
    return script.Scored(scores, torch.zeros(count, 52), neutral, torch.zeros(count), torch.zeros(count), neutral)


def test_translated_neutral_faces_look_like_neutral_photographs(script):
    translated = script.Translation(faces(script))(torch.zeros(4000, 52))
    assert translated.min() >= 0
    mean, deviation = NEUTRAL_PHOTOGRAPHS["eyeSquint"]
    for side in ("Left", "Right"):
        squint = translated[:, of(f"eyeSquint{side}")]
        assert squint.mean() == pytest.approx(mean, abs=0.02)
        assert squint.std() == pytest.approx(0.6 * deviation, abs=0.02)


def test_a_translated_smile_raises_the_scores_of_smiles_alone(script):
    torch.manual_seed(0)
    smile = torch.zeros(4000, 52)
    smile[:, [of("mouthSmileLeft"), of("mouthSmileRight")]] = 1
    translation = script.Translation(faces(script))
    rise = translation(smile).mean(0) - translation(torch.zeros(4000, 52)).mean(0)
    assert set(rise.topk(2).indices.tolist()) == {of("mouthSmileLeft"), of("mouthSmileRight")}
    assert rise.topk(3).values[2] < 0.02


def test_measured_translation_adds_up_the_logits_of_scores(script):
    translation = script.MeasuredTranslation(faces(script))
    frown = torch.zeros(4000, 52)
    frown[:, [of("browDownLeft"), of("browDownRight")]] = 1
    calm, angry = (score_logits(translation(actions).numpy()) for actions in (0 * frown, frown))
    mean, deviation = NEUTRAL_LOGITS["browDown"]
    assert np.median(calm[:, of("browDownLeft")]) == pytest.approx(mean, abs=0.1)
    assert calm[:, of("browDownLeft")].std() == pytest.approx(0.8 * deviation, abs=0.2)
    rise = np.median(angry, axis=0) - np.median(calm, axis=0)
    assert rise.argmax() in (of("browDownLeft"), of("browDownRight"))
    assert rise[of("browDownRight")] == pytest.approx(1.4 * STRENGTH, abs=0.15)
    assert rise[of("browOuterUpLeft")] < -0.5


def test_training_does_not_prefer_a_side(script):
    torch.manual_seed(0)
    labels = torch.arange(7).repeat(60)
    actions = torch.zeros(420, 52)
    actions[labels == EXPRESSIONS.index("happiness"), of("mouthSmileLeft")] = 1
    sided = script.Scored(torch.rand(420, 52) * 0.02, actions, labels, torch.zeros(420), torch.zeros(420), labels)
    classifier = script.train(sided, steps=200, translated=0.8)
    left = torch.zeros(1, 52)
    left[0, of("mouthSmileLeft")] = 0.9
    right = left[:, list(MIRRORED_BLENDSHAPES)]
    happy = torch.cat((left, right))
    with torch.no_grad():
        probabilities = classifier.classify(happy).softmax(1)[:, EXPRESSIONS.index("happiness")]
    assert probabilities.min() > 0.3


@pytest.mark.slow
def test_the_command_writes_a_recogniser(tmp_path):
    output = tmp_path / "small.safetensors"
    options = ("--people", "8", "--steps", "50", "--folder", str(tmp_path / "scored"), "--output", str(output))
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "train_recogniser.py"), *options], capture_output=True, text=True, check=True
    )
    assert "mean" in done.stdout
    _, description = load_model(output)
    assert description.expressions == EXPRESSIONS
    assert description.reliability is not None
    tested = sum(map(sum, description.reliability.faces))
    assert 0 < tested <= 2 * 19  # people 1 and 5; six expressions at three levels, and the neutral face
    assert len(list((tmp_path / "scored").iterdir())) == 8
