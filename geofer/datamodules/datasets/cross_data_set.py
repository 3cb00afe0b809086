"""Training on one data set and testing on another."""

from typing import Literal, get_args

import numpy as np

from geofer.datamodules.base import FaceDataModule, FaceStore
from geofer.datamodules.datasets.joined import JoinedPictures, check_data_sets_apart
from geofer.datamodules.datasets.sfew import SFEW
from geofer.datamodules.face_dataset import FaceLabels
from geofer.errors import ConfigError, LeakError
from geofer.ranges import check_choice
from geofer.ray_cluster import RayCluster

TrainFaces = Literal["all", "train"]
TestFaces = Literal["all", "test"]


class CrossDataSet(FaceDataModule):
    """Trains and chooses the checkpoint on one data set, and tests on another.

    The paper's protocol (Section IV-A): train on BU-3DFE, test on all 700 frames of SFEW 1.0, and report the mean of
    the seven classes' accuracies, which is ``balanced_accuracy`` in the report. Nothing of the target is seen before
    the test.

    The classes are those of the source; expressions are matched by name. Neither a picture nor, where both are of one
    data set, a person or group may be in both. Rendered people follow from the seed and their number alone: those
    of one seed are the same in any pose, size or crop. Batch size, seed, balance and so on are the source's.

    Args:
        source: The data set to train on; those who choose the checkpoint are its validation people.
        target: The data set to test on.
        train_faces: ``all`` others of the source, also those that it would test; or those of its ``train`` split.
        test_faces: ``all`` labeled faces of the target, or those of its ``test`` split.
        image_size: Side of the pictures of both in pixels; None leaves both as they are, which must be the same.

    Raises:
        ConfigError: The target has expressions that the source lacks, or faces of another size or crop.
        LeakError: Source and target are SFEW 1.0 and 2.0, which share most of their frames.
    """

    def __init__(
        self,
        source: FaceDataModule,
        target: FaceDataModule,
        *,
        train_faces: TrainFaces = "all",
        test_faces: TestFaces = "all",
        image_size: int | None = None,
    ) -> None:
        super().__init__(
            batch_size=source.batch_size,
            num_workers=source.num_workers,
            self_pairs=source.self_pairs,
            seed=source.seed,
            balance=source.balance,
        )
        check_choice("train_faces", train_faces, get_args(TrainFaces))
        check_choice("test_faces", test_faces, get_args(TestFaces))
        names = type(source).__name__, type(target).__name__
        if unknown := [name for name in target.expressions if name not in source.expressions]:
            raise ConfigError(
                f"The target, {names[1]}, has expressions that the source, {names[0]}, lacks: {', '.join(unknown)}. "
                f"It has {', '.join(source.expressions)}. Name those that both have in the target's `expressions`."
            )
        if image_size is not None:
            source.resize(image_size)
            target.resize(image_size)
        if source.image_size != target.image_size:
            raise ConfigError(
                f"The faces of {names[0]} have {source.image_size} pixels and those of {names[1]} {target.image_size}. "
                "Set image_size for both."
            )
        if source.crop and target.crop and source.crop != target.crop:
            raise ConfigError(
                f"The faces of {names[0]} are cropped by the rule {source.crop!r} and those of {names[1]} by "
                f"{target.crop!r}. Set one crop for both."
            )
        if isinstance(source, SFEW) and isinstance(target, SFEW) and source.version != target.version:
            raise LeakError("SFEW 1.0 and 2.0 share most of their frames: never train on one and test on the other.")
        self.source = source
        self.target = target
        self.arguments |= {
            "source": {"data_set": names[0], **source.arguments},
            "target": {"data_set": names[1], **target.arguments},
        }
        self.train_faces = train_faces
        self.test_faces = test_faces

    @property
    def expressions(self) -> tuple[str, ...]:
        """Class names of the source, in the order of its labels."""
        return self.source.expressions

    @property
    def image_size(self) -> int:
        """Side of the square pictures in pixels."""
        return self.source.image_size

    @property
    def crop(self) -> str | None:
        """The rule that the faces are cropped by, as far as it is known."""
        return self.source.crop or self.target.crop

    def use_cluster(self, cluster: RayCluster) -> None:
        """Let these machines do the work of `prepare_data` for both data sets."""
        self.source.use_cluster(cluster)
        self.target.use_cluster(cluster)

    def prepare_data(self) -> None:
        """Prepares both data sets."""
        self.source.prepare_data()
        self.target.prepare_data()

    def open_store(self) -> FaceStore:
        """Opens both data sets as one; pictures stay on disk, landmarks are read into memory.

        Raises:
            LeakError: A picture, a person or a group is in both; it names them.
        """
        source, target = self.source.open_store(), self.target.open_store()
        trained = np.where(source.split == "test", "train" if self.train_faces == "all" else "", source.split)
        tested = np.where((target.split == "test") | (self.test_faces == "all"), "test", "")
        split = np.concatenate([trained, tested])
        if source.origins and target.origins:
            check_data_sets_apart([source.origins, target.origins], split)
        place = np.array([self.expressions.index(name) for name in self.target.expressions])
        people = source.table.subject.max(initial=-1) + 1
        tags = target.table.tags
        tables = (source.table, target.table)
        blendshapes = [part.blendshapes[np.arange(len(part))] for part in tables if part.blendshapes is not None]
        table = FaceLabels(
            expression=np.concatenate([source.table.expression, place[target.table.expression]]),
            subject=np.concatenate([source.table.subject, people + target.table.subject]),
            yaw=np.concatenate([source.table.yaw, target.table.yaw]),
            pitch=np.concatenate([source.table.pitch, target.table.pitch]),
            landmarks=np.concatenate([part.landmarks[np.arange(len(part))] for part in tables]),
            tags=np.concatenate([np.zeros(len(source.table), np.int64), tags]) if tags is not None else None,
            blendshapes=np.concatenate(blendshapes) if len(blendshapes) == 2 else None,
        )
        return FaceStore(table, JoinedPictures([source.pictures, target.pictures]), split, target.tags)
