"""Runs the rows of a study that are not finished yet; what ``geofer fit`` trains, in processes of its own.

A study's folder holds, for each row and seed, ``results/<row>-<seed>.json`` once it was tested: small, plain, and all
that the report is made of. Whoever finds it there does not run the row again. Checkpoints and pictures lie in
``runs/<row>-<seed>/`` and may be removed once a row is finished; an unfinished run goes on from its last checkpoint.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from geofer.errors import DataError
from geofer.metrics.report import RecognitionReport
from geofer.metrics.tables import load_report, report_path
from geofer.paths import written_whole
from geofer.study.design import Row, Settings, Study


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        row: Name of the row.
        seed: Its seed.
        settings: Digest of the settings it was run with.
        report: What its test found.
    """

    row: str
    seed: int
    settings: str
    report: RecognitionReport

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"row": self.row, "seed": self.seed, "settings": self.settings, "report": self.report.to_dict()}


@dataclass(frozen=True)
class StudyRun:
    """A study on one set of settings.

    Attributes:
        study: What is compared.
        settings: The full method's settings.
        folder: Where results, runs and the report lie.
        extra: Further arguments for every ``geofer fit``, such as a logger's configuration.
    """

    study: Study
    settings: Settings
    folder: Path
    extra: tuple[str, ...] = ()

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
            data = json.loads(path.read_text(encoding="utf-8"))
            result = Result(data["row"], data["seed"], data["settings"], RecognitionReport.from_dict(data["report"]))
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

    def run(self, row: Row, seed: int) -> Result:
        """Trains and tests one row with one seed, and keeps the result.

        Raises:
            subprocess.CalledProcessError: ``geofer fit`` or ``geofer test`` failed; it has said why.
        """
        report = row.measure(row.change(self.settings), seed) if row.measure else self._fit_and_test(row, seed)
        result = Result(row.name, seed, self._digest(row), report)
        path = self._result_path(row, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(json.dumps(result.to_dict(), indent=1, allow_nan=False).encode())
        return result

    def _fit_and_test(self, row: Row, seed: int) -> RecognitionReport:
        folder = self.folder / "runs" / f"{row.name}-{seed}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        config = folder.with_suffix(".yaml")
        with written_whole(config) as file:
            file.write(yaml.safe_dump(row.change(self.settings), sort_keys=False).encode())
        if not report_path(folder, "test").exists():
            resume = ["--ckpt_path", "last"] if (folder / "checkpoints" / "last.ckpt").exists() else []
            if not resume and folder.exists():
                shutil.rmtree(folder)  # it was killed before its first checkpoint
            seeded = ["--seed_everything", str(seed), "--data.seed", str(seed)]
            self._geofer("fit", config, folder, *seeded, *resume, *self.extra)
            self._geofer("test", folder / "config.yaml", folder)
        return load_report(folder)

    def _geofer(self, verb: str, config: Path, folder: Path, *arguments: str) -> None:
        place = ["--trainer.default_root_dir", str(folder)]
        environment = {"WANDB_RUN_GROUP": self.study.name, **os.environ}
        command = [sys.executable, "-m", "geofer", verb, "--config", str(config), *place, *arguments]
        subprocess.run(command, env=environment, check=True)

    def _result_path(self, row: Row, seed: int) -> Path:
        return self.folder / "results" / f"{row.name}-{seed}.json"

    def _digest(self, row: Row) -> str:
        """Of the row's settings, but for where it runs and what it prints."""
        settings = row.change(self.settings)
        trainer = {name: settings.get("trainer", {}).get(name) for name in ("max_steps", "max_epochs", "precision")}
        shaping = {"model": settings["model"], "data": settings["data"], "trainer": trainer}
        return hashlib.sha256(json.dumps(shaping, sort_keys=True, default=str).encode()).hexdigest()[:16]
