"""A small adversarial game with everything that makes resuming hard, and faces for it."""

import random

import numpy as np
import torch
from lightning import LightningDataModule, LightningModule, Trainer
from torch import nn
from torch.nn import functional as F

from geofer.callbacks import default_callbacks
from geofer.checkpoints import AtomicCheckpointIO
from geofer.datamodules.loader import FaceLoader

SIZE = 6


class Noise:
    """Pictures that follow from their numbers, with a draw for each batch."""

    def __init__(self, count: int) -> None:
        self.pictures = np.random.default_rng(0).integers(0, 255, (count, 3, SIZE, SIZE), dtype=np.uint8)

    def __len__(self) -> int:
        return len(self.pictures)

    def batch(self, indices, rng):
        return {
            "image": torch.from_numpy(self.pictures[indices]),
            "expression": torch.from_numpy(indices % 2),
            "yaw": torch.from_numpy(rng.random(len(indices), dtype=np.float32)),
            "subject": torch.from_numpy(indices.copy()),
        }


class Data(LightningDataModule):
    def __init__(self, count: int = 16, batch_size: int = 4, num_workers: int = 0) -> None:
        super().__init__()
        self.count, self.batch_size, self.num_workers = count, batch_size, num_workers

    def loader(self, training: bool) -> FaceLoader:
        return FaceLoader(
            Noise(self.count),
            self.batch_size,
            shuffle=training,
            seed=3,
            rank=self.trainer.global_rank,
            world_size=self.trainer.world_size,
            num_workers=self.num_workers,
        )

    def train_dataloader(self):
        return self.loader(True)

    def val_dataloader(self):
        return self.loader(False)


class AdversarialGame(LightningModule):
    """A generator and a discriminator, trained by hand, with batch norm, dropout, an average, and all generators."""

    def __init__(self, noise: bool = True, batch_norm: bool = True, image_size: int = SIZE) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        norm = nn.BatchNorm1d if batch_norm else nn.Identity
        self.generator = nn.Sequential(nn.Linear(9, 16), norm(16), nn.ReLU(), nn.Linear(16, 3 * SIZE * SIZE))
        self.discriminator = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 8), nn.ReLU(), nn.Dropout(0.2 if noise else 0.0), nn.Linear(8, 1)
        )
        self.average = nn.Sequential(nn.Linear(9, 16), norm(16), nn.ReLU(), nn.Linear(16, 3 * SIZE * SIZE))
        self.average.load_state_dict(self.generator.state_dict())
        self.average.requires_grad_(False)
        self.seen: list[list[int]] = []
        self.validated: list[tuple[int, float]] = []

    def forward(self, image, yaw):
        latent = torch.cat([image.flatten(1)[:, :8], yaw[:, None]], 1)
        if self.hparams.noise:
            drawn = torch.randn_like(latent) + np.random.rand() + random.random()  # noqa: NPY002
            latent = latent + 0.1 * drawn
        return self.generator(latent)

    def training_step(self, batch, batch_idx):
        g_optimizer, d_optimizer = self.optimizers()
        self.seen.append(batch["subject"].tolist())
        image = batch["image"].float() / 127.5 - 1
        with self.toggled_optimizer(d_optimizer):
            fake = self(image, batch["yaw"]).detach()
            d_loss = F.softplus(-self.discriminator(image)).mean() + F.softplus(self.discriminator(fake)).mean()
            d_optimizer.zero_grad()
            self.manual_backward(d_loss)
            d_optimizer.step()
        with self.toggled_optimizer(g_optimizer):
            fake = self(image, batch["yaw"])
            g_loss = F.softplus(-self.discriminator(fake)).mean() + (fake - image.flatten(1)).abs().mean()
            g_optimizer.zero_grad()
            self.manual_backward(g_loss)
            g_optimizer.step()
        with torch.no_grad():
            for mean, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(new, 0.1)
        self.log("train/adv", g_loss)
        return {"adv": g_loss.detach(), "d_i": d_loss.detach()}

    def validation_step(self, batch, batch_idx):
        drawn = torch.rand(()).item() if self.hparams.noise else 0.0
        score = self.average(torch.cat([batch["image"].float().flatten(1)[:, :8] / 255, batch["yaw"][:, None]], 1))
        self.validated.append((batch_idx, drawn))
        self.log("val/accuracy", score.mean() + drawn, batch_size=len(score), sync_dist=True)

    def configure_optimizers(self):
        return [
            torch.optim.Adam(self.generator.parameters(), 1e-2, betas=(0.5, 0.999)),
            torch.optim.Adam(self.discriminator.parameters(), 1e-2, betas=(0.5, 0.999)),
        ]


def trainer_in(folder, *, callbacks=(), max_epochs: int = 3, **options) -> Trainer:
    defaults = dict(
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    return Trainer(
        default_root_dir=folder,
        max_epochs=max_epochs,
        callbacks=[*default_callbacks(), *callbacks],
        plugins=[AtomicCheckpointIO()],
        **(defaults | options),
    )
