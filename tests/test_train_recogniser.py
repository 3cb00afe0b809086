"""``scripts/train_recogniser.py``, which makes the recogniser that geofer carries."""

import subprocess
import sys
from types import ModuleType

import pytest
import torch
from loaded_script import SCRIPTS, load_script

from geofer.app.model_file import load_model
from geofer.faces import EXPRESSIONS
from geofer.landmarks.face_mesh import BLENDSHAPES, MIRRORED_BLENDSHAPES
from geofer.landmarks.measured_answers import NEUTRAL_LOGITS, NOISE, RISES, STRENGTH, neutral_logits, rises


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("train_recogniser")


def of(name: str) -> int:
    return BLENDSHAPES.index(name)


def faces(script: ModuleType, count: int = 4000):
    """Neutral faces alone, with scores that say nothing."""
    torch.manual_seed(0)
    neutral = torch.full((count,), EXPRESSIONS.index("neutral"))
    scores = torch.rand(count, 52) * 0.02
    return script.Scored(scores, torch.zeros(count, 52), neutral, torch.zeros(count), torch.zeros(count), neutral)


def test_translated_neutral_faces_score_as_neutral_photographs(script):
    logits = script.Translation(faces(script).blendshapes)(torch.zeros(4000, 52))
    mean, deviation = NEUTRAL_LOGITS["eyeSquint"]
    for side in ("Left", "Right"):
        squint = logits[:, of(f"eyeSquint{side}")]
        assert squint.mean() == pytest.approx(mean, abs=0.1)
        assert squint.std() == pytest.approx((deviation**2 + NOISE["eyeSquint"] ** 2) ** 0.5, abs=0.1)


def test_what_differs_together_in_rendered_people_does_in_photographs(script):
    torch.manual_seed(0)
    brows = torch.rand(4000, 1) * 0.5
    scores = torch.rand(4000, 52) * 0.02
    scores[:, [of("browDownLeft"), of("browDownRight"), of("eyeSquintLeft"), of("eyeSquintRight")]] = brows
    logits = script.Translation(scores)(torch.zeros(4000, 52))
    together = torch.corrcoef(logits[:, [of("browDownLeft"), of("eyeSquintRight"), of("mouthSmileLeft")]].T)
    assert together[0, 1] > 0.6
    assert together[0, 2].abs() < 0.1


def test_actions_add_up_the_logits_of_scores(script):
    torch.manual_seed(0)
    translation = script.Translation(faces(script).blendshapes)
    frown = torch.zeros(4000, 52)
    frown[:, [of("browDownLeft"), of("browDownRight")]] = 1
    rise = translation(frown).median(0).values - translation(0 * frown).median(0).values
    for side in ("Left", "Right"):
        assert rise[of(f"browDown{side}")] == pytest.approx(RISES["browDown"]["browDown"] * STRENGTH, abs=0.3)
        assert rise[of(f"browOuterUp{side}")] == pytest.approx(RISES["browDown"]["browOuterUp"] * STRENGTH, abs=0.3)


def test_training_does_not_prefer_a_side(script):
    torch.manual_seed(0)
    labels = torch.arange(7).repeat(60)
    actions = torch.zeros(420, 52)
    actions[labels == EXPRESSIONS.index("happiness"), of("mouthSmileLeft")] = 1
    sided = script.Scored(torch.rand(420, 52) * 0.02, actions, labels, torch.zeros(420), torch.zeros(420), labels)
    classifier = script.train(sided, steps=200, translated=0.8)
    smile = neutral_logits()[0] + STRENGTH * rises()[of("mouthSmileLeft")]
    left = torch.from_numpy(smile)[None].sigmoid()
    right = left[:, list(MIRRORED_BLENDSHAPES)]
    with torch.no_grad():
        happy = classifier(torch.zeros(2, 68, 2), torch.cat((left, right)))
    probabilities = happy.softmax(1)[:, EXPRESSIONS.index("happiness")]
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
