"""Pairs of faces of one person: what the generator learns from."""

from typing import cast

import numpy as np
import torch

from geofer.datamodules.face_dataset import FaceDataset, FaceLabels, PictureSource, Rows
from geofer.faces import PairBatch


class PairDataset(FaceDataset):
    """Every face as the input x, with a random face x^t of the same person as the target.

    Args:
        table: As in `FaceDataset`.
        pictures: As in `FaceDataset`.
        rows: As in `FaceDataset`.
        self_pairs: Share of pairs in [0, 1] whose target is the input itself, so that G also learns to keep a face.
    """

    def __init__(self, table: FaceLabels, pictures: PictureSource, rows: Rows, self_pairs: float) -> None:
        super().__init__(table, pictures, rows)
        self.self_pairs = self_pairs
        order = np.argsort(self.table.subject, kind="stable")
        _, person, counts = np.unique(self.table.subject, return_inverse=True, return_counts=True)
        self._by_person = order
        self._first = (np.cumsum(counts) - counts)[person]  # where this row's person starts in _by_person
        self._count = counts[person]

    def partners(self, indices: Rows, rng: np.random.Generator) -> Rows:
        """A target for each input: itself with probability ``self_pairs``, else any face of the same person.

        Args:
            indices: ``(B,)`` inputs.
            rng: Source of randomness.

        Returns:
            ``(B,)`` targets.
        """
        place = (rng.random(len(indices)) * self._count[indices]).astype(np.int64)
        others = self._by_person[self._first[indices] + place]
        return np.where(rng.random(len(indices)) < self.self_pairs, indices, others)

    def batch(self, indices: Rows, rng: np.random.Generator) -> PairBatch:
        """Gathers one batch of pairs; see `FaceDataset.batch`."""
        targets = self.partners(indices, rng)
        target = {
            "target_image": self.images(targets),
            "target_landmarks": torch.from_numpy(self.table.landmarks[targets]),
            "target_expression": torch.from_numpy(self.table.expression[targets]),
        }
        if self.table.blendshapes is not None:
            target["target_blendshapes"] = torch.from_numpy(self.table.blendshapes[targets])
        return cast(PairBatch, {**super().batch(indices, rng), **target})
