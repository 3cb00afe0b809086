"""Work in several processes: one that is killed, and a script that guards nothing."""

import os
import subprocess
import sys

import pytest

from geofer.errors import GeoferError
from geofer.workers import work_through

SCRIPT = """
import math
from geofer.workers import work_through

print("begins", __file__)
print(sorted(work_through(math.isqrt, [1, 4, 9, 16, 25, 36], 2)), __file__)
"""


def test_a_process_that_is_killed_is_told():
    with pytest.raises(GeoferError, match="ended abruptly"):
        list(work_through(os._exit, [1], 2))


def test_a_script_without_a_guard_runs_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"begins {script}\n[1, 2, 3, 4, 5, 6] {script}\n"
