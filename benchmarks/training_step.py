"""How fast a training step is: a plain loop, the bare networks done well, and the Lightning module, in one run.

The unit is images per second of process CPU time with one thread, which repeats on a shared machine; a multiplication
of two 1024 × 1024 matrices, timed beside every row, says how fast the core was just then. Freed memory stays with the
process in all variants, as it does in every training of geofer.

A step has three sizes: ``gan`` is E, G and the discriminators; ``classifier`` adds C, which learns from real and from
synthetic faces; in ``full``, the paper's end-to-end training, C also teaches G, which is one more way through C. The
floating-point operations that an image takes are counted, not measured, so that steps of several codes can be compared.

    python benchmarks/training_step.py --sizes 64 128 --parts gan classifier full --output training_step.csv
"""

import argparse
import csv
import json
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from functools import partial
from itertools import product
from pathlib import Path

import torch
import torch.nn.functional as F
from lightning import Callback, Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from geofer.callbacks.memory import keep_freed_memory
from geofer.faces import EXPRESSIONS, PairBatch
from geofer.modules import ClassifierConfig, GeometryGuidedFER, LossConfig, Optimization, Schedule, SynthesisConfig

BATCH = {64: 32, 128: 32, 224: 8}
PARTS = ("gan", "classifier", "full")
VARIANTS = ("plain", "bare", "module")


def make_batch(size: int) -> PairBatch:
    """Random pairs; what the pictures show does not change the speed."""
    faces = BATCH[size]
    return PairBatch(
        image=torch.rand(faces, 3, size, size) * 2 - 1,
        landmarks=torch.rand(faces, 68, 2) - 0.5,
        expression=torch.randint(len(EXPRESSIONS), (faces,)),
        subject=torch.arange(faces),
        yaw=torch.zeros(faces),
        pitch=torch.zeros(faces),
        target_image=torch.rand(faces, 3, size, size) * 2 - 1,
        target_landmarks=torch.rand(faces, 68, 2) - 0.5,
        target_expression=torch.randint(len(EXPRESSIONS), (faces,)),
    )


def fused_adam(parameters: Iterable[nn.Parameter]) -> torch.optim.Adam:
    """Adam in one pass over the weights."""
    return torch.optim.Adam(parameters, lr=5e-4, betas=(0.5, 0.999), fused=True)


def make_module(size: int, part: str) -> GeometryGuidedFER:
    """The paper's networks at a size, past all ramps; synthetic faces for C are the x' of the pairs."""
    return GeometryGuidedFER(
        EXPRESSIONS,
        size,
        classifier=ClassifierConfig("resnet50", pretrained=False),
        losses=LossConfig() if part == "full" else LossConfig(classification=0),
        schedule=Schedule(0, 0, 0, 0, classifier_start=1_000_000 if part == "gan" else 0),
        synthesis=SynthesisConfig(targets="pair"),
        generator_optimization=Optimization(fused_adam),
        discriminator_optimization=Optimization(fused_adam),
        classifier_optimization=Optimization(fused_adam),
    )


def bce(logits: torch.Tensor, real: bool) -> torch.Tensor:
    """Binary cross entropy on logits."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


class Loop:
    """The networks of the module and an Adam for each part, without Lightning."""

    adam = staticmethod(fused_adam)

    def __init__(self, size: int, part: str, bf16: bool) -> None:
        module = make_module(size, part)
        if isinstance(self, PlainLoop):
            module.to(memory_format=torch.contiguous_format)
        self.g = module.synthesizer
        self.d_att, self.d_i, self.c = module.attribute_discriminator, module.identity_discriminator, module.classifier
        self.d = nn.ModuleList([self.d_att, self.d_i])
        self.optimizers = [self.adam(network.parameters()) for network in (self.g, self.d, self.c)]
        self.classifies, self.teaches, self.bf16 = part != "gan", part == "full", bf16

    def _autocast(self) -> torch.autocast | nullcontext[None]:
        return torch.autocast("cpu", torch.bfloat16, cache_enabled=False) if self.bf16 else nullcontext()

    def _prior(self, faces: int) -> torch.Tensor:
        return torch.rand(faces, 50) * 2 - 1

    def _discriminator_loss(self, batch, image, identity, condition):
        real = bce(self.d_att(batch["target_image"], condition), True)
        prior = bce(self.d_i(self._prior(len(identity))), True)
        return real + bce(self.d_att(image, condition), False) + prior + bce(self.d_i(identity), False)

    def _generator_loss(self, batch, fake):
        image, target = fake.image, batch["target_landmarks"]
        variation = image.diff(dim=2).abs().mean() + image.diff(dim=3).abs().mean()
        geometry = (fake.reconstruction - target).square().sum(dim=(1, 2)).mean()
        loss = F.l1_loss(image, batch["target_image"]) + 1e-4 * (variation + geometry)
        loss = loss + 1e-3 * (bce(self.d_att(image, fake.embedding), True) + bce(self.d_i(fake.identity), True))
        if self.teaches:
            self.c.eval()
            loss = loss + 1e-3 * F.cross_entropy(self.c(image), batch["target_expression"], label_smoothing=0.1)
            self.c.train()
        return loss

    def _classifier_loss(self, batch, image):
        real = F.cross_entropy(self.c(batch["image"]), batch["expression"])
        return real + F.cross_entropy(self.c(image), batch["target_expression"], label_smoothing=0.1)

    def _update(self, optimizer, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def _synthesize(self, batch):
        return self.g(batch["image"], batch["landmarks"], batch["target_landmarks"])


class PlainLoop(Loop):
    """As one writes it first: a fake for each loss, and every gradient that autograd offers."""

    adam = partial(torch.optim.Adam, lr=5e-4, betas=(0.5, 0.999))

    def step(self, batch: PairBatch) -> None:
        """Discriminators, generator, classifier."""
        generator, discriminators, classifier = self.optimizers
        with self._autocast():
            fake = self._synthesize(batch)
            loss = self._discriminator_loss(batch, fake.image.detach(), fake.identity.detach(), fake.embedding.detach())
        self._update(discriminators, loss)
        with self._autocast():
            loss = self._generator_loss(batch, self._synthesize(batch))
        self._update(generator, loss)
        if self.classifies:
            with self._autocast():
                loss = self._classifier_loss(batch, self._synthesize(batch).image.detach())
            self._update(classifier, loss)


class BareLoop(Loop):
    """The bound: one forward pass of G, and no gradient that nobody uses."""

    def step(self, batch: PairBatch) -> None:
        """Discriminators, generator, classifier."""
        generator, discriminators, classifier = self.optimizers
        with self._autocast():
            fake = self._synthesize(batch)
            detached = [part.detach() for part in (fake.image, fake.identity, fake.embedding)]
            loss = self._discriminator_loss(batch, *detached)
        self._update(discriminators, loss)
        others = nn.ModuleList([self.d, self.c]).requires_grad_(False)
        with self._autocast():
            loss = self._generator_loss(batch, fake)
        self._update(generator, loss)
        others.requires_grad_(True)
        if self.classifies:
            with self._autocast():
                loss = self._classifier_loss(batch, detached[0])
            self._update(classifier, loss)


class Stopwatch(Callback):
    """CPU time of the batches after the first."""

    def __init__(self, batches: int) -> None:
        self.batches, self.seconds, self.start = batches, 0.0, 0.0

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx) -> None:
        """Start the watch, or stop it and the training."""
        if batch_idx == 1:
            self.start = time.process_time()
        if batch_idx == self.batches + 1:
            self.seconds = time.process_time() - self.start
            trainer.should_stop = True


def time_loop(step: Callable[[PairBatch], None], batch: PairBatch, batches: int) -> float:
    """Seconds of CPU for so many batches, after one that is not counted."""
    step(batch)
    start = time.process_time()
    for _ in range(batches):
        step(batch)
    return time.process_time() - start


def time_module(size: int, part: str, bf16: bool, batches: int, folder: Path) -> float:
    """The same for the Lightning module under its trainer, with a logger."""
    stopwatch = Stopwatch(batches)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=batches + 2,
        min_steps=1,
        precision="bf16-mixed" if bf16 else "32-true",
        callbacks=[stopwatch],
        logger=CSVLogger(folder),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(make_module(size, part), DataLoader([make_batch(size)] * (batches + 2), batch_size=None))
    return stopwatch.seconds


def count_operations(variant: str, size: int, part: str) -> float:
    """Floating-point operations of a step for each image, in 10⁹; the module does what the bare loop does."""
    batch = PairBatch({name: values[:2] for name, values in make_batch(size).items()})
    loop = (PlainLoop if variant == "plain" else BareLoop)(size, part, bf16=False)
    with FlopCounterMode(display=False) as counter:
        loop.step(batch)
    return counter.get_total_flops() / len(batch["image"]) / 1e9


def sgemm() -> float:
    """GFLOP/s of one thread on 1024 × 1024 matrices, fp32."""
    matrix = torch.randn(1024, 1024)
    matrix @ matrix
    start = time.process_time()
    for _ in range(10):
        matrix @ matrix
    return 20 * 1024**3 / (time.process_time() - start) / 1e9


def time_variant(variant: str, size: int, part: str, bf16: bool, batches: int, folder: Path) -> float:
    """Seconds of CPU for so many batches of one variant."""
    torch.manual_seed(0)
    if variant == "module":
        return time_module(size, part, bf16, batches, folder)
    loop = (PlainLoop if variant == "plain" else BareLoop)(size, part, bf16)
    return time_loop(loop.step, make_batch(size), batches)


def measure(arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    """One row for each size, part, precision and variant: the best of several turns, in which variants alternate."""
    for size, part, precision in product(arguments.sizes, arguments.parts, arguments.precisions):
        kind = (size, part, precision == "bf16", arguments.batches, arguments.folder)
        turns = [
            {variant: (time_variant(variant, *kind), sgemm()) for variant in arguments.variants}
            for _ in range(arguments.turns)
        ]
        for variant in arguments.variants:
            speeds = sorted(BATCH[size] * arguments.batches / turn[variant][0] for turn in turns)
            operations = count_operations(variant, size, part)
            yield {
                "size": size,
                "part": part,
                "precision": precision,
                "variant": variant,
                "batch": BATCH[size],
                "images_per_second": round(speeds[-1], 2),
                "slowest_turn": round(speeds[0], 2),
                "gflop_per_image": round(operations, 2),
                "gflops": round(speeds[-1] * operations, 1),
                "sgemm_gflops": round(max(turn[variant][1] for turn in turns), 1),
            }


def main() -> None:
    """Parse the command line, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(BATCH), choices=list(BATCH))
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"], choices=["fp32", "bf16"])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--batches", type=int, default=4, help="timed batches of each turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each row; the fastest counts")
    parser.add_argument("--output", type=Path, help="also write the rows here: .csv or .json")
    parser.add_argument("--folder", type=Path, default=Path("runs/benchmark"), help="where the logger writes")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()

    processor = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    print(f"{processor}, {platform.machine()}, torch {torch.__version__}, one thread")
    rows = []
    for row in measure(arguments):
        rows.append(row)
        print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    if arguments.output and arguments.output.suffix == ".json":
        arguments.output.write_text(json.dumps(rows, indent=2) + "\n")
    elif arguments.output:
        with arguments.output.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
