"""Renders the example pictures of `geofer demo`: six people, an expression and pose each.

Run ``python tools/demo_examples.py``. The pictures are not chosen by what the recognizer makes of them.
"""

from pathlib import Path

from PIL import Image

import geofer
from geofer.paths import written_whole
from geofer.rendering import RenderSpec, render_subject

FOLDER = Path(geofer.__file__).parent / "app" / "demo" / "examples"
SHOWN = ("happiness", "surprise", "anger", "neutral", "sadness", "fear")
SEED = 3


def main() -> None:
    """Writes a JPEG file for each person."""
    FOLDER.mkdir(exist_ok=True)
    for person, expression in enumerate(SHOWN):
        spec = RenderSpec(
            expressions=(expression,),
            poses="continuous",
            views=1,
            yaw_limit=30,
            pitch_limit=12,
            image_size=384,
            crop="loose",
            variation=0.5,
            seed=SEED,
        )
        picture = Image.fromarray(render_subject(spec, person).images[0])
        with written_whole(FOLDER / f"{person + 1}-{expression}.jpg") as file:
            picture.save(file, format="JPEG", quality=85)


if __name__ == "__main__":
    main()
