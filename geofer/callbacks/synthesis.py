"""Shows what the generator makes: the grid of Fig. 7 and the strips of Fig. 8, in the run folder and the loggers."""

from pathlib import Path

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from numpy.typing import NDArray

from geofer.callbacks.face_figures import FaceGrid, Interpolation, faces_figure, interpolation_figure
from geofer.callbacks.loggers import log_image, takes_pictures
from geofer.callbacks.report_figures import pixels
from geofer.datamodules.base import FaceDataModule
from geofer.datamodules.face_dataset import FaceDataset
from geofer.faces import Split, denormalize_image, normalize_image
from geofer.figures import save_figure
from geofer.modules.generative import GenerativeModule

POSES = {"to the left": (-30, 0), "front": (0, 0), "to the right": (30, 0)}  # yaw and pitch; the nearest face is taken
STEPS = 8
STRIPS = 3


class SyntheticFaces(Callback):
    """Draws synthetic faces of people whom the generator was not trained on.

    After a fit (validation subjects) and a test (test subjects) the run folder gets ``…_faces.png``: each person's
    input beside every expression in three poses, synthetic above real; and ``…_interpolation.png``: the landmarks
    drawn, on their straight way from one expression to another, above the faces they make. Target geometries are those
    of the person's own pictures, nearest in pose, so that there is a truth to compare with. During a fit the loggers
    that show pictures get a small grid. Models that synthesize nothing are left alone.
    """

    def __init__(self, subjects: int = 3, every_n_epochs: int = 5) -> None:
        """Choose how much to draw.

        Args:
            subjects: How many people; the first ones of the split.
            every_n_epochs: Epochs between two small grids for the loggers; 0 draws none during a fit.
        """
        self.subjects = subjects
        self.every_n_epochs = every_n_epochs

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log a small grid every n epochs."""
        due = self.every_n_epochs > 0 and (trainer.current_epoch + 1) % self.every_n_epochs == 0
        if not due or trainer.sanity_checking or trainer.state.fn != "fit" or not takes_pictures(trainer):
            return
        if (gallery := _gallery(trainer, pl_module, "val")) is not None:
            grids = [gallery.grid(subject) for subject in gallery.people(1)]
            log_image(trainer, "train/faces", pixels(faces_figure(grids, gallery.pose_names, gallery.expressions, 100)))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw validation subjects."""
        self._finish(trainer, pl_module, "val")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw test subjects."""
        self._finish(trainer, pl_module, "test")

    def _finish(self, trainer: Trainer, pl_module: LightningModule, split: Split) -> None:
        gallery = _gallery(trainer, pl_module, split)
        if gallery is None:
            return
        people = gallery.people(self.subjects)
        grids = [gallery.grid(subject) for subject in people]
        figures = {"faces": faces_figure(grids, gallery.pose_names, gallery.expressions)}
        if strips := gallery.strips(people[0]):
            figures["interpolation"] = interpolation_figure(strips)
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            save_figure(figure, folder / f"{split}_{name}.png")
            if takes_pictures(trainer):
                log_image(trainer, f"{split}/{name}", pixels(figure))


class Gallery:
    """Faces of one split, real and synthetic.

    Args:
        model: Makes the synthetic ones.
        faces: The real ones.
        expressions: Names of the K expressions.
    """

    pose_names = tuple(POSES)

    def __init__(self, model: GenerativeModule, faces: FaceDataset, expressions: tuple[str, ...]) -> None:
        self.expressions = expressions
        self._model = model
        self._faces = faces

    def people(self, number: int) -> list[int]:
        """The first subjects of the split."""
        return [int(subject) for subject in np.unique(self._faces.table.subject)[:number]]

    def grid(self, subject: int) -> FaceGrid:
        """One person in all expressions and in the poses of `POSES`; white where an expression was never shown."""
        rows = np.array(
            [[self._nearest(subject, k, *pose) for k in range(len(self.expressions))] for pose in POSES.values()]
        )
        source = self._input(subject)
        shown = rows >= 0
        real = self._pictures(rows[shown])
        grids = np.full((2, *rows.shape, *real.shape[1:]), 255, np.uint8)
        grids[0, shown] = self._synthesize(source, self._faces.table.landmarks[rows[shown]])
        grids[1, shown] = real
        return FaceGrid(self._pictures(np.array([source]))[0], synthetic=grids[0], real=grids[1])

    def strips(self, subject: int) -> list[Interpolation]:
        """From the input's expression to others seen from nearly the same pose; those that differ most come first."""
        table, source = self._faces.table, self._input(subject)
        start, first = table.landmarks[source], int(table.expression[source])
        pose = float(table.yaw[source]), float(table.pitch[source])
        nearest = {k: self._nearest(subject, k, *pose) for k in range(len(self.expressions))}
        ends = {k: row for k, row in nearest.items() if k != first and row >= 0}

        def worth(k: int) -> tuple[float, float]:
            turn = np.hypot(table.yaw[ends[k]] - pose[0], table.pitch[ends[k]] - pose[1])
            return float(np.nan_to_num(turn)), -float(np.abs(table.landmarks[ends[k]] - start).mean())

        way = np.linspace(0, 1, STEPS, dtype=np.float32)[:, None, None]
        strips = []
        for k in sorted(ends, key=worth)[:STRIPS]:
            landmarks = (1 - way) * start + way * table.landmarks[ends[k]]
            names = self.expressions[first], self.expressions[k]
            strips.append(Interpolation(names, landmarks, self._synthesize(source, landmarks)))
        return strips

    def _input(self, subject: int) -> int:
        """The person's neutral face from the front, or any from the front if there is no neutral one."""
        neutral = (
            self._nearest(subject, self.expressions.index("neutral"), 0, 0) if "neutral" in self.expressions else -1
        )
        return neutral if neutral >= 0 else self._nearest(subject, None, 0, 0)

    def _nearest(self, subject: int, expression: int | None, yaw: float, pitch: float) -> int:
        """The person's face with this (or any) expression that is nearest in pose; -1 if there is none."""
        table = self._faces.table
        fits = table.subject == subject
        if expression is not None:
            fits = fits & (table.expression == expression)
        candidates = np.flatnonzero(fits)
        if candidates.size == 0:
            return -1
        away = np.hypot(table.yaw[candidates] - yaw, table.pitch[candidates] - pitch)
        return int(candidates[np.nan_to_num(away, nan=np.inf).argmin()])

    def _pictures(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pictures ``(B, H, W, 3)`` uint8."""
        pictures: NDArray[np.uint8] = self._faces.images(rows).permute(0, 2, 3, 1).numpy()
        return pictures

    def _synthesize(self, source: int, landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """One input with ``(B, 68, 2)`` geometries: ``(B, H, W, 3)`` uint8."""
        device, count = self._model.device, len(landmarks)
        image = normalize_image(self._faces.images(np.array([source]))).to(device)
        origin = torch.from_numpy(self._faces.table.landmarks[[source]]).to(device)
        synthetic = self._model.synthesize(
            image.expand(count, -1, -1, -1), torch.from_numpy(landmarks).to(device), origin.expand(count, -1, -1)
        )
        pictures: NDArray[np.uint8] = denormalize_image(synthetic).permute(0, 2, 3, 1).cpu().numpy()
        return pictures


def _gallery(trainer: Trainer, pl_module: LightningModule, split: Split) -> Gallery | None:
    """None in all processes but the first, and where there is nothing to draw."""
    data = getattr(trainer, "datamodule", None)
    if not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
        return None
    if not isinstance(pl_module, GenerativeModule) or not isinstance(data, FaceDataModule):
        return None
    return Gallery(pl_module, data.faces(split), tuple(data.expressions))
