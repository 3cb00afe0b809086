"""What all data sets of pictures share: from the folder that the user was given to a store of cropped faces."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from geofer.datamodules.base import FaceDataModule
from geofer.datamodules.preparation import Preparation
from geofer.datamodules.records import FaceRecord, PictureFiles, PictureReader


class PictureFaces(FaceDataModule):
    """Base of every data set of pictures.

    A subclass says what its folder holds (`records`), and maybe how its pictures are read (`reader`) and who is on
    which side (`assign_splits`). Finding, cropping and caching the faces is here.

    Args:
        root: The data set's folder.
        expressions: Which of the set's expressions to use, in the order of their labels; None takes `VOCABULARY`.
        preparation: How faces are found, cropped and kept.
        val_share: Share of the training people that choose the checkpoint, where the protocol names none.
        batch_size: Faces a step and device.
        num_workers: Threads that gather batches ahead.
        self_pairs: Share of training pairs in [0, 1] whose target is the input itself.
        seed: Splits that are drawn, order of the faces, choice of the pairs.
    """

    VOCABULARY: ClassVar[tuple[str, ...]]
    """Every expression that the data set knows, in the default order of the labels."""

    def __init__(
        self,
        root: Path,
        *,
        expressions: tuple[str, ...] | None = None,
        preparation: Preparation = Preparation(),
        val_share: float = 0.1,
        batch_size: int = 36,
        num_workers: int = 0,
        self_pairs: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, self_pairs=self_pairs, seed=seed)
        self.root = root
        self.preparation = preparation
        self.val_share = val_share
        self._expressions = tuple(expressions) if expressions is not None else self.VOCABULARY

    @abstractmethod
    def records(self) -> Iterator[FaceRecord]:
        """Every labelled picture under ``root``, in a fixed order.

        Raises:
            DataError: The folder does not follow the set's layout; it says what was looked for, and where.
        """

    @property
    def reader(self) -> PictureReader:
        """How the pictures are read."""
        return PictureFiles(self.root)
