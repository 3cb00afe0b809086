"""Runs the rows of a study that are not finished yet; what ``geofer fit`` trains, in processes of its own.

A study's folder holds, for each row and seed, ``results/<row>-<seed>.json`` once it was tested: small, plain, and all
that the report is made of. Whoever finds it there does not run the row again. Checkpoints and pictures lie in
``runs/<row>-<seed>/`` and may be removed once a row is finished; an unfinished run goes on from its last checkpoint,
of a finished one the best is kept.
Several studies have rows in common, such as the full method: what another study in a folder beside this one has
finished with the same settings and seed is taken from there.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
import yaml

from geofer.callbacks.predictions import read_predictions
from geofer.callbacks.progress import RUN_OF_SEVERAL
from geofer.errors import DataError
from geofer.metrics.groups import GroupAccuracy
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import load_report, report_path
from geofer.paths import written_whole
from geofer.ray_cluster import RayCluster
from geofer.study.data import datamodule_of, folds_of, seeded
from geofer.study.design import Outcome, Row, Study
from geofer.study.fairness import fairness_on
from geofer.study.settings import Settings
from geofer.study.trained import is_kept

Command = Callable[[Sequence[str], Mapping[str, str]], None]
"""Runs ``geofer …`` to its end: what stands behind ``geofer``, and all environment variables. If the command fails, it
raises `subprocess.CalledProcessError`."""

LAST = Path("checkpoints", "last.ckpt")
"""Of a run that is not finished."""

THREADS = "OMP_NUM_THREADS"
"""The environment variable that says how many threads torch computes with."""


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        row: Name of the row.
        seed: Its seed.
        settings: Digest of the settings it was run with.
        report: What its test found.
        groups: Accuracy by group of people, if it is known.
        origin: If it was taken from another study, that study's folder and its run, such as ``ablations-cpu/full-11``.
    """

    row: str
    seed: int
    settings: str
    report: RecognitionReport
    groups: tuple[GroupAccuracy, ...] = ()
    origin: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, where an interval that is not known is null."""
        groups = [group.to_dict() for group in self.groups]
        run = {"row": self.row, "seed": self.seed, "settings": self.settings}
        origin = {} if self.origin is None else {"origin": self.origin}
        return {**run, **origin, "report": self.report.to_dict(), "groups": groups}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`.

        Raises:
            KeyError: If an entry is missing.
            TypeError: If an entry is of another kind.
            ValueError: If a table has the wrong shape.
        """
        report = RecognitionReport.from_dict(data["report"])
        groups = tuple(GroupAccuracy.from_dict(group) for group in data.get("groups", ()))
        return cls(data["row"], data["seed"], data["settings"], report, groups, data.get("origin"))


@dataclass(frozen=True)
class StudyRun:
    """A study on one set of settings.

    Attributes:
        study: What is compared.
        settings: The full method's settings.
        folder: Where results, runs and the report lie.
        command: Runs the commands that train and test a row.
        extra: Further arguments for every ``geofer fit``, such as a logger's configuration.
        threads: That each ``geofer fit`` computes with where several run at a time, unless `THREADS` is set; None where
            one does, which has as many as torch likes.
    """

    study: Study
    settings: Settings
    folder: Path
    command: Command
    extra: tuple[str, ...] = ()
    threads: int | None = None

    def differences(self) -> tuple[str, ...]:
        """In what the faces of the reference row differ from those of the paper's numbers."""
        if self.study.protocol is None:
            return ()
        return self.study.protocol.differences(self.study.row(self.study.reference).change(self.settings)["data"])

    def missing(self, rows: Sequence[Row], seeds: Sequence[int]) -> list[tuple[Row, int]]:
        """What is not finished, seed by seed, so that all rows have one seed before any has two."""
        return [(row, seed) for seed in seeds for row in rows if self.result(row, seed) is None]

    def result(self, row: Row, seed: int) -> Result | None:
        """A finished run, or None.

        Raises:
            DataError: It was made with other settings, or its file is damaged.
        """
        path = self._result_path(row, seed)
        if not path.exists():
            return None
        try:
            result = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is damaged ({error}). Remove it, and run the study again.") from error
        if result.settings != self._digest(row):
            raise DataError(
                f"{path} was made with other settings than these. Give this study another folder with --output, or "
                "remove the file to run the row again."
            )
        return result

    def results(self, seeds: Sequence[int]) -> Iterator[Result]:
        """All that are finished, row by row."""
        for row in self.study.rows:
            for seed in seeds:
                if (result := self.result(row, seed)) is not None:
                    yield result

    def prepare(self, runs: Sequence[tuple[Row, int]], cluster: RayCluster | None = None) -> None:
        """Prepares the data of some rows with their seeds, so that several may be run at a time.

        Args:
            runs: Rows and seeds.
            cluster: Machines that prepare them, instead of processes of this one.

        Raises:
            DataError: They cannot be prepared.
        """
        needed: list[Settings] = []
        for row, seed in runs:
            data = seeded(row.change(self.settings)["data"], seed)
            if data not in needed:
                module = datamodule_of(data)
                if cluster is not None:
                    module.use_cluster(cluster)
                module.prepare_data()
                needed.append(data)

    def run(self, row: Row, seed: int, *, networks: bool = False) -> Result:
        """Trains and tests one row with one seed, unless a study beside this one has, and keeps the result.

        Args:
            row: What is run.
            seed: Of everything that is drawn.
            networks: Whether the trained networks are needed, too, so a study that has removed them does not count.

        Raises:
            subprocess.CalledProcessError: ``geofer fit`` or ``geofer test`` failed; it has said why.
        """
        result = self._result_elsewhere(row, seed)
        if result is None or (networks and not is_kept(self._origin(result))):
            outcome = row.measure(row.change(self.settings), seed) if row.measure else self._fit_and_test(row, seed)
            result = Result(row.name, seed, self._digest(row), outcome.report, outcome.groups)
        path = self._result_path(row, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(json.dumps(result.to_dict(), indent=1, allow_nan=False).encode())
        return result

    def run_folder(self, row: Row, seed: int) -> Path:
        """Where the networks of a finished run lie, unless they were removed: here, or in the study it is from."""
        result = self.result(row, seed)
        if result is None or result.origin is None:
            return self._own_run(row, seed)
        return self._origin(result)

    def _origin(self, result: Result) -> Path:
        """The run of a result that was taken from another study."""
        study, _, run = (result.origin or "").partition("/")
        return self.folder.parent / study / "runs" / run

    def _own_run(self, row: Row, seed: int) -> Path:
        return self.folder / "runs" / f"{row.name}-{seed}"

    def _result_elsewhere(self, row: Row, seed: int) -> Result | None:
        """What a study in a folder beside this one has finished with the same settings and seed."""
        digest = self._digest(row)
        known = {digest, digest_of(row.otherwise(self.settings)) if row.otherwise else digest}
        for path in sorted(self.folder.parent.glob(f"*/results/*-{seed}.json")):
            study = path.parents[1]
            if study == self.folder:
                continue
            try:
                found = Result.from_dict(json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, KeyError, TypeError):
                continue  # it is no study's, or damaged, which is that study's to say
            if found.settings in known and found.seed == seed:
                origin = found.origin or f"{study.name}/{found.row}-{seed}"
                return replace(found, row=row.name, settings=digest, origin=origin)
        return None

    def _fit_and_test(self, row: Row, seed: int) -> Outcome:
        folder = self._own_run(row, seed)
        folder.parent.mkdir(parents=True, exist_ok=True)
        config = folder.with_suffix(".yaml")
        settings = row.change(self.settings)
        settings = {**settings, "data": seeded(settings["data"], seed)}
        with written_whole(config) as file:
            file.write(yaml.safe_dump(settings, sort_keys=False).encode())
        drawn = ["--seed_everything", str(seed + row.weights)]
        folds = folds_of(settings["data"])
        parts = [folder] if folds is None else [folder / f"fold-{fold}" for fold in range(folds)]
        if not report_path(folder, "test").exists():
            if folds is None:
                resume = ["--ckpt_path", "last"] if (folder / LAST).exists() else []
                if not resume and folder.exists():
                    shutil.rmtree(folder)  # it was killed before its first checkpoint
                self._geofer("fit", config, folder, *drawn, *resume, *self.extra)
                self._geofer("test", folder / "config.yaml", folder)
            else:  # which goes on where it stopped by itself
                self._geofer("cross-validate", config, folder, "--folds", str(folds), *drawn, *self.extra)
        report = load_report(folder)
        predictions = [read_predictions(part, report.expressions) for part in parts]
        together = {name: torch.cat([part[name] for part in predictions]) for name in predictions[0]}
        for part in parts:
            (part / LAST).unlink(missing_ok=True)  # half of what a run takes up, of use only to go on with it
        return Outcome(report, fairness_on(datamodule_of(settings["data"]), together))

    def _geofer(self, command: str, config: Path, folder: Path, *arguments: str) -> None:
        place = ["--config", str(config), "--trainer.default_root_dir", str(folder)]
        several = {} if self.threads is None else {THREADS: str(self.threads), RUN_OF_SEVERAL: folder.name}
        environment = {"WANDB_RUN_GROUP": self.study.name, **several, **os.environ}
        self.command([command, *place, *arguments], environment)

    def _result_path(self, row: Row, seed: int) -> Path:
        return self.folder / "results" / f"{row.name}-{seed}.json"

    def _digest(self, row: Row) -> str:
        return digest_of(row.change(self.settings), row.weights)


def digest_of(settings: Settings, weights: int = 0) -> str:
    """Of a row's settings, but for where it runs and what it prints: 16 hexadecimal digits.

    Args:
        settings: Of the row.
        weights: What the row adds to the seed of its weights.
    """
    trainer = {name: settings.get("trainer", {}).get(name) for name in ("max_steps", "max_epochs", "precision")}
    shaping = {"model": settings["model"], "data": settings["data"], "trainer": trainer}
    if weights:
        shaping["weights"] = weights
    return hashlib.sha256(json.dumps(shaping, sort_keys=True, default=str).encode()).hexdigest()[:16]
