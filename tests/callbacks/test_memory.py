"""Large tensors of one step after another take the same memory."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import torch
from geofer.callbacks.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(16_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
keep_freed_memory()
torch.ones(16_000_000)
print(given_back, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is changed")
def test_freed_memory_is_taken_again_without_page_faults():
    """Ten tensors of 64 MB."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    given_back, kept = map(int, done.stdout.split())
    assert kept < given_back / 10
