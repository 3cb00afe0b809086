"""Loads damaged and hostile checkpoints, model files, descriptions and indices, each in a process with limits.

    python benchmarks/fuzz_files.py [--minutes 5] [--seed 0] [--keep FOLDER]

Good files of each kind are changed: entries of what they say of themselves take values that no file should have,
records and columns go missing or change their types, bytes flip, move or are cut off. Checksums are made good again, so
that what is behind them is reached. Each changed file is loaded as a user would, by a process that may use 3 seconds of
CPU and 300 MB beyond what loading a good file takes, and that may fetch and start nothing; what is accepted also
predicts. Prints how many files of each kind were accepted, refused (with an error of geofer), crashed (with any other),
or were ended by a limit, and the most CPU that one took; ends with 1 if there is one of the last two kinds, and keeps
these files in FOLDER.
"""

import argparse
import copy
import io
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from geofer.app.models.checkpoint_conversion import from_checkpoint
from geofer.app.models.model_file import ModelDescription, load_model, save_model
from geofer.app.models.pretrained_folder import CONFIG, read_config, save_pretrained
from geofer.app.recognition.recognizer import Recognizer
from geofer.app.synthesis.generation import load_generator
from geofer.backbones import read_backbone_arguments  # noqa: F401 - the test of imports warms up with it
from geofer.checkpoints import PROVENANCE
from geofer.datamodules.preparation.index import METADATA_KEY, FaceIndex, IndexInfo, index_schema
from geofer.datamodules.preparation.opening import read_columns
from geofer.errors import GeoferError
from geofer.modules import (
    ClassifierConfig,
    DiscriminatorConfig,
    ExpressionClassifier,
    GeneratorConfig,
    GeometryGuidedFER,
)
from geofer.weight_files import CHECKSUM, HEADER, checksum

CPU_SECONDS, MEGABYTES = 3, 300
ACCEPTED, REFUSED, CRASHED, LIMIT = "accepted", "refused", "crashed", "over a limit"

EXPRESSIONS = ("anger", "fear", "happiness")
SIZE = 32

NASTY: list[object] = [
    *(None, True, False, 0, -1, 1, 7, 255, 10**6, 2**31, 2**63, 10**40, -(2**63), 0.5, -0.0, 1e308),
    *(float("nan"), float("inf"), "", "x", "\n", "\x1b[31m", "\u202e", "\udcff", "=1+1", "a" * 100_000, "error"),
    *("os.system", "geofer.cli.main", "module.Name", "../../x", "/etc/passwd", "http://127.0.0.1:9/", "hf-hub:a/b"),
    *("resnet50", "small_resnet", "vit_tiny_patch16_224", "tight", "paper", "picture", "geometry", "landmarks"),
    *([], {}, [[]], [None], [1] * 100_000, {"a": 1}, {"": {}}, {"class_path": "os.system", "init_args": {"a": "b"}}),
    *([4] * 2000, [10**9, 10**9], {"weights": "IMAGENET1K_V1"}, {"checkpoint_path": "/etc/x"}, {"widths": [4] * 999}),
]


def write_good(folder: Path) -> dict[str, Path]:
    """One good file of each kind."""
    torch.manual_seed(0)
    classifier = ClassifierConfig("small_resnet", False, 8, {"widths": [4, 8]}, geometry="landmarks")
    module = ExpressionClassifier(EXPRESSIONS, SIZE, classifier=classifier)
    generator = GeneratorConfig(width=4, identity_size=4, embedding_size=4, warp=True)
    narrow = DiscriminatorConfig(width=4)
    method = GeometryGuidedFER(EXPRESSIONS, SIZE, classifier=classifier, generator=generator, discriminator=narrow)
    for name, made in (("classifier", module), ("method", method)):
        held = {
            "epoch": 3,
            "global_step": 12,
            "pytorch-lightning_version": "2.6.6",
            "state_dict": made.state_dict(),
            "hyper_parameters": dict(made.hparams),
            "callbacks": {"ModelCheckpoint": {"best_model_path": "runs/a/checkpoints/best.ckpt"}},
            "optimizer_states": [{"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]}],
            PROVENANCE: {"crop": "tight", "data_set": "KDEF", "arguments": {"root": "KDEF"}, "faces": {"train": 3}},
        }
        torch.save(held, folder / f"{name}.ckpt")
    picture = ModelDescription("picture", EXPRESSIONS, dict(vars(classifier)), image_size=SIZE, provenance={"seed": 3})
    members = {"members": [{"hidden": 3}, {"hidden": 2, "logit_eps": 1e-5}]}
    ensemble = ModelDescription("geometry", EXPRESSIONS, members)
    for name, description in (("picture", picture), ("ensemble", ensemble)):
        save_model(folder / f"{name}.safetensors", description.network(), description)
    save_pretrained(folder / "pretrained", ensemble.network(), ensemble, "a/b")
    info = IndexInfo("KDEF", EXPRESSIONS, SIZE, "tight", "memory_map", 40)
    rows = {field.name: _column(field.type) for field in index_schema()}
    pq.write_table(pa.table(rows, schema=index_schema(info)), folder / "index.parquet", write_page_checksum=True)
    kinds = ("classifier.ckpt", "method.ckpt", "picture.safetensors", "ensemble.safetensors", "index.parquet")
    return {Path(name).stem: folder / name for name in kinds} | {"config": folder / "pretrained" / CONFIG}


def _column(kind: pa.DataType, rows: int = 40) -> pa.Array:
    if pa.types.is_fixed_size_list(kind):
        return pa.array([[0.5] * kind.list_size] * rows, kind)
    if pa.types.is_list(kind):
        return pa.array([["pose>30"]] * rows, kind)
    return pa.array(["0123456789abcdef"] * rows if pa.types.is_string(kind) else range(rows), kind)


LOADERS: dict[str, Callable[[Path], object]] = {
    "classifier": lambda path: _predict(*from_checkpoint(path, "tight")),
    "method": lambda path: load_generator(path, "tight").expressions,
    "picture": lambda path: _predict(*load_model(path)),
    "ensemble": lambda path: _predict(*load_model(path)),
    "config": read_config,
    "index": lambda path: read_columns(FaceIndex(str(path.parent))),
}
"""How a user loads each kind."""


def _predict(network: torch.nn.Module, description: ModelDescription) -> None:
    """One prediction of what was accepted; its numbers must be numbers."""
    shapes = {"image": (1, 3, description.image_size, description.image_size), "landmarks": (1, 68, 2)}
    given = [torch.rand(shapes.get(name, (1, 52))) for name in description.inputs]
    for shares in Recognizer(network, description, "none")._probabilities(given):
        if not abs(sum(shares) - 1) < 1e-4:
            raise ArithmeticError(f"it predicts {shares}")


def mutants(good: dict[str, Path], folder: Path, seed: int) -> Iterator[tuple[str, Path]]:
    """Endlessly changed files, one of each kind in turn; the same for the same seed."""
    chance = random.Random(seed)
    while True:
        for kind, path in good.items():
            target = folder / kind / path.name
            target.parent.mkdir(exist_ok=True)
            deep = chance.random() < 0.8
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    (CHANGES[kind] if deep else _change_bytes)(path, target, chance)
                except Exception:  # the libraries that write files refuse some of this themselves
                    _change_bytes(path, target, chance)
            yield kind, target


def _change_bytes(path: Path, target: Path, chance: random.Random) -> None:
    target.write_bytes(_damaged(path.read_bytes(), chance))


def _damaged(data: bytes, chance: random.Random) -> bytes:
    raw = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        start = chance.randrange(len(raw))
        length = min(chance.choice((1, 4, 8, 64, 1000)), len(raw) - start)
        way = chance.randrange(6)
        if way == 0:
            raw[start] ^= 1 << chance.randrange(8)
        elif way == 1:
            raw[start : start + length] = chance.randbytes(length)
        elif way == 2:
            raw[start : start + length] = b"\xff" * length
        elif way == 3:
            del raw[start : start + length]
        elif way == 4:
            raw[start:start] = raw[max(0, start - length) : start]
        else:
            del raw[start:]
        raw = raw or bytearray(b"\0")
    return bytes(raw)


def _nasty(chance: random.Random) -> object:
    """A value that no file should have; some refer to themselves, or to one list many times over."""
    way = chance.randrange(40)
    if way == 0:
        nested: list[object] = []
        for _ in range(chance.choice((20, 2000))):
            nested = [nested]
        return nested
    if way == 1:
        many: list[object] = [1]
        for _ in range(13):  # JSON writes each of them
            many = [many, many]
        return many
    return copy.deepcopy(chance.choice(NASTY))


def _change(data: object, chance: random.Random) -> object:
    """Plain data with one entry changed, somewhere in it."""
    if isinstance(data, dict) and data and chance.random() < 0.9:
        name = chance.choice(list(data))
        changed = {**data}
        way = chance.randrange(8)
        if way == 0:
            del changed[name]
        elif way == 1:
            changed[str(_nasty(chance))[:200]] = _nasty(chance)
        elif way == 2:
            changed[name] = data[chance.choice(list(data))]
        else:
            changed[name] = _change(data[name], chance)
        return changed
    if isinstance(data, list | tuple) and data and chance.random() < 0.8:
        place = chance.randrange(len(data))
        entries = [*data]
        entries[place : place + 1] = chance.choice(([], [data[place]] * 2, [_change(data[place], chance)]))
        return entries
    return _nasty(chance)


def _change_checkpoint(path: Path, target: Path, chance: random.Random) -> None:
    if chance.random() < 0.2:
        _change_pickle(path, target, chance)
        return
    held = torch.load(path, weights_only=True)
    part = chance.choice(
        ("hyper_parameters",) * 6 + (PROVENANCE, "epoch", "callbacks", "optimizer_states", "state_dict")
    )
    for _ in range(chance.choice((1, 1, 3))):
        held[part] = _change_weights(held[part], chance) if part == "state_dict" else _change(held[part], chance)
    torch.save(held, target)


def _change_pickle(path: Path, target: Path, chance: random.Random) -> None:
    """The structure behind the checksums: other numbers, other calls."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for record in old.infolist():
            data = old.read(record)
            new.writestr(record.filename, _damaged(data, chance) if record.filename.endswith("data.pkl") else data)


def _change_weights(weights: dict[str, torch.Tensor], chance: random.Random) -> dict[str, object]:
    changed: dict[str, object] = dict(weights)
    name = chance.choice(list(changed))
    value = weights[name]
    changed[name] = chance.choice(
        (
            lambda: value.double(),
            lambda: value.to(torch.complex64),
            lambda: torch.zeros(1).expand(10**9),
            lambda: value.to_sparse(),
            lambda: torch.full_like(value, float("nan") if value.is_floating_point() else 3),
            lambda: value.reshape(-1),
            lambda: torch.zeros(chance.choice(((), (0,), (3, 5)))),
            lambda: _nasty(chance),
        )
    )()
    if chance.random() < 0.2:
        changed[str(_nasty(chance))[:100]] = changed.pop(name)
    return changed


def _change_model(path: Path, target: Path, chance: random.Random) -> None:
    from safetensors import safe_open
    from safetensors.torch import save

    with safe_open(path, framework="pt") as file:
        text = file.metadata()[HEADER]
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if chance.random() < 0.85:
        text = json.dumps(_change(json.loads(text), chance))
    else:
        text = _damaged(text.encode(), chance).decode(errors="replace")
    if chance.random() < 0.2:
        changed = _change_weights(weights, chance).items()
        weights = {name: v.contiguous() for name, v in changed if torch.is_tensor(v) and v.numel() < 10**6}
    target.write_bytes(save(weights, {HEADER: text, CHECKSUM: checksum(text, weights)}))


def _change_config(path: Path, target: Path, chance: random.Random) -> None:
    target.write_text(json.dumps(_change(json.loads(path.read_text()), chance)), errors="surrogatepass")


def _change_index(path: Path, target: Path, chance: random.Random) -> None:
    table = pq.read_table(path)
    if chance.random() < 0.6:
        info = json.dumps(_change(json.loads(table.schema.metadata[METADATA_KEY]), chance))
        table = table.replace_schema_metadata({METADATA_KEY: info.encode()})
    else:
        place = chance.randrange(table.num_columns)
        name, column = table.column_names[place], table.column(place)
        rows = len(column)
        values = chance.choice(
            (
                lambda: [None] * rows,
                lambda: ["\x1b[31m\n=1+1"] * rows,
                lambda: [2**62 - 1] * rows,
                lambda: [-1] * rows,
                lambda: [float("nan")] * rows,
                lambda: [["a"] * 70] * rows,
                lambda: [[str(row)] for row in range(rows)],
                lambda: np.arange(rows).astype("datetime64[s]"),
            )
        )()
        table = table.drop([name]) if chance.random() < 0.2 else table.set_column(place, name, pa.array(values))
    pq.write_table(table, target, write_page_checksum=True)


CHANGES: dict[str, Callable[[Path, Path, random.Random], None]] = {
    "classifier": _change_checkpoint,
    "method": _change_checkpoint,
    "picture": _change_model,
    "ensemble": _change_model,
    "config": _change_config,
    "index": _change_index,
}


def tried(load: Callable[[Path], object], path: Path) -> tuple[str, str, float]:
    """What becomes of loading a file in a process with limits, what the process said of it, and its seconds of CPU."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        outcome, text = _tried_here(load, path)
        with os.fdopen(write, "w") as pipe:
            pipe.write(f"{outcome}\n{text}")
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = pipe.read()
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    if not answer:
        return LIMIT, f"the process ended with {status}", seconds
    outcome, _, text = answer.partition("\n")
    return outcome, text, seconds


def _tried_here(load: Callable[[Path], object], path: Path) -> tuple[str, str]:
    outcome, told = _loaded_within_limits(load, path)
    return (CRASHED, f"it asked for {ASKED}") if ASKED else (outcome, told)


def _loaded_within_limits(load: Callable[[Path], object], path: Path) -> tuple[str, str]:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEGABYTES * 2**20,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    warnings.simplefilter("ignore")
    sys.addaudithook(_refuse_network)
    try:
        load(path)
    except GeoferError as error:
        told = str(error)
        return (REFUSED, told) if len(told) < 2000 else (CRASHED, f"a message of {len(told)} letters: {told[:500]}")
    except MemoryError:
        return LIMIT, traceback.format_exc()
    except BaseException as error:  # also what ends a process: it is what is looked for
        return (LIMIT if "allocate memory" in str(error) else CRASHED), traceback.format_exc()
    return ACCEPTED, ""


ASKED: list[str] = []
"""What was to be fetched or started; no file may cause that."""


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request", "subprocess.Popen", "os.system", "os.exec"):
        ASKED.append(f"{event} {arguments!r:.200}")
        raise ConnectionRefusedError(event)


def main() -> int:
    """Runs for the time that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for files that crashed or went over a limit")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return _run(Path(folder), given)


def _run(folder: Path, given: argparse.Namespace) -> int:
    good = write_good(folder)
    for kind, path in good.items():
        LOADERS[kind](path)  # imports what loading needs, which then counts for none of the others
        outcome, text, _ = tried(LOADERS[kind], path)
        if outcome != ACCEPTED:
            raise SystemExit(f"the good file {path.name} was {outcome}: {text}")
    counts: Counter[tuple[str, str]] = Counter()
    longest = dict.fromkeys(good, 0.0)
    end, number = time.monotonic() + 60 * given.minutes, 0
    for kind, path in mutants(good, folder, given.seed):
        outcome, text, seconds = tried(LOADERS[kind], path)
        counts[kind, outcome] += 1
        longest[kind] = max(longest[kind], seconds)
        if outcome in (CRASHED, LIMIT):
            print(f"{kind} {number}: {outcome}\n{text}", flush=True)
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, given.keep / f"{given.seed}-{number}-{path.name}")
        number += 1
        if time.monotonic() > end:
            break
    report = io.StringIO()
    for kind in good:
        states = ", ".join(f"{counts[kind, state]} {state}" for state in (ACCEPTED, REFUSED, CRASHED, LIMIT))
        print(f"{kind}: {states}; at most {longest[kind]:.2f} s of CPU", file=report)
    print(f"seed {given.seed}, {given.minutes:g} minutes, {number} files\n{report.getvalue()}", end="")
    return int(any(state in (CRASHED, LIMIT) for _, state in counts))


if __name__ == "__main__":
    sys.exit(main())
