"""From pictures to batches, on data sets that are a list of records."""

import numpy as np
import pytest
from picture_trees import write_picture

from geofer.datamodules.picture_faces import PictureFaces
from geofer.datamodules.preparation import Preparation
from geofer.datamodules.records import FaceRecord
from geofer.faces import EXPRESSIONS


class Listed(PictureFaces):
    """A data set that is told what it holds."""

    VOCABULARY = EXPRESSIONS

    def __init__(self, root, listed, **common):
        preparation = {"detector": "none", "folder": root.parent / "cache", "workers": 1} | common.pop(
            "preparation", {}
        )
        super().__init__(root, **({"batch_size": 4, "preparation": Preparation(**preparation)} | common))
        self.listed = listed

    def records(self):
        return iter(self.listed)


@pytest.fixture
def listed(tmp_path, rendered_pictures):
    """(root, records) of all rendered pictures, as PNG files with exact landmarks."""
    root, records = tmp_path / "set", []
    for number, face in enumerate(rendered_pictures):
        file = f"{face.subject}/{number:03d}.png"
        write_picture(root / file, face.pixels)
        records.append(
            FaceRecord(file, face.expression, f"p{face.subject}", pan=face.pan, tilt=0.0, landmarks=face.landmarks)
        )
    return root, records


def test_batches_hold_what_the_records_say(listed, rendered_pictures):
    data = Listed(*listed)
    data.prepare_data()
    data.setup()
    seen = 0
    for split in ("train", "val", "test"):
        faces = data.faces(split)
        batch = faces.batch(np.arange(len(faces)), np.random.default_rng(0))
        for row in range(len(faces)):
            truth = next(
                t
                for t in rendered_pictures
                if t.pan == batch["pan"][row]
                and EXPRESSIONS[batch["expression"][row]] == t.expression
                and f"p{t.subject}" == f"p{batch['subject'][row]}"
            )
            assert truth
            seen += 1
    assert seen == len(rendered_pictures)
