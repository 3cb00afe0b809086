"""What people should know about a recognizer before they use it, as a card that Hugging Face shows."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from geofer.app.models.card_metadata import card_metadata
from geofer.app.models.model_file import ModelDescription
from geofer.app.models.reliability import Reliability

LIMITS = """\
- An expression is what a face shows, not what a person feels; the classes are posed, prototypical expressions.
- It answers for every face, also for those unlike any that it was trained on; a high probability is no proof.
- It was tested on the faces named above, if on any. Other cameras, ages, skin tones, glasses, beards and spontaneous
  expressions can be recognized worse: measure on your own people before you rely on it.
"""

RESPONSIBLE_USE = """\
For research, for teaching, and for tools that people use on their own pictures. Not for decisions about people: hiring,
policing, education, insurance, health, or telling lies from truth. Law may forbid it: the European Union's AI Act
(Regulation 2024/1689, Article 5) prohibits inferring emotions at work and in education. Ask those whose faces you
analyze.
"""


def model_card(description: ModelDescription, file: str, license_id: str | None = None) -> str:
    """A card in Markdown, with a YAML front matter in Hugging Face's format.

    Args:
        description: Of the model.
        file: Name of the model's file, of its folder, or of its repository on the Hub.
        license_id: The license's identifier on the Hub, such as ``apache-2.0``; None names no license.
    """
    front = card_metadata(description, file, license_id)
    shown = {
        "image": f"face crops of {description.image_size} × {description.image_size} pixels, {description.color}, "
        f"normalized as `{description.normalization}` and cropped by the rule `{description.crop}`",
        "landmarks": "68 iBUG landmarks",
        "blendshapes": "MediaPipe's 52 blendshape scores",
    }
    looks = " and ".join(shown[name] for name in description.inputs)
    parts = [
        f"---\n{yaml.safe_dump(front, sort_keys=False)}---",
        f"# {_plain(file)}: facial expressions",
        f"A recognizer of facial expressions by geofer. It looks at {looks}, and gives the probability of "
        f"{len(description.expressions)} expressions, in this order: "
        f"{', '.join(map(_plain, description.expressions))}.",
        _use(file, description),
        "## Network\n\n" + _list(description.architecture),
        "## Training and test\n\n" + (_list(_readable(description.provenance)) or "The model file does not say."),
        "## Reliability by head pose\n\n" + _reliability(description.reliability),
        f"## Limits\n\n{LIMITS}",
        f"## Responsible use\n\n{RESPONSIBLE_USE}",
        "Written by "
        + ", ".join(f"{_plain(name)} {_plain(text)}" for name, text in description.versions.items())
        + ".",
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


NAMES = {
    "data_set": "data set",
    "arguments": "settings of the data set",
    "subjects": "people",
    "geofer": "trained by geofer",
}

SHAPES = {"image": "(B, 3, S, S)", "landmarks": "(B, 68, 2)", "blendshapes": "(B, 52)"}


def _use(file: str, description: ModelDescription) -> str:
    if not file.endswith((".onnx", ".pt2")):
        return f'```python\nimport geofer\n\nfaces = geofer.load("{file}")("photo.jpg")\n```'
    takes = " and ".join(f"`{name}` `{SHAPES[name]}`" for name in description.inputs)
    return (
        f"Inputs: {takes}, float32. Output: `probabilities` `(B, K)`. The description, with the crop rule and the "
        "expressions, is stored in the file as JSON."
    )


def _readable(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """The entries that checkpoints have, by what people call them; the others as they are."""
    return {NAMES.get(name, name): value for name, value in provenance.items()}


def _list(data: Mapping[str, Any], prefix: str = "") -> str:
    """One line for each entry, and for each of the entries in it."""
    return "\n".join(f"- {_plain(name)}: {_plain(value)}" for name, value in _flat(data, prefix))


def _flat(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name} / ")
        elif value is not None:
            yield f"{prefix}{name}", _text(value)


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _reliability(reliability: Reliability | None) -> str:
    """Accuracy in percent in cells of pitch (rows) and yaw (columns), with the number of faces."""
    if reliability is None:
        return "It was not measured."
    columns = [f"{low:+g}° to {high:+g}°" for low, high in zip(reliability.yaws, reliability.yaws[1:], strict=False)]
    lines = ["| pitch \\ yaw | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for row, (accuracies, faces) in enumerate(zip(reliability.accuracy, reliability.faces, strict=True)):
        name = f"{reliability.pitches[row]:+g}° to {reliability.pitches[row + 1]:+g}°"
        cells = [
            "–" if accuracy is None else f"{accuracy:.1%} ({count})"
            for accuracy, count in zip(accuracies, faces, strict=True)
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "Accuracy on its test's faces, and how many there were.\n\n" + "\n".join(lines)


def _plain(text: object) -> str:
    """Text from a model file on one line, without what Markdown or HTML would read as more than text."""
    return " ".join(str(text).split()).replace("<", "&lt;").replace("|", "\\|").replace("`", "'").replace("[", "\\[")
