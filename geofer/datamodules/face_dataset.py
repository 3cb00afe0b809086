"""Faces on disk, as every data module hands them to training: a table of labels and an array of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray

from geofer.faces import FaceBatch

Rows = NDArray[np.int64]
Pictures = NDArray[np.uint8]


class MappedRows:
    """Some rows of an array on disk, in some order, which are read when they are asked for.

    Args:
        array: The array, usually a memory map; anything that is indexed with rows.
        rows: ``(N,)`` which of its rows these are.
    """

    def __init__(self, array: NDArray[Any], rows: Rows) -> None:
        self._array = array
        self._rows = rows
        self.shape = (len(rows), *array.shape[1:])

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._rows)

    def __getitem__(self, rows: int | list[int] | Rows) -> NDArray[Any]:
        """Copies rows into memory, in their order."""
        part: NDArray[Any] = self._array[self._rows[rows]]
        return part

    def select(self, rows: Rows) -> Self:
        """Some of these rows, still on disk."""
        return type(self)(self._array, self._rows[rows])


@dataclass(frozen=True)
class FaceLabels:
    """One row a face. Labels are held in memory, about 32 bytes a face; landmarks and blendshapes may stay on disk.

    Attributes:
        expression: ``(N,)`` int64, index into the data module's ``expressions``.
        subject: ``(N,)`` int64, one number a person.
        yaw: ``(N,)`` float32, degrees.
        pitch: ``(N,)`` float32, degrees.
        landmarks: ``(N, 68, 2)`` float32, iBUG points in [-1, 1] of the crop.
        tags: ``(N,)`` int64, the evaluation subsets of each face: bit i stands for the i-th of the data module's
            ``tags``; None if there are none.
        blendshapes: ``(N, 52)`` float32 blendshapes, as `geofer.faces.FaceBatch` has them; None if they are not known.
        votes: ``(N, K)`` float32 of those who labeled each face, as `geofer.faces.FaceBatch` has them; None if nobody
            counted.
    """

    expression: NDArray[np.int64]
    subject: NDArray[np.int64]
    yaw: NDArray[np.float32]
    pitch: NDArray[np.float32]
    landmarks: NDArray[np.float32] | MappedRows
    tags: NDArray[np.int64] | None = None
    blendshapes: NDArray[np.float32] | MappedRows | None = None
    votes: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        """Number of faces."""
        return len(self.subject)

    def select(self, rows: Rows) -> Self:
        """The table of some rows, in their order; landmarks on disk stay there."""
        columns: dict[str, Any] = {field.name: _rows_of(getattr(self, field.name), rows) for field in fields(self)}
        return type(self)(**columns)

    def label_fractions(self, classes: int) -> NDArray[np.float32]:
        """The votes of each face, ``(N, classes)``; where nobody counted, all of them are for its label."""
        return np.eye(classes, dtype=np.float32)[self.expression] if self.votes is None else self.votes

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """One table below the other."""
        columns = {field.name: [getattr(table, field.name) for table in tables] for field in fields(cls)}
        return cls(**{name: np.concatenate(parts) for name, parts in columns.items() if parts[0] is not None})


def _rows_of(column: NDArray[Any] | MappedRows | None, rows: Rows) -> NDArray[Any] | MappedRows | None:
    if column is None:
        return None
    return column.select(rows) if isinstance(column, MappedRows) else column[rows]


class PictureSource(Protocol):
    """Pictures of one size, addressed by their numbers."""

    def __len__(self) -> int:
        """Number of pictures."""
        ...

    def gather(self, rows: Rows) -> Pictures:
        """Copies pictures ``(B, H, W, 3)`` into memory, in the order of ``rows`` ``(B,)``."""
        ...


class ShardedPictures:
    """Pictures spread over several memory-mapped arrays, addressed as if they were one.

    Args:
        shards: Arrays ``(n_i, H, W, 3)`` uint8 of one picture size; row ``n_0 + 2`` is the third of the second.
    """

    def __init__(self, shards: Sequence[Pictures | MappedRows]) -> None:
        self._shards = shards
        self._starts = np.cumsum([0, *(len(shard) for shard in shards)])

    def __len__(self) -> int:
        """Number of pictures."""
        return int(self._starts[-1])

    def gather(self, rows: Rows) -> Pictures:
        """Copies pictures ``(B, H, W, 3)`` into memory, in the order of ``rows`` ``(B,)``."""
        which = np.searchsorted(self._starts, rows, side="right") - 1
        out = np.empty((len(rows), *self._shards[0].shape[1:]), np.uint8)
        for place, (shard, row) in enumerate(zip(which, rows - self._starts[which], strict=True)):
            out[place] = self._shards[shard][row]
        return out


class FaceDataset:
    """Some rows of a store of faces, ready to be gathered into batches.

    Args:
        table: Labels of *all* faces of the store.
        pictures: Pictures of all faces of the store, in the order of ``table``.
        rows: Which of them belong to this data set.
    """

    def __init__(self, table: FaceLabels, pictures: PictureSource, rows: Rows) -> None:
        self.table = table.select(rows)
        self._pictures = pictures
        self._rows = rows

    def __len__(self) -> int:
        """Number of faces in this data set."""
        return len(self._rows)

    def images(self, indices: Rows) -> torch.Tensor:
        """Pictures ``(B, 3, H, W)`` uint8, channels last in memory."""
        return torch.from_numpy(self._pictures.gather(self._rows[indices])).permute(0, 3, 1, 2)

    def batch(self, indices: Rows, rng: np.random.Generator) -> FaceBatch:
        """Gathers one batch.

        Args:
            indices: ``(B,)`` positions within this data set.
            rng: Randomness of this batch; faces without partners need none.

        Returns:
            The faces, images as uint8.
        """
        batch = FaceBatch(
            image=self.images(indices),
            landmarks=torch.from_numpy(self.table.landmarks[indices]),
            expression=torch.from_numpy(self.table.expression[indices]),
            subject=torch.from_numpy(self.table.subject[indices]),
            yaw=torch.from_numpy(self.table.yaw[indices]),
            pitch=torch.from_numpy(self.table.pitch[indices]),
        )
        if self.table.tags is not None:
            batch["tags"] = torch.from_numpy(self.table.tags[indices])
        if self.table.blendshapes is not None:
            batch["blendshapes"] = torch.from_numpy(self.table.blendshapes[indices])
        if self.table.votes is not None:
            batch["votes"] = torch.from_numpy(self.table.votes[indices])
        return batch
