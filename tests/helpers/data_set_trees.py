"""Folders as data sets come in, planted from rendered faces.

A planter gets an empty folder and the rendered faces, and makes a small data set of exactly the set's grammar; the
last person is for testing where the set has a split of its own. It returns how many faces there are to be found.
"""

from collections.abc import Callable, Sequence
from itertools import count, groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from picture_trees import RenderedPicture, write_picture
from PIL import Image
from protocol_trees import multi_pie, sfew_2

Faces = Sequence[RenderedPicture]


def touch(root: Path, *files: str) -> None:
    """Makes empty files, and the folders above them."""
    for file in files:
        write_text(root / file, "")


def write_text(path: Path, text: str) -> None:
    """Writes a text as it is, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")


def takes(faces: Faces) -> list[tuple[int, RenderedPicture]]:
    """Each face with its number among those of one person and expression."""
    groups = groupby(
        sorted(faces, key=lambda face: (face.subject, face.expression)), lambda face: (face.subject, face.expression)
    )
    return [numbered for _, group in groups for numbered in enumerate(group)]


def face_table(root: Path, faces: Faces) -> int:
    """A table that names the people, and nothing else that need not be there."""
    rows = ["path,expression,subject"]
    for number, face in enumerate(faces):
        write_picture(root / "pictures" / f"{number}.jpg", face.pixels)
        rows.append(f"pictures/{number}.jpg,{face.expression},person {face.subject}")
    write_text(root / "faces.csv", "\n".join(rows))
    return len(faces)


def class_folders(root: Path, faces: Faces) -> int:
    sides = ("train", "train", "val", "test")
    for number, face in enumerate(faces):
        write_picture(root / sides[face.subject] / face.expression / f"{number}.jpg", face.pixels)
    return len(faces)


def kdef(root: Path, faces: Faces) -> int:
    codes = dict(anger="AN", disgust="DI", fear="AF", happiness="HA", neutral="NE", sadness="SA", surprise="SU")
    for take, face in takes(faces):
        person, view = f"F{face.subject + 1:02d}", ("HL", "S", "HR")[int(np.sign(face.yaw)) + 1]
        name = f"{'AB'[take]}{person}{codes[face.expression]}{view}.JPG"
        write_picture(root / "KDEF" / f"{'AB'[take]}{person}" / name, face.pixels)
    return len(faces)


def rafd(root: Path, faces: Faces) -> int:
    words = dict(anger="angry", disgust="disgusted", fear="fearful", happiness="happy", sadness="sad")
    words |= dict(surprise="surprised", neutral="neutral")
    for take, face in takes(faces):
        camera, gaze = ("045", "090", "135")[int(np.sign(face.yaw)) + 1], ("frontal", "left")[take]
        name = f"Rafd{camera}_{face.subject + 1:02d}_Caucasian_female_{words[face.expression]}_{gaze}.jpg"
        write_picture(root / name, face.pixels)
    return len(faces)


def ck_plus(root: Path, faces: Faces) -> int:
    labels = dict(anger=1, disgust=3, fear=4, happiness=5, sadness=6, surprise=7)
    first = {(face.subject, face.expression): face for take, face in takes(faces) if take == 0}
    found = 0
    for (subject, expression), peak in first.items():
        if expression not in labels:
            continue
        folder = f"S{subject + 5:03d}/{labels[expression]:03d}"
        for frame, face in enumerate((first[subject, "neutral"], peak), start=1):
            file = f"{folder}/{folder.replace('/', '_')}_{frame:08d}"
            write_picture(root / "cohn-kanade-images" / f"{file}.png", face.pixels)
            points = "".join(f"   {x:.7e}   {y:.7e}\n" for x, y in face.landmarks)
            write_text(root / "Landmarks" / f"{file}_landmarks.txt", points)
            found += 1
        write_text(root / "Emotion" / f"{file}_emotion.txt", f"   {labels[expression]:.7e}\n")
    return found


def jaffe(root: Path, faces: Faces) -> int:
    codes = dict(anger="AN", disgust="DI", fear="FE", happiness="HA", neutral="NE", sadness="SA", surprise="SU")
    people = ("KA", "KL", "KM", "KR")
    for number, (take, face) in enumerate(takes(faces)):
        name = f"{people[face.subject]}.{codes[face.expression]}{take + 1}.{number + 1}.tiff"
        gray = Image.fromarray(face.pixels).convert("L")
        gray.convert("P" if number % 5 == 0 else "L").save(root / name)
    return len(faces)


def raf_db(root: Path, faces: Faces) -> int:
    labels = dict(surprise=1, fear=2, disgust=3, happiness=4, sadness=5, anger=6, neutral=7)
    last, lines, numbers = faces[-1].subject, [], {"train": count(1), "test": count(1)}
    for face in faces:
        split = "test" if face.subject == last else "train"
        name = f"{split}_{next(numbers[split]):0{5 if split == 'train' else 4}d}"
        write_picture(root / "basic" / "Image" / "aligned" / f"{name}_aligned.jpg", face.pixels)
        lines.append(f"{name}.jpg {labels[face.expression]}\r\n")
    write_text(root / "basic" / "EmoLabel" / "list_patition_label.txt", "".join(lines))
    return len(faces)


AFFECT_NET = dict(neutral=0, happiness=1, sadness=2, surprise=3, fear=4, disgust=5, anger=6)


def affect_net_lists(root: Path, faces: Faces) -> int:
    header = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
    lines = {"training": [header], "validation": []}
    for number, face in enumerate(faces):
        file, (left, top), (right, bottom) = f"{number % 3}/{number}.jpg", face.landmarks.min(0), face.landmarks.max(0)
        write_picture(root / "Manually_Annotated_Images" / file, face.pixels)
        box = f"{left:.0f},{top:.0f},{right - left:.0f},{bottom - top:.0f}"
        points = ";".join(f"{value:.2f}" for value in face.landmarks.ravel())
        half = "validation" if face.subject == faces[-1].subject else "training"
        lines[half].append(f"{file},{box},{points},{AFFECT_NET[face.expression]},0.1,-0.2")
    lines["training"].append("9/unused.jpg,0,0,10,10,,9,-2,-2")
    for half, rows in lines.items():
        write_text(root / "Manually_Annotated_file_lists" / f"{half}.csv", "\r\n".join([*rows, ""]))
    return len(faces)


def affect_net_arrays(root: Path, faces: Faces) -> int:
    for number, face in enumerate(faces):
        half = root / ("val_set" if face.subject == faces[-1].subject else "train_set")
        write_picture(half / "images" / f"{number}.jpg", face.pixels)
        arrays = dict(exp=str(AFFECT_NET[face.expression]), val="0.1", aro="-0.2", lnd=face.landmarks.ravel())
        (half / "annotations").mkdir(exist_ok=True)
        for kind, value in arrays.items():
            np.save(half / "annotations" / f"{number}_{kind}.npy", np.array(value))
    return len(faces)


def fer2013(root: Path, faces: Faces) -> int:
    """Both tables; those who vote for FER+ agree with the labels, but for the first face."""
    labels = dict(anger=0, disgust=1, fear=2, happiness=3, sadness=4, surprise=5, neutral=6)
    votes = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rows, plus = ["emotion,pixels,Usage"], [f"Usage,Image name,{votes}"]
    subjects = sorted({face.subject for face in faces})
    for number, face in enumerate(faces):
        usage = {subjects[-1]: "PrivateTest", subjects[-2]: "PublicTest"}.get(face.subject, "Training")
        gray = Image.fromarray(face.pixels).convert("L").resize((48, 48), Image.Resampling.BOX)
        rows.append(f"{labels[face.expression]},{' '.join(map(str, np.asarray(gray).ravel()))},{usage}")
        cast = [9 if name == face.expression else 0 for name in votes.split(",")]
        if number == 0:
            cast = [0, 5, 0, 5, 0, 0, 0, 0, 0, 0]
        plus.append(f"{usage},fer{number:07d}.png,{','.join(map(str, cast))}")
    write_text(root / "fer2013.csv", "\n".join([*rows, ""]))
    write_text(root / "fer2013new.csv", "\n".join([*plus, ""]))
    return len(faces)


def bu3dfe(root: Path, faces: Faces) -> int:
    """Scans, which rendered pictures are not: people of their own, to be drawn from three sides."""
    from scan_trees import head_scan, write_scan

    people = ("F0001", "F0002", "M0001", "M0002")
    for number, person in enumerate(people):
        for code, expression in dict(AN="anger", SU="surprise").items():
            write_scan(root / person / f"{person}_{code}04WH_F3D.wrl", head_scan(number, expression))
    return len(people) * 2 * 3


class Planted(NamedTuple):
    """A data set to train on: its example configuration, who plants its folder, options beside the configuration."""

    config: str
    plant: Callable[[Path, Faces], int]
    options: tuple[str, ...] = ()


DATA_SETS = {
    "table": Planted("face-table", face_table, ("--data.table=faces.csv",)),
    "class folders": Planted("face-table", class_folders),
    "KDEF": Planted("kdef", kdef),
    "RaFD": Planted("rafd", rafd),
    "CK+": Planted("ck-plus", ck_plus),
    "JAFFE": Planted("jaffe", jaffe),
    "RAF-DB": Planted("raf-db", raf_db),
    "AffectNet, lists": Planted("affect-net", affect_net_lists),
    "AffectNet, arrays": Planted("affect-net", affect_net_arrays),
    "Multi-PIE": Planted("multi-pie", multi_pie, ("--data.folds=4",)),
    "SFEW": Planted("sfew", sfew_2),
    "BU-3DFE": Planted(
        "bu3dfe", bu3dfe, ("--data.expressions=[anger, surprise]", "--data.yaws=[-30, 0, 30]", "--data.pitches=[0]")
    ),
    "FER2013": Planted("fer2013", fer2013),
    "FER+": Planted("fer2013", lambda root, faces: fer2013(root, faces) - 1, ("--data.labels=ferplus",)),
}
"""One line a data set, for every test that trains on all of them."""
