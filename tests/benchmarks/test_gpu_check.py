"""``benchmarks/gpu_check.py`` on a machine without a GPU: its checks, smaller."""

import json
import os
import subprocess
import sys

import pytest
import torch
from loaded_script import REPOSITORY


@pytest.mark.slow
@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, on which it takes ten minutes")
def test_all_checks_on_a_cpu(tmp_path):
    command = [sys.executable, str(REPOSITORY / "benchmarks" / "gpu_check.py"), "--output", str(tmp_path / "rows.json")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(tmp_path.joinpath("rows.json").read_text())["rows"]
    names = [(row["check"], row["precision"]) for row in rows]
    steps = [("tuned-64", "32-true"), ("tuned-64", "bf16-mixed"), ("tuned-64, 2 steps", "bf16-mixed")]
    assert names == [("rendering, 64 px", ""), *steps, ("resume", ""), ("DDP", "")]
    assert not any(row["failed"] for row in rows)
    assert all(row["images"] > 0 for row in rows[:4])
    assert all(0 < row["share"] < 1 for row in rows[1:4])
    first, second = map(int, rows[4]["told"].removesuffix(" updates").split(", then "))
    assert second == 2 * first
    assert rows[5]["told"].startswith("2 devices")
    assert "of the peak" in done.stdout
