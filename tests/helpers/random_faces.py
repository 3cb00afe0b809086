"""A small data module of random pictures, a small model, and a run with every callback of a report."""

import numpy as np
import torch
from lightning import Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint

from geofer.datamodules import FaceDataModule, FaceLabels, FaceStore, ShardedPictures
from geofer.modules import (
    ClassifierConfig,
    DiscriminatorConfig,
    ExpressionClassifier,
    GeneratorConfig,
    GeometryGuidedFER,
    Optimization,
    Schedule,
)

EXPRESSIONS = ("happiness", "neutral", "surprise")
POSES = ((-30, 0), (0, 0), (15, 0), (30, 0))
SIZE = 32
CLASSIFIER = ClassifierConfig("small_resnet", pretrained=False, hidden=16, backbone_arguments={"widths": [4, 8]})


class RandomFaces(FaceDataModule):
    """Two people each to train, validate and test on; everybody shows every expression in every pose once."""

    def __init__(self):
        super().__init__(batch_size=6, num_workers=0, self_pairs=0.25, seed=0)
        rng = np.random.default_rng(0)
        rows = [(subject, k, *pose) for subject in range(6) for k in range(3) for pose in POSES]
        subject, expression, yaw, pitch = np.array(rows).T
        table = FaceLabels(
            expression=expression,
            subject=subject,
            yaw=yaw.astype(np.float32),
            pitch=pitch.astype(np.float32),
            landmarks=rng.uniform(-0.9, 0.9, (len(rows), 68, 2)).astype(np.float32),
        )
        pictures = rng.integers(0, 256, (len(rows), SIZE, SIZE, 3), dtype=np.uint8)
        split = np.array(["train", "val", "test"]).repeat(2)[subject]
        self._faces = FaceStore(table, ShardedPictures([pictures]), split)

    @property
    def expressions(self):
        return EXPRESSIONS

    @property
    def image_size(self):
        return SIZE

    def open_store(self):
        return self._faces


def full_model():
    seed_everything(0, verbose=False)
    return GeometryGuidedFER(
        EXPRESSIONS,
        SIZE,
        classifier=CLASSIFIER,
        generator=GeneratorConfig(width=4),
        discriminator=DiscriminatorConfig(width=4),
        schedule=Schedule(warmup=0, adversarial_ramp=0, synthetic_start=0, synthetic_ramp=0),
    )


def classifier_model():
    seed_everything(0, verbose=False)
    return ExpressionClassifier(
        EXPRESSIONS,
        SIZE,
        classifier=CLASSIFIER,
        classifier_optimization=Optimization(lambda parameters: torch.optim.Adam(parameters, lr=0.01)),
    )


def make_trainer(folder, callbacks, epochs=2, **settings):
    chooser = ModelCheckpoint(folder / "checkpoints", monitor="val/accuracy", mode="max")
    return Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        default_root_dir=folder,
        callbacks=[*callbacks, chooser],
        enable_model_summary=False,
        log_every_n_steps=1,
        **{"logger": False, "enable_progress_bar": False, **settings},
    )
