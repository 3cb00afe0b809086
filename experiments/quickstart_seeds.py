"""The quickstart's comparison over several seeds: the classifier alone against the full method, on unseen people.

    python experiments/quickstart_seeds.py --seeds 0 1 2

A seed changes everything: the people, their faces, the initial weights and the order of the batches. Finished runs are
kept in `runs/seeds/` and not repeated, so the command can be stopped and called again. It ends with a Markdown table.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev

from geofer.metrics.tables import load_report, report_path

CONFIGS = {"classifier alone": "configs/quickstart-classifier.yaml", "full method": "configs/quickstart.yaml"}


def measure(name: str, config: str, seed: int, folder: Path, extra: list[str]) -> float:
    """Fits and tests one run unless that was done before; its test accuracy in percent."""
    run = folder / f"{name.replace(' ', '-')}-{seed}"
    if not report_path(run, "test").exists():
        geofer = [sys.executable, "-m", "geofer"]
        resume = ["--ckpt_path", "last"] if (run / "checkpoints" / "last.ckpt").exists() else []
        settings = ["--seed_everything", str(seed), "--data.seed", str(seed), "--trainer.default_root_dir", str(run)]
        subprocess.run([*geofer, "fit", "--config", config, *settings, *extra, *resume], check=True)
        subprocess.run([*geofer, "test", "--config", str(run / "config.yaml")], check=True)
    return 100 * load_report(run, "test").accuracy


def row(name: str, values: list[float]) -> str:
    """One line of the table."""
    spread = f"{stdev(values):.1f}" if len(values) > 1 else "–"
    return f"| {name} | {' | '.join(f'{value:.1f}' for value in values)} | {mean(values):.1f} | {spread} |"


def main() -> None:
    """Runs what is missing and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--folder", type=Path, default=Path("runs/seeds"))
    arguments, extra = parser.parse_known_args()
    results = {
        name: [measure(name, config, seed, arguments.folder, extra) for seed in arguments.seeds]
        for name, config in CONFIGS.items()
    }
    alone, full = results.values()
    print(f"\n| test accuracy, % | {' | '.join(f'seed {seed}' for seed in arguments.seeds)} | mean | spread |")
    print("|---|" + "---|" * (len(arguments.seeds) + 2))
    for name, values in results.items():
        print(row(name, values))
    print(row("gain", [after - before for before, after in zip(alone, full, strict=True)]))


if __name__ == "__main__":
    main()
