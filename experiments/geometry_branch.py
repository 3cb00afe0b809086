"""What a geometry branch adds to the quickstart's classifier, over several seeds, on unseen people.

    python experiments/geometry_branch.py --seeds 11 12 13

A seed changes everything: the people, their faces, the initial weights and the order of the batches; all rows of a seed
share them. Finished runs are kept in `runs/geometry-branch/` and not repeated. What follows the options goes to
``geofer fit``. It ends with a Markdown table of the best epoch on the validation people, on the test people, and on the
test people when their geometry is kept from the classifier; the last also after the last epoch, since what is best for
the geometry branch may converge before the image branch has learned.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev

import torch

from geofer.cli.trainer import read_command
from geofer.faces import normalize_image
from geofer.metrics.tables import load_report, report_path
from geofer.modules import ExpressionClassifier

CONFIG = "configs/quickstart-classifier.yaml"
ROWS = {
    "none": [],
    "landmarks": ["--model.classifier.geometry=landmarks"],
    "blendshapes": ["--model.classifier.geometry=blendshapes"],
}


def measure(row: str, seed: int, folder: Path, extra: list[str]) -> dict[str, float]:
    """Fits, validates and tests one run unless that was done before; accuracy in percent by who is recognized."""
    run = folder / f"{row}-{seed}"
    if not report_path(run, "test").exists():
        geofer = [sys.executable, "-m", "geofer"]
        resume = ["--ckpt_path", "last"] if (run / "checkpoints" / "last.ckpt").exists() else []
        seeds = ["--seed_everything", str(seed), "--data.seed", str(seed), "--trainer.default_root_dir", str(run)]
        subprocess.run([*geofer, "fit", "--config", CONFIG, *ROWS[row], *seeds, *extra, *resume], check=True)
        for command in ("validate", "test"):
            subprocess.run([*geofer, command, "--config", str(run / "config.yaml")], check=True)
    found = {split: 100 * load_report(run, split).accuracy for split in ("val", "test")}
    if row == "none":
        return found
    alone = {"test, pixels alone": "best", "test, pixels alone, last epoch": "last"}
    return {**found, **{name: image_alone(run, checkpoint) for name, checkpoint in alone.items()}}


@torch.inference_mode()
def image_alone(run: Path, checkpoint: str) -> float:
    """Accuracy in percent on the test people, without their geometry."""
    path = run / "checkpoints" / f"{checkpoint}.ckpt"
    model = ExpressionClassifier.load_from_checkpoint(path, map_location="cpu").eval()
    data = read_command(["--config", str(run / "config.yaml")]).datamodule
    data.prepare_data()
    data.setup("test")
    right = [
        model(normalize_image(batch["image"])).argmax(1) == batch["expression"] for batch in data.test_dataloader()
    ]
    return 100 * float(torch.cat(right).float().mean())


def main() -> None:
    """Runs what is missing and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    parser.add_argument("--folder", type=Path, default=Path("runs/geometry-branch"))
    parser.add_argument("--pixel-loss", type=float, default=1.0, help="classifier.image_loss, with a folder for each")
    arguments, extra = parser.parse_known_args()
    extra = [f"--model.classifier.image_loss={arguments.image_loss}", *extra]
    found = {
        (row, seed): measure(row, seed, arguments.folder, extra) for seed in arguments.seeds for row in arguments.rows
    }
    print(f"\n| accuracy, % | people | {' | '.join(f'seed {seed}' for seed in arguments.seeds)} | mean | spread |")
    print("|---|---|" + "---|" * (len(arguments.seeds) + 2))
    for row in arguments.rows:
        for people in found[row, arguments.seeds[0]]:
            values = [found[row, seed][people] for seed in arguments.seeds]
            spread = f"{stdev(values):.1f}" if len(values) > 1 else "–"
            print(f"| {row} | {people} | {' | '.join(f'{v:.1f}' for v in values)} | {mean(values):.1f} | {spread} |")


if __name__ == "__main__":
    main()
