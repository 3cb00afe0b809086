"""``geofer study``: the paper's tables and figures, on any data set."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import torch
import yaml
from rich.console import Console

from geofer.cli.command_processes import can_fork, ending, in_parallel, run_command
from geofer.cli.engine_options import chosen_cluster
from geofer.cli.parsers import BUDGETS, study_parser
from geofer.configurations import read_settings
from geofer.errors import ConfigError, GeoferError, escaped
from geofer.ray_cluster import RayCluster
from geofer.study.data import sized_like
from geofer.study.design import Row, Study
from geofer.study.measures.runs import measure, measured, unmeasured
from geofer.study.protocols import protocol_of
from geofer.study.report.accuracy import INTERVALS, headings, table
from geofer.study.report.writing import write_report
from geofer.study.running import Result, StudyRun
from geofer.study.settings import Settings, merged
from geofer.study.studies.catalog import STUDIES

SECONDS_BETWEEN_REPORTS = 60.0
"""While a study runs; at its end it reports, however short it was."""

Done = TypeVar("Done")

ALL = "all"
"""What all studies together are called."""


def run_study(arguments: Sequence[str]) -> None:
    """Run what is missing of a study, or of all studies one after another, and write the reports.

    Of all studies, one that fails does not keep the next from running.

    Raises:
        ConfigError: The command line or a configuration file is wrong.
        GeoferError: A run failed; what was finished stays.
    """
    options, extra = study_parser().parse_known_args(arguments)
    if options.list or options.name is None:
        for study in STUDIES.values():
            print(f"{study.name:22} {study.title}. {study.source}: {', '.join(row.name for row in study.rows)}")
        return
    if options.name == ALL and options.rows:
        raise ConfigError("--rows names rows of one study, but all studies are to run. Name the study.")
    if options.jobs < 1:
        raise ConfigError(f"--jobs is {options.jobs}; it is how many rows run at a time, 1 or more.")
    studies = list(STUDIES.values()) if options.name == ALL else [_known(options.name)]
    settings = _settings(options.budget, options.config)
    seeds = options.seeds or BUDGETS[options.budget]
    cluster = chosen_cluster(options)
    if cluster is not None:
        cluster = replace(cluster, cpus=options.cpus, gpus=options.gpus)
    threads = _threads_of_each(options.jobs) if cluster is None else cluster.cpus
    command = partial(run_command, fork=can_fork(settings, extra))
    failed: dict[str, GeoferError] = {}
    for study in studies:
        name = f"{study.name}-{options.budget}"
        folder = Path("studies", name) if options.output is None else options.output
        if options.name == ALL and options.output is not None:
            folder = options.output / name
        run = StudyRun(study, settings, folder, command, tuple(extra), threads)
        try:
            _run(run, _chosen(study, options.rows), seeds, options.jobs, cluster, arguments)
        except GeoferError as error:
            if options.name != ALL:
                raise
            print(f"{study.name}: {escaped(str(error))}", file=sys.stderr)
            failed[study.name] = error
    if failed:
        causes = "".join(f"\n  {name}: {error}" for name, error in failed.items())
        raise GeoferError(f"{len(failed)} of {len(studies)} studies failed; the others have their reports.{causes}")


def _threads_of_each(jobs: int) -> int | None:
    """Threads of each of so many rows at a time; None, which is as many as torch likes, of one.

    Together they have no more than one would: a thread that waits for a core holds up all others of its row.
    """
    return None if jobs == 1 else max(1, torch.get_num_threads() // jobs)


@dataclass(frozen=True)
class RowWork:
    """Runs rows with their seeds; it is sent to the workers of a cluster.

    Attributes:
        run: The study.
    """

    run: StudyRun

    def __call__(self, job: tuple[str, int]) -> Result:
        """Trains and tests one row."""
        name, seed = job
        return _do(self.run, self.run.study.row(name), seed, self.run.run)


def _run(
    run: StudyRun,
    rows: Sequence[Row],
    seeds: Sequence[int],
    jobs: int,
    cluster: RayCluster | None,
    arguments: Sequence[str],
) -> None:
    """Run and measure what is missing of one study, report, and print its table."""
    console, reported = Console(), time.monotonic()
    missing = run.missing(rows, seeds)
    done = len(rows) * len(seeds) - len(missing)
    if jobs > 1 or cluster is not None:
        run.prepare(missing, cluster and replace(cluster, cpus=1, gpus=0))

    def work(place: int) -> Result:
        row, seed = missing[place]
        console.rule(f"{run.study.name}: {row.name}, seed {seed} ({done + place + 1} of {len(rows) * len(seeds)})")
        return _do(run, row, seed, run.run)

    if cluster is None:
        finished = in_parallel(work, range(len(missing)), jobs)
    else:
        finished = cluster.work_through(RowWork(run), [(row.name, seed) for row, seed in missing])
    for number, result in enumerate(finished, done + 1):
        if cluster is not None:
            told = f"{result.row}, seed {result.seed}: accuracy {result.report.accuracy:.1%}"
            print(f"{run.study.name}: {told} ({number} of {len(rows) * len(seeds)})")
        if result.origin is not None:
            print(f"{result.row}: {result.origin} had the same settings and seed, so its result is taken.")
        if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
            _report(run, seeds, arguments)
            reported = time.monotonic()
    for row, seed in unmeasured(run, rows, seeds):
        console.rule(f"{run.study.name}: measuring {row.name}, seed {seed}")
        _do(run, row, seed, partial(measure, run))
    print(f"The report is {_report(run, seeds, arguments)}")
    _print(run.study, run, seeds, console)


def _do(run: StudyRun, row: Row, seed: int, what: Callable[[Row, int], Done]) -> Done:
    """One step of a study; a command of it that failed becomes one message."""
    try:
        return what(row, seed)
    except subprocess.CalledProcessError as error:
        raise GeoferError(
            f"`geofer {error.cmd[3]}` of the row {row.name} with seed {seed} {ending(error.returncode)}. What was "
            f"finished is kept in {run.folder}; run the same command again to go on."
        ) from None


def _report(run: StudyRun, seeds: Sequence[int], arguments: Sequence[str]) -> Path:
    results = list(run.results(seeds))
    measures = {(r.row, r.seed): found for r in results if (found := measured(run, run.study.row(r.row), r.seed))}
    return write_report(
        run.study, results, run.folder, f"geofer study {' '.join(arguments)}", measures, run.differences()
    )


def _print(study: Study, run: StudyRun, seeds: Sequence[int], console: Console) -> None:
    from rich import box
    from rich.table import Table

    shown = Table(title=study.title, box=box.SIMPLE_HEAD)
    heads = headings(study, not run.differences())
    kept = [place for place, heading in enumerate(heads) if heading not in INTERVALS]  # a terminal is not so wide
    for place in kept:
        shown.add_column(heads[place], justify="left" if place == 0 else "right")
    for line in table(study, list(run.results(seeds))):
        cells = line.cells()
        shown.add_row(*(cells[place] for place in kept))
    console.print(shown)


def _known(name: str) -> Study:
    if name not in STUDIES:
        raise ConfigError(f"There is no study {name!r}. There are {', '.join(STUDIES)}, and {ALL}.")
    return STUDIES[name]


def _chosen(study: Study, names: Sequence[str] | None) -> list[Row]:
    known = {row.name: row for row in study.rows}
    if unknown := [name for name in names or () if name not in known]:
        raise ConfigError(f"The study {study.name} has no row {unknown[0]!r}; it has {', '.join(known)}.")
    return [known[name] for name in names or known]


def _settings(budget: str, configs: Sequence[Path]) -> Settings:
    settings: Settings = yaml.safe_load(files("geofer.study").joinpath("budgets", f"{budget}.yaml").read_text())
    size, batches = settings["data"], settings["trainer"]["max_steps"]
    for path in configs:
        try:
            settings = merged(settings, read_settings(path) or {})
            settings["data"] = sized_like(settings["data"], size)
        except AttributeError as error:
            raise ConfigError(f"{path} is no configuration: {error}") from error
    if budget == "paper" and settings["trainer"]["max_steps"] == batches:
        protocol = protocol_of(settings["data"])
        settings["trainer"]["max_steps"] = batches if protocol is None else protocol.batches
    return settings
