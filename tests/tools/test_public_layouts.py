"""The script that writes public layouts: what it writes is what the data modules read."""

import io
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from loaded_script import load_script
from PIL import Image

from geofer.datamodules import FER2013, FaceTable


def encoded(picture: np.ndarray, kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind, **({"lossless": True} if kind == "WEBP" else {}))
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:FER2013 has")
@pytest.mark.filterwarnings("ignore:FER\\+")
def test_what_is_written_is_what_the_data_modules_read(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (3, 48, 48), np.uint8)
    seen = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "no_face")
    counts = np.zeros((3, 10), int)
    counts[0, 1], counts[1, 9], counts[2, [4, 5]] = 10, 10, (7, 3)
    ferplus = {"name": [f"fer{n:07}.png" for n in range(3)], "split": ["train", "val", "test"]}
    ferplus |= {name: counts[:, place] for place, name in enumerate(seen)}
    ferplus["image"] = [encoded(face, "WEBP") for face in faces]
    picture = encoded(rng.integers(0, 256, (32, 32, 3), np.uint8), "JPEG")
    london = {"name": ["001_03.jpg", "001_08.jpg"], "expression": ["neutral", "smiling"], "jpg": [picture] * 2}
    fairface = {"name": ["a", "b"], "jpg": [picture] * 2, "age": ["3-9"] * 2, "gender": ["Male"] * 2, "race": ["x"] * 2}
    for name, columns in (("ferplus", ferplus), ("london", london), ("fairface", fairface)):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    monkeypatch.setattr(sys, "argv", ["public_layouts.py", str(tmp_path), str(tmp_path / "data")])
    load_script("public_layouts").main()

    data = FER2013(tmp_path / "data" / "FER2013", labels="ferplus")
    records = list(data.records())
    assert [(record.expression, record.split) for record in records] == [("happiness", "train"), ("anger", "test")]
    first, last = data.reader(records)
    np.testing.assert_array_equal(first.pixels[..., 0], faces[0])
    np.testing.assert_array_equal(last.pixels[..., 0], faces[2])
    people = FaceTable(tmp_path / "data" / "London", table="faces.csv")
    found = [(record.file, record.expression, record.subject) for record in people.records()]
    assert found == [("001_03.jpg", "neutral", "001"), ("001_08.jpg", "happiness", "001")]
    (labels,) = tmp_path.joinpath("data", "FairFace").glob("fairface_label_train.csv")
    assert labels.read_text().splitlines()[1].startswith("train/1.jpg,3-9,Male")
    assert (tmp_path / "data" / "FairFace" / "train" / "2.jpg").is_file()
