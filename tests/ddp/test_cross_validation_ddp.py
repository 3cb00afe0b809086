"""Two processes walk through the folds in step, and one of them pools."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from geofer.metrics.tables import load_report

pytestmark = [pytest.mark.ddp, pytest.mark.slow]

TESTS = Path(__file__).parents[1]


def test_two_processes_cross_validate(tmp_path) -> None:
    classifier = {"backbone": "small_resnet", "pretrained": False, "backbone_arguments": {"widths": [4, 8]}}
    processes = {"accelerator": "cpu", "devices": 2, "strategy": "ddp"}
    config = {
        "model": {"class_path": "geofer.modules.ExpressionClassifier", "init_args": {"classifier": classifier}},
        "data": {"class_path": "folded_cartoons.FoldedCartoons", "init_args": {"people": 8, "folds": 2}},
        "trainer": {"max_epochs": 1, "enable_model_summary": False, **processes},
    }
    tmp_path.joinpath("two.yaml").write_text(yaml.safe_dump(config))
    environment = {name: value for name, value in os.environ.items() if name not in ("LOCAL_RANK", "WORLD_SIZE")}
    environment |= {"PYTHONPATH": str(TESTS / "helpers"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "geofer", "cross-validate", "--config", "two.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("2 folds pooled") == 1
    run = tmp_path / "runs" / "two-cross-validation"
    assert {path.name for path in run.glob("fold-*/test_predictions*")} == {
        "test_predictions.csv",
        "test_predictions-1.csv",
    }
    report = load_report(run)
    assert (report.subjects, report.faces) == (12, 12 * 9)
