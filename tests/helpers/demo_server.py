"""A running `geofer demo`, for tests that talk to it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running_demo(*arguments: str, **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A page that is served until the block ends: its address and its process."""
    command = [sys.executable, "-m", "geofer", "demo", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        line = process.stdout.readline()
        found = re.search(r"http://\S+", line)
        assert found, f"geofer demo said {line!r} and ended with {process.wait()}"
        yield found[0], process
    finally:
        process.terminate()
        process.wait(20)
