"""Whether geofer works on this machine's GPUs, and how fast: one command of about ten minutes, which ends in a table.

    python benchmarks/gpu_check.py [--output gpu_check.json]

Rendering; a few steps of every preset on rendered faces in fp32, bf16 and fp16, of which the first are not timed; two
hundred steps of `tuned` at 128 px; a run that goes on from its checkpoint; and DDP on all devices. A check that fails
tells why in its row, and the others go on; the exit code is then 1. Images a second are of wall time. The peak is what
multiplying two large matrices reaches on the device in the same precision, measured here, and a step's floating-point
operations are counted by torch, so the share of the peak says how much of the time the device computes. Presets begin
with their first epoch: what their schedule starts later is not in it. `photo` is left out: it needs photographs.

Without a GPU the same checks run smaller on the CPU, with one preset: that tells whether this script works.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from jsonargparse import ArgumentParser
from lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from geofer.cli.trainer import read_command
from geofer.configurations import configurations, with_files
from geofer.modules import RecognitionModule
from geofer.rendering import RenderSpec, render_subject

PRECISIONS = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
NEEDS_PHOTOGRAPHS = "experiment/photo"
WARM_UP = 3
"""Batches that are not timed; the operations of the last of them are counted."""


@dataclass(frozen=True)
class Plan:
    """How much is done.

    Attributes:
        accelerator: Of Lightning.
        devices: How many DDP trains on.
        presets: Configurations of which a few steps are taken.
        precisions: In which they are.
        batches: That are timed of each.
        long: The configuration of the longer run, and of the resumed one.
        long_batches: Batches of the longer run.
        people: To train on.
        more: Options of every run, such as a smaller batch.
        matrix: Side of the matrices that measure the peak.
        sizes: Pixels at which faces are rendered.
    """

    accelerator: str
    devices: int
    presets: Sequence[str]
    precisions: Sequence[str]
    batches: int
    long: str
    long_batches: int
    people: int
    more: Sequence[str] = ()
    matrix: int = 8192
    sizes: Sequence[int] = (64, 128, 224)


@dataclass(frozen=True)
class Row:
    """What a check came to.

    Attributes:
        check: Its name.
        precision: Of the networks.
        images: A second.
        tflops: Of a training step, 10¹² a second.
        share: Of the peak, in [0, 1].
        told: What else is to be said, or why it failed.
        failed: Whether it did.
    """

    check: str
    precision: str = ""
    images: float | None = None
    tflops: float | None = None
    share: float | None = None
    told: str = ""
    failed: bool = False


def plan_for_here() -> Plan:
    """All of it on GPUs; on a CPU just enough to see that the checks work."""
    presets = [name for name in configurations() if name.startswith("experiment/") and name != NEEDS_PHOTOGRAPHS]
    if torch.cuda.is_available():
        return Plan("gpu", torch.cuda.device_count(), presets, list(PRECISIONS), 5, "experiment/tuned-128", 200, 12)
    few = ["--data.batch_size", "4", "--data.expressions", "[anger, surprise]"]
    return Plan(
        *("cpu", 2, ["experiment/tuned-64"], ["32-true", "bf16-mixed"], 1, "experiment/tuned-64", 2, 3),
        more=few,
        matrix=512,
        sizes=(64,),
    )


class Stopwatch(Callback):
    """Times batches after `WARM_UP`, counts the operations of one before, and ends the training."""

    def __init__(self, batches: int) -> None:
        self.batches, self.seen, self.seconds, self.flops = batches, 0, 0.0, 0
        self._counter: FlopCounterMode | None = None
        self._start = 0.0

    def on_train_batch_start(self, trainer: Trainer, *_: object) -> None:
        """Start counting, or the watch."""
        if self.seen == WARM_UP - 1:
            self._counter = FlopCounterMode(display=False)
            self._counter.__enter__()
        if self.seen == WARM_UP:
            self._start = now()

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        """Stop it."""
        self.seen += 1
        if self._counter is not None:
            self._counter.__exit__(None, None, None)
            self.flops, self._counter = self._counter.get_total_flops(), None
        if self.seen == WARM_UP + self.batches:
            self.seconds = now() - self._start
            trainer.should_stop = True


def now() -> float:
    """Seconds, once the device has done all that it was asked for."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def measured_peak(plan: Plan, precision: str) -> float:
    """Operations a second of a large product of matrices."""
    device = "cuda" if plan.accelerator == "gpu" else "cpu"
    one = torch.randn(plan.matrix, plan.matrix, device=device, dtype=PRECISIONS[precision])
    one @ one
    start, times = now(), 10
    for _ in range(times):
        one @ one
    return 2 * plan.matrix**3 * times / (now() - start)


def options(plan: Plan, preset: str, cache: Path) -> list[str]:
    """A preset on few people."""
    few = {"train_subjects": plan.people, "val_subjects": 1, "test_subjects": 1, "views": 5, "root": cache}
    given = ["--config", preset, *(text for name, value in few.items() for text in (f"--data.{name}", str(value)))]
    return [*given, *plan.more]


def rendering(plan: Plan, size: int) -> Row:
    """Images a second of one process; the first person warms up."""
    spec = RenderSpec(subjects=4, views=5, image_size=size)
    render_subject(spec, 0)
    start, people = now(), 3 if plan.accelerator == "gpu" else 1
    pictures = sum(len(render_subject(spec, number).images) for number in range(1, 1 + people))
    return Row(f"rendering, {size} px", images=pictures / (now() - start))


def training(plan: Plan, preset: str, precision: str, batches: int, cache: Path) -> Row:
    """Steps of a preset."""
    command = read_command(with_files(options(plan, preset, cache)))
    data, config = command.datamodule, command.config.model
    data.prepare_data()
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(RecognitionModule, "model")
    settings = {**config.init_args.as_dict(), "expressions": data.expressions, "image_size": data.image_size}
    made = parser.parse_object({"model": {"class_path": config.class_path, "init_args": settings}})
    module: LightningModule = parser.instantiate(made).model
    watch = Stopwatch(batches)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(
        accelerator=plan.accelerator,
        devices=1,
        precision=precision,
        max_epochs=1000,  # never reached; schedules want an end
        limit_val_batches=0,
        enable_checkpointing=False,
        callbacks=[watch],
        **quiet,
    )
    trainer.fit(module, datamodule=data)
    lost = [name for name, weight in module.named_parameters() if not weight.isfinite().all()]
    speed = watch.flops * batches / watch.seconds
    name = preset.removeprefix("experiment/") + (f", {batches} steps" if batches > plan.batches else "")
    return Row(
        name,
        precision,
        images=data.batch_size * batches / watch.seconds,
        tflops=speed / 1e12,
        share=speed / measured_peak(plan, precision),
        told=f"{lost[0]} is not finite" if lost else "",
        failed=bool(lost),
    )


def geofer(arguments: Sequence[str]) -> None:
    """One command in a process of its own.

    Raises:
        RuntimeError: It failed; its last line says why.
    """
    done = subprocess.run([sys.executable, "-m", "geofer", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or done.stdout.strip()).splitlines()[-1])


def command_line(plan: Plan, cache: Path, run: Path, devices: int) -> list[str]:
    """``geofer fit`` of the longer run's preset, for a few batches."""
    strategy = ["--trainer.strategy", "ddp_find_unused_parameters_true"] if devices > 1 else []
    return [
        *("fit", *options(plan, plan.long, cache), "--trainer.accelerator", plan.accelerator),
        *("--trainer.devices", str(devices), *strategy, "--trainer.limit_train_batches", "2"),
        *("--trainer.limit_val_batches", "1", "--trainer.default_root_dir", str(run)),
    ]


def global_step(run: Path) -> int:
    """Of a run's last checkpoint."""
    return int(torch.load(run / "checkpoints" / "last.ckpt", weights_only=True, map_location="cpu")["global_step"])


def resuming(plan: Plan, cache: Path) -> Row:
    """One epoch, and a second one from its checkpoint."""
    run = cache / "resumed"
    fit = command_line(plan, cache, run, 1)
    geofer([*fit, "--trainer.max_epochs", "1"])
    first = global_step(run)
    geofer([*fit, "--trainer.max_epochs", "2", "--ckpt_path", "last"])
    second = global_step(run)
    return Row("resume", told=f"{first}, then {second} updates", failed=second != 2 * first)


def several_devices(plan: Plan, cache: Path) -> Row:
    """One epoch on all devices."""
    if plan.devices == 1:
        return Row("DDP", told="there is one device")
    start = time.perf_counter()
    geofer([*command_line(plan, cache, cache / "ddp", plan.devices), "--trainer.max_epochs", "1"])
    return Row("DDP", told=f"{plan.devices} devices, {time.perf_counter() - start:.0f} s with the start")


def checks(plan: Plan, cache: Path) -> Iterator[tuple[str, Callable[[], Row]]]:
    """All checks, with what they are called if they fail."""
    for size in plan.sizes:
        yield f"rendering, {size} px", lambda size=size: rendering(plan, size)
    for preset in plan.presets:
        for precision in plan.precisions:
            name = f"{preset.removeprefix('experiment/')}, {precision}"
            yield name, lambda p=preset, q=precision: training(plan, p, q, plan.batches, cache)
    best = plan.precisions[min(1, len(plan.precisions) - 1)]
    yield "the longer run", lambda: training(plan, plan.long, best, plan.long_batches, cache)
    yield "resume", lambda: resuming(plan, cache)
    yield "DDP", lambda: several_devices(plan, cache)


def table(rows: Sequence[Row], machine: str) -> Table:
    """For the terminal."""
    shown = Table("check", "precision", "images/s", "TFLOP/s", "of the peak", "", title=machine, box=None)
    for row in rows:
        numbers = [f"{row.images:.1f}" if row.images else "", f"{row.tflops:.3g}" if row.tflops else ""]
        share = f"{row.share:.0%}" if row.share is not None else ""
        shown.add_row(row.check, row.precision, *numbers, share, f"FAILED: {row.told}" if row.failed else row.told)
    return shown


def main() -> int:
    """Runs the checks, prints the table; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="also write the rows as JSON")
    given, plan, rows = parser.parse_args(), plan_for_here(), list[Row]()
    os.environ.setdefault("OMP_NUM_THREADS", "1" if plan.accelerator == "cpu" else "4")
    device = torch.cuda.get_device_name() if plan.accelerator == "gpu" else f"CPU, {torch.get_num_threads()} threads"
    machine = f"{device}, torch {torch.__version__}"
    with tempfile.TemporaryDirectory() as folder:
        for name, check in checks(plan, Path(folder)):
            try:
                rows.append(check())
            except Exception as error:  # one that fails does not keep the others from running
                rows.append(Row(name, told=f"{type(error).__name__}: {error}", failed=True))
            print(f"{name}: {rows[-1].told or 'done'}", file=sys.stderr)
    Console(width=140).print(table(rows, machine))
    if given.output:
        given.output.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))
    return int(any(row.failed for row in rows))


if __name__ == "__main__":
    sys.exit(main())
