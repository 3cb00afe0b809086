"""Folders of Multi-PIE and SFEW, planted from rendered faces as in ``data_set_trees``."""

from collections.abc import Sequence
from pathlib import Path

from picture_trees import RenderedPicture, write_picture

Faces = Sequence[RenderedPicture]

RECORDINGS = dict(neutral="01_01", happiness="01_02", surprise="02_02", anger="02_03", disgust="03_03", fear="04_03")
"""Where Multi-PIE's expressions lie; a smile, a squint and a scream are played by happiness, anger and fear."""

CAMERAS = {-30: "13_0", -15: "14_0", 0: "05_1", 15: "05_0", 30: "04_1"}
CLASSES = dict(anger="Angry", disgust="Disgust", fear="Fear", happiness="Happy", sadness="Sad", surprise="Surprise")


def multi_pie_file(subject: int, session: str, recording: str, camera: str, light: str = "00") -> str:
    """A picture's path."""
    name = f"{subject:03d}_{session}_{recording}_{camera.replace('_', '')}_{light}.png"
    return f"data/session{session}/multiview/{subject:03d}/{recording}/{camera}/{name}"


def multi_pie(root: Path, faces: Faces) -> int:
    found = 0
    for face in faces:
        if face.expression in RECORDINGS:
            session, recording = RECORDINGS[face.expression].split("_")
            write_picture(
                root / multi_pie_file(face.subject + 1, session, recording, CAMERAS[int(face.yaw)]), face.pixels
            )
            found += 1
    return found


def frames(faces: Faces) -> list[tuple[str, str, RenderedPicture]]:
    """The class's folder and the name of each face's frame; a person is a movie."""
    return [
        (
            CLASSES.get(face.expression, "Neutral"),
            f"The_{face.subject + 1}st_Movie_{number * 4000:09d}_{number:08d}.png",
            face,
        )
        for number, face in enumerate(faces)
    ]


def sfew_1(root: Path, faces: Faces) -> int:
    for folder, name, face in frames(faces):
        write_picture(root / folder / name, face.pixels)
    return len(faces)


def sfew_2(root: Path, faces: Faces) -> int:
    last = faces[-1].subject
    for folder, name, face in frames(faces):
        half = "Val" if face.subject == last else "Train"
        write_picture(root / half / folder / name, face.pixels)
    write_picture(root / "Test" / "Unlabelled_000000000_00000000.png", faces[0].pixels)
    return len(faces)
