"""How it is measured whether probabilities and reliability hold."""

import pytest
import torch
from loaded_script import load_script


def test_deciles_are_as_large_and_go_by_what_was_told():
    calibration = load_script("experiments/calibration_by_pose")
    told = torch.linspace(1, 0.01, 100)
    deciles = calibration.by_decile(told, (told > 0.5).float())
    assert [count for _, _, count in deciles] == [10] * 10
    assert [right for _, right, _ in deciles] == pytest.approx([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], abs=0.11)
    assert deciles[0][0] == pytest.approx(0.055)


def test_the_temperature_undoes_a_scale():
    calibration = load_script("experiments/calibration_by_pose")
    torch.manual_seed(0)
    logits = 2 * torch.randn(4000, 7)
    votes = torch.eye(7)[torch.distributions.Categorical(logits=logits).sample()]
    assert calibration.temperature(1.5 * logits, votes) == pytest.approx(1.5, abs=0.1)
