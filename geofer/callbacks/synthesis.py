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
from geofer.datamodules.store import FaceDataset
from geofer.faces import Split, denormalise_image, normalise_image
from geofer.metrics.tables import pose_name
from geofer.modules.geometry_guided_fer import GeometryGuidedFER
from geofer.paths import written_whole

POSES = ((-30, 0), (0, 0), (30, 0))
STEPS = 8
STRIPS = 3


class SyntheticFaces(Callback):
    """Draws synthetic faces of people whom the generator was not trained on.

    After a fit (validation subjects) and a test (test subjects) the run folder gets ``…_faces.png``: each person's
    input beside every expression in three poses, synthetic above real; and ``…_interpolation.png``: the landmarks
    drawn, on their straight way from one expression to another, above the faces they make. Target geometries are those
    of the person's own pictures, nearest in pose, so that there is a truth to compare with. During a fit the loggers
    that show pictures get a small grid. Models that synthesise nothing are left alone.
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
        figures = {
            "faces": faces_figure(
                [gallery.grid(subject) for subject in people], gallery.pose_names, gallery.expressions
            ),
            "interpolation": interpolation_figure(gallery.strips(people[0])),
        }
        folder = Path(trainer.default_root_dir)
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            with written_whole(folder / f"{split}_{name}.png") as file:
                figure.savefig(file, format="png")
            if takes_pictures(trainer):
                log_image(trainer, f"{split}/{name}", pixels(figure))


class Gallery:
    """Faces of one split, real and synthetic.

    Args:
        model: Makes the synthetic ones.
        faces: The real ones.
        expressions: Names of the K expressions.
    """

    pose_names = tuple(pose_name(*pose) for pose in POSES)

    def __init__(self, model: GeometryGuidedFER, faces: FaceDataset, expressions: tuple[str, ...]) -> None:
        self.expressions = expressions
        self._model = model
        self._faces = faces

    def people(self, number: int) -> list[int]:
        """The first subjects of the split."""
        return [int(subject) for subject in np.unique(self._faces.table.subject)[:number]]

    def grid(self, subject: int) -> FaceGrid:
        """One person in all expressions and in the poses of `POSES`."""
        rows = np.array([[self._nearest(subject, k, *pose) for k in range(len(self.expressions))] for pose in POSES])
        source = self._input(subject)
        real = self._pictures(rows.ravel())
        synthetic = self._synthesise(source, self._faces.table.landmarks[rows.ravel()])
        shape = (*rows.shape, *real.shape[1:])
        return FaceGrid(self._pictures(np.array([source]))[0], synthetic.reshape(shape), real.reshape(shape))

    def strips(self, subject: int) -> list[Interpolation]:
        """From the input's expression to those whose geometry differs most from it, seen from the front."""
        table, source = self._faces.table, self._input(subject)
        start, first = table.landmarks[source], int(table.expression[source])
        ends = {k: table.landmarks[self._nearest(subject, k, 0, 0)] for k in range(len(self.expressions)) if k != first}
        farthest = sorted(ends, key=lambda k: float(np.abs(ends[k] - start).mean()), reverse=True)[:STRIPS]
        way = np.linspace(0, 1, STEPS, dtype=np.float32)[:, None, None]
        strips = []
        for k in farthest:
            landmarks = (1 - way) * start + way * ends[k]
            names = self.expressions[first], self.expressions[k]
            strips.append(Interpolation(names, landmarks, self._synthesise(source, landmarks)))
        return strips

    def _input(self, subject: int) -> int:
        """The person's neutral face from the front, or the first expression where the data have no neutral one."""
        label = self.expressions.index("neutral") if "neutral" in self.expressions else 0
        return self._nearest(subject, label, 0, 0)

    def _nearest(self, subject: int, expression: int, pan: float, tilt: float) -> int:
        """The person's face with this expression, or with any if there is none, that is nearest in pose."""
        table = self._faces.table
        theirs = table.subject == subject
        candidates = np.flatnonzero(theirs & (table.expression == expression))
        if candidates.size == 0:
            candidates = np.flatnonzero(theirs)
        away = np.hypot(table.pan[candidates] - pan, table.tilt[candidates] - tilt)
        return int(candidates[away.argmin()])

    def _pictures(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Pictures ``(B, H, W, 3)`` uint8."""
        pictures: NDArray[np.uint8] = self._faces.images(rows).permute(0, 2, 3, 1).numpy()
        return pictures

    def _synthesise(self, source: int, landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
        """One input with ``(B, 68, 2)`` geometries: ``(B, H, W, 3)`` uint8."""
        device, count = self._model.device, len(landmarks)
        image = normalise_image(self._faces.images(np.array([source]))).to(device)
        origin = torch.from_numpy(self._faces.table.landmarks[[source]]).to(device)
        synthetic = self._model.synthesize(
            image.expand(count, -1, -1, -1), torch.from_numpy(landmarks).to(device), origin.expand(count, -1, -1)
        )
        pictures: NDArray[np.uint8] = denormalise_image(synthetic).permute(0, 2, 3, 1).cpu().numpy()
        return pictures


def _gallery(trainer: Trainer, pl_module: LightningModule, split: Split) -> Gallery | None:
    """None in all processes but the first, and where there is nothing to draw."""
    data = getattr(trainer, "datamodule", None)
    if not trainer.is_global_zero or getattr(trainer, "fast_dev_run", False):
        return None
    if not isinstance(pl_module, GeometryGuidedFER) or not isinstance(data, FaceDataModule):
        return None
    return Gallery(pl_module, data.faces(split), tuple(data.expressions))
