"""`experiments/emopy_photographs.py` names people and expressions of EmoPy's examples."""

import csv
import io
import subprocess
import sys
import tarfile
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "experiments" / "emopy_photographs.py"
PICTURES = {
    "sample_happy_image.png": ("S074", "happiness"),
    "sample_image_directory/anger/S113_008_00000019.png": ("S113", "anger"),
    "sample_image_directory/anger/S125_008_00000010.png": ("S125", "disgust"),  # as its sequence is called
    "sample_image_series_directory/disgust/S125_008/S125_008_00000001.png": ("S125", "neutral"),
    "sample_image_series_directory/disgust/S125_008/S125_008_00000002.png": None,
    "sample_image_series_directory/sadness/S106_002/S106_002_00000001.png": ("S106", "neutral"),
}


def test_pictures_have_their_person_and_expression(tmp_path):
    archive, folder = tmp_path / "EmoPy-0.0.5.tar.gz", tmp_path / "photos"
    with tarfile.open(archive, "w:gz") as file:
        for name in ["setup.py", "EmoPy/tests/x.png", *(f"EmoPy/examples/image_data/{name}" for name in PICTURES)]:
            member = tarfile.TarInfo(f"EmoPy-0.0.5/{name}")
            member.size = len(name)
            file.addfile(member, io.BytesIO(name.encode()))
    ended = subprocess.run([sys.executable, SCRIPT, archive, folder], capture_output=True, text=True, check=True)
    assert ended.stdout == f"{folder}/faces.csv names 5 pictures.\n"
    with (folder / "faces.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {(folder / row["path"]).read_text(): (row["subject"], row["expression"]) for row in rows}
    assert found == {f"EmoPy/examples/image_data/{name}": label for name, label in PICTURES.items() if label}
