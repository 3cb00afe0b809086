"""Run folders: where a command writes, and where it finds the checkpoints of an earlier one.

A run is one folder: ``config.yaml``, ``checkpoints/``, ``logs/`` and the reports. ``fit`` never writes into the folder
of an earlier run, except to go on with it:

* ``trainer.default_root_dir`` names the folder. If it holds a run, ``fit`` refuses, unless ``--ckpt_path`` resumes it.
* Without one, ``fit --config quickstart`` takes the first free of ``runs/quickstart``,
  ``runs/quickstart-2``, … The other commands, and ``fit --ckpt_path last``, take the latest of these.
"""

import re
from pathlib import Path

from geofer.errors import CheckpointError, ConfigError

RUNS = Path("runs")
CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"


def holds_run(folder: Path) -> bool:
    """Whether a ``fit`` has written into the folder."""
    return (folder / CONFIG).exists()


def folder_for_fit(named: Path | None, name: str) -> Path:
    """The folder for a new run, made.

    Args:
        named: Folder that the user chose.
        name: Without one, the run is ``runs/<name>`` or the first free ``runs/<name>-<number>``.

    Raises:
        ConfigError: The chosen folder holds a run already.
    """
    if named is None:
        return _claim_numbered(name)
    if holds_run(named):
        raise ConfigError(
            f"{named} holds a run already. Choose another folder with --trainer.default_root_dir, go on with this run "
            "with --ckpt_path last, or remove the folder."
        )
    named.mkdir(parents=True, exist_ok=True)
    return named


def folder_of_run(named: Path | None, name: str, checkpoint: str | None) -> Path:
    """The folder of an earlier run.

    Args:
        named: Folder that the user chose.
        name: Without one, the latest of ``runs/<name>``, ``runs/<name>-2``, …
        checkpoint: Name of a checkpoint, or a file; a file inside a run's folder names that run.
    """
    if named is not None:
        return named
    if checkpoint is not None:
        run = Path(checkpoint).parent.parent
        if holds_run(run):
            return run
    runs = {_number(run, name): run for run in RUNS.glob(f"{name}*") if holds_run(run)}
    runs.pop(0, None)
    return runs[max(runs)] if runs else RUNS / name


def checkpoint_file(run: Path, checkpoint: str) -> Path:
    """The file that the name of one of the run's checkpoints, such as ``best`` or ``last``, or a path means.

    Raises:
        CheckpointError: It is not there.
    """
    path = Path(checkpoint)
    if path.name == checkpoint and not path.suffix:
        path = run / CHECKPOINTS / f"{checkpoint}.ckpt"
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint {path}. Train one with `geofer fit`, or name a file with --ckpt_path, or a run's "
            "folder with --trainer.default_root_dir."
        )
    return path


def _claim_numbered(name: str) -> Path:
    """Make the first free of ``runs/name``, ``runs/name-2``, …; two processes never get the same."""
    number = 1
    while True:
        folder = RUNS / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return folder


def _number(run: Path, name: str) -> int:
    """1 for ``name``, n for ``name-n``, 0 for the run of another name."""
    match = re.fullmatch(rf"{re.escape(name)}(?:-(\d+))?", run.name)
    return int(match[1] or 1) if match else 0
