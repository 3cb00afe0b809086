"""Rendered faces on disk: rendered once, in parallel, one file pair a person, so that a kill loses one person at most.

The folder's name is a digest of everything that shapes a picture: the spec (but for the number of subjects: a person
depends on the seed and their number alone, so a larger set goes on from a smaller one), the renderer's source code,
and the version of the head model.
"""

import errno
import hashlib
import json
import os
import shutil
import zlib
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

import geofer.rendering
from geofer.errors import DataError
from geofer.paths import PARTIAL_SUFFIX, private_folder, written_whole
from geofer.ray_cluster import RayCluster
from geofer.rendering import RenderedSubject, RenderSpec
from geofer.workers import progress_bar, work_through

LOCK = "lock"

TRUTH = ("landmarks", "visible", "expression", "level", "blendshapes", "yaw", "pitch", "roll")


@cache
def renderer_digest() -> str:
    """Changes with the renderer's source code and with the head model's version."""
    digest = hashlib.sha256(version("anny").encode())
    for source in sorted(Path(geofer.rendering.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def render_folder(root: Path, spec: RenderSpec) -> Path:
    """The folder under ``root`` where the pictures of ``spec`` belong."""
    shape = json.dumps(asdict(replace(spec, subjects=1)), sort_keys=True)
    digest = hashlib.sha256((shape + renderer_digest()).encode()).hexdigest()
    return root / f"rendered-{spec.image_size}px-{digest[:16]}"


class RenderCache:
    """The rendered people of one spec.

    Args:
        root: Folder that holds the caches of all specs.
        spec: What is rendered.
    """

    def __init__(self, root: Path, spec: RenderSpec) -> None:
        self.spec = spec
        self.folder = render_folder(root, spec)

    def _pictures_path(self, subject: int) -> Path:
        return self.folder / f"subject-{subject:05d}.npy"

    def _truth_path(self, subject: int) -> Path:
        return self.folder / f"subject-{subject:05d}.npz"

    def prepare(self, workers: int | None = None, cluster: RayCluster | None = None) -> None:
        """Renders the people that are missing or damaged, with a progress bar; what is there stays.

        Two commands that need the same people wait for each other.

        Args:
            workers: Processes; None takes one a core.
            cluster: Machines that render, instead of processes of this one.

        Raises:
            DataError: The disk is full or not writable; what was finished stays.
        """
        if not self.missing():
            return
        try:
            private_folder(self.folder)
            with FileLock(self.folder / LOCK):  # ends with the process, however that ends
                self._render(self.missing(), workers or os.cpu_count() or 1, cluster)
        except OSError as error:
            raise self._disk_error(error) from error

    def missing(self) -> list[int]:
        """The people that are not rendered yet, or whose files are damaged."""
        return [subject for subject in range(self.spec.subjects) if not self._is_intact(subject)]

    def _render(self, missing: list[int], workers: int, cluster: RayCluster | None) -> None:
        self._remove_leftovers()
        with written_whole(self.folder / "spec.json") as file:
            file.write(json.dumps(asdict(self.spec), indent=2).encode())
        with progress_bar() as progress:
            task = progress.add_task(f"Rendering people at {self.spec.image_size} px", total=self.spec.subjects)
            progress.advance(task, self.spec.subjects - len(missing))
            for _ in work_through(self.render_one, missing, min(workers, max(len(missing), 1)), cluster):
                progress.advance(task)
        self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Removes what processes that were killed have left half written, here or on a machine that was lost."""
        for leftover in self.folder.glob(f"*{PARTIAL_SUFFIX}"):
            leftover.unlink()

    def render_one(self, subject: int) -> None:
        """Renders one person into their two files, the truth last: a person counts once it is there."""
        from geofer.rendering import render_subject

        rendered = render_subject(self.spec, subject)
        with written_whole(self._pictures_path(subject)) as file:
            np.save(file, rendered.images)
        with written_whole(self._truth_path(subject)) as file:
            np.savez(file, allow_pickle=False, **_truth(rendered))

    def _is_intact(self, subject: int) -> bool:
        if not self._truth_path(subject).exists():
            return False
        try:
            truth, pictures = self.load(subject)
        except DataError:
            return False
        return _checksum(pictures) == int(truth["checksum"])

    def load(self, subject: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.uint8]]:
        """One person's truth, and their pictures as a memory map.

        Returns:
            The fields of `RenderedSubject` by name (without images), and ``(n, H, W, 3)`` uint8 pictures.

        Raises:
            DataError: They are not there, or damaged.
        """
        try:
            with np.load(self._truth_path(subject), allow_pickle=False) as file:
                truth = {name: file[name] for name in file.files}
            pictures = np.load(self._pictures_path(subject), mmap_mode="r", allow_pickle=False)
            if pictures.shape != (len(truth["expression"]), self.spec.image_size, self.spec.image_size, 3):
                raise ValueError(f"pictures have shape {pictures.shape}")
            if lost := {*TRUTH, "checksum"} - truth.keys():
                raise ValueError(f"its truth lacks {', '.join(sorted(lost))}")
        except Exception as error:  # numpy and zipfile raise a dozen different types for damaged files
            raise DataError(
                f"Rendered person {subject} in {self.folder} is missing or damaged ({error}). "
                "Run `geofer prepare` with the same config to render it again."
            ) from error
        return truth, pictures

    def _disk_error(self, error: OSError) -> DataError:
        elsewhere = (
            "choose another folder with `data.root` or $GEOFER_CACHE, and run again. The people rendered so far are "
            "kept."
        )
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return DataError(f"Cannot write to {self.folder} ({error.strerror or error}): {elsewhere}")
        existing = next(parent for parent in (self.folder, *self.folder.parents) if parent.exists())
        free = shutil.disk_usage(existing).free / 1e6
        return DataError(f"The disk is full: {self.folder}, with {free:.0f} MB free. Free some space, or {elsewhere}")


def _truth(rendered: RenderedSubject) -> dict[str, NDArray[Any]]:
    return {
        **{name: getattr(rendered, name) for name in TRUTH},
        **{f"phenotype/{name}": np.array(value, np.float32) for name, value in rendered.phenotype.items()},
        "checksum": np.array(_checksum(rendered.images)),
    }


def _checksum(pictures: NDArray[np.uint8]) -> int:
    return zlib.crc32(np.ascontiguousarray(pictures).data)
