"""A folder of cropped faces, which choose the scales of 8 bits and measure what these cost."""

import torch
from torch import Tensor

from geofer.app.models.model_file import ModelDescription
from geofer.errors import DataError, printable
from geofer.faces import normalize_image
from geofer.landmarks.alignment import alignment_for
from geofer.paths import AnyPath, as_path
from geofer.pictures import is_picture_file, read_picture


def read_cropped_faces(folder: AnyPath, description: ModelDescription) -> tuple[Tensor, Tensor | None]:
    """The faces of a folder and of the folders in it, in the order of their paths.

    Args:
        folder: Pictures that show a face each, cropped as the recognizer's faces are.
        description: Of a recognizer of pictures.

    Returns:
        Faces ``(N, 3, S, S)`` in [-1, 1]; and ``(N,)`` indices of the expressions, if every picture lies in a folder
        that is called as an expression.

    Raises:
        DataError: There is no picture, or one cannot be read.
    """
    folder = as_path(folder)
    files = sorted(file for file in folder.rglob("*") if is_picture_file(file))
    if not files:
        raise DataError(f"{printable(folder)} holds no pictures of faces.")
    faces = []
    for file in files:
        pixels = read_picture(file)
        crop = alignment_for("none", None, None, pixels.shape, description.image_size).apply(pixels)
        faces.append(normalize_image(torch.from_numpy(crop).permute(2, 0, 1)))
    shown = [file.parent.name for file in files]
    known = set(shown) <= set(description.expressions)
    labels = torch.tensor([description.expressions.index(name) for name in shown]) if known else None
    return torch.stack(faces), labels
