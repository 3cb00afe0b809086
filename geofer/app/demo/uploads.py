"""What visitors hand to the page: how long it is kept, and how much of it."""

import threading
import time
from pathlib import Path

EXAMPLES = sorted(Path(__file__).with_name("examples").glob("*.jpg"))
"""Rendered people; ``tools/demo_examples.py`` makes them."""

KEPT_SECONDS = 1800
"""How long a file is kept at most."""

MOST_BYTES, MOST_FILES = 1 << 30, 10_000
"""How much is kept at most; of more, the oldest goes."""

EVERY = 10
"""Seconds from one look at the folder to the next."""


class Sweeper:
    """Removes files from a folder: those that are old, and the oldest of too many.

    Gradio removes the files that it remembers, and of an upload that was broken off it remembers nothing. This looks at
    the folder instead.
    """

    def __init__(self, folder: Path) -> None:
        """Sweep that folder. What is in it now stays: the page's own files."""
        self._folder = folder
        self._kept = {path for path in folder.rglob("*") if path.is_file()}

    def start(self) -> None:
        """Sweep every now and then, until the process ends."""
        threading.Thread(target=self._work, name="geofer-demo-sweeper", daemon=True).start()

    def _work(self) -> None:
        while True:
            time.sleep(EVERY)
            self.sweep()

    def sweep(self, now: float | None = None) -> None:
        """Remove what is too old at a time in seconds since 1970, or too much; None is the present."""
        limit = (time.time() if now is None else now) - KEPT_SECONDS + 2 * EVERY
        files = []
        for path in self._folder.rglob("*"):
            try:
                state = path.lstat()
                if path.is_dir() and not path.is_symlink():
                    if state.st_mtime < limit:
                        path.rmdir()  # only if it is empty
                elif path not in self._kept:
                    files.append((state.st_ctime, state.st_size, path))
            except OSError:  # it is gone, or not empty
                continue
        total, number = sum(size for _, size, _ in files), len(files)
        for changed, size, path in sorted(files):
            if changed >= limit and total <= MOST_BYTES and number <= MOST_FILES:
                return
            path.unlink(missing_ok=True)
            total, number = total - size, number - 1
