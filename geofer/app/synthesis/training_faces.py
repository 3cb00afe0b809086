"""The faces that a run was trained on, as sources of synthetic ones that keep their person."""

from collections.abc import Iterator, Sequence

import numpy as np

from geofer.app.synthesis.generation import FaceGenerator, SourceFace
from geofer.app.synthesis.synthetic_set import SourcePicture
from geofer.checkpoints import check_same_crop
from geofer.datamodules import CrossDataSet, FaceDataModule, FaceTable
from geofer.errors import DataError, printable
from geofer.landmarks.head_pose import head_pose


def training_faces(data: FaceDataModule, model: FaceGenerator) -> Iterator[tuple[SourcePicture, SourceFace]]:
    """The training faces of a data module, with whose they are.

    A person is named ``KDEF/F01``: by the data set, and by the name that the data set has. So the guard of
    `geofer.datamodules.CrossDataSet` knows the person when the synthetic faces meet the data set itself.

    Args:
        data: Prepared and set up.
        model: From `geofer.app.synthesis.generation.load_generator`; the faces are cropped as it was trained.

    Raises:
        CheckpointError: The faces are cropped by another rule than the model's.
        DataError: They have another size, or nothing says who is on one of them.
    """
    check_same_crop(model.provenance["crop"], data.crop)
    if data.image_size != model.image_size:
        raise DataError(f"The faces have {data.image_size} pixels, and the model takes {model.image_size}.")
    if isinstance(data, CrossDataSet):
        raise DataError("Synthesize from one data set: name a configuration with the one that was trained on.")
    return _each(data, _named(data))


def _each(data: FaceDataModule, sources: Sequence[SourcePicture]) -> Iterator[tuple[SourcePicture, SourceFace]]:
    faces = data.faces("train")
    for number, source in enumerate(sources):
        row = np.array([number])
        landmarks = np.asarray(faces.table.landmarks[row][0], np.float32)
        yaw, pitch, roll = np.nan_to_num(head_pose(landmarks)).tolist()
        crop = faces.images(row)[0].permute(1, 2, 0).numpy()
        yield source, SourceFace(crop=crop, landmarks=landmarks, pose=(yaw, pitch, roll), others=0)


def _named(data: FaceDataModule) -> list[SourcePicture]:
    """Where each training face comes from."""
    rows, origins = np.flatnonzero(data.store.split == "train"), data.store.origins
    if origins is None:
        kind = f"{type(data).__name__}-{data.seed}"
        people = data.store.table.subject[rows]
        return [
            SourcePicture(f"{kind}#{row}", f"{kind}/{person}", "", "train")
            for row, person in zip(rows.tolist(), people.tolist(), strict=True)
        ]
    prefix = "" if origins.data_set == FaceTable.__name__ else f"{origins.data_set}/"
    sources = []
    for file, person, group in zip(
        origins.files(rows), origins.faces.subject[rows], origins.faces.group[rows], strict=True
    ):
        known = isinstance(person, str)  # unknown people are numbers
        if not (known or group):
            raise DataError(
                f"{origins.data_set} does not say who is on {printable(file)}, so its synthetic faces could end up in "
                "two splits."
            )
        subject, group = (prefix + name if name else "" for name in (person if known else "", group))
        sources.append(SourcePicture(file, subject, group, "train"))
    return sources
