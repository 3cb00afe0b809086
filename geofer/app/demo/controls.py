"""What both tabs with a face to pose share: the controls of its expression and pose, and the ways to animate it."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from geofer.app.synthesis.generation import LARGEST_PITCH, LARGEST_YAW
from geofer.faces import EXPRESSIONS
from geofer.rendering.expressions import expression_blendshapes

TO_EXPRESSION, ACROSS, UPWARDS = "to the expression", "from left to right", "from down to up"
WAYS = (TO_EXPRESSION, ACROSS, UPWARDS)
STEPS = 13


@dataclass(frozen=True, eq=False)
class Target:
    """What a face shall show.

    Attributes:
        blendshapes: ``(52,)`` in [0, 1], in the order of `geofer.rendering.HEAD_BLENDSHAPES`.
        yaw: Degrees, > 0 turns the nose to the picture's right.
        pitch: Degrees, > 0 looks up.
    """

    blendshapes: NDArray[np.float32]
    yaw: float
    pitch: float

    @classmethod
    def of(cls, expression: str, level: int, yaw: float, pitch: float) -> Self:
        """From the values of the controls."""
        return cls(expression_blendshapes(expression, int(level)), float(yaw), float(pitch))


def targets_on_the_way(way: str, end: Target) -> list[Target]:
    """The steps of an animation.

    Args:
        way: One of `WAYS`: from the neutral face to the end, or past it from one side to the other.
        end: What the controls say.
    """
    shares = np.linspace(0, 1, STEPS).tolist()
    if way == TO_EXPRESSION:
        neutral = expression_blendshapes("neutral", 1)
        return [replace(end, blendshapes=neutral + np.float32(share) * (end.blendshapes - neutral)) for share in shares]
    if way == ACROSS:
        return [replace(end, yaw=(2 * share - 1) * LARGEST_YAW) for share in shares]
    return [replace(end, pitch=(2 * share - 1) * LARGEST_PITCH) for share in shares]


@dataclass(frozen=True)
class Controls:
    """Gradio's components.

    Attributes:
        expression: One of `geofer.faces.EXPRESSIONS`.
        level: 1 (slight) to 4 (strong).
        yaw: Degrees.
        pitch: Degrees.
        way: One of `WAYS`.
        play: The button that starts the animation.
    """

    expression: Any
    level: Any
    yaw: Any
    pitch: Any
    way: Any
    play: Any

    def values(self) -> list[Any]:
        """Those that `Target.of` takes, in its order."""
        return [self.expression, self.level, self.yaw, self.pitch]


def controls() -> Controls:
    """Puts the components into the page that is being built."""
    import gradio as gr

    plain: dict[str, Any] = {"step": 1, "buttons": []}
    turn, nod = LARGEST_YAW, LARGEST_PITCH
    expression = gr.Radio(list(EXPRESSIONS), value="happiness", label="Expression", elem_id="expression")
    level = gr.Slider(1, 4, 4, label="Level (slight to strong)", elem_id="level", **plain)
    yaw = gr.Slider(-turn, turn, 0, label="Yaw in degrees (+ right)", elem_id="yaw", **plain)
    pitch = gr.Slider(-nod, nod, 0, label="Pitch in degrees (+ up)", elem_id="pitch", **plain)
    with gr.Row(elem_id="animation", equal_height=True):
        way = gr.Dropdown(list(WAYS), value=WAYS[0], label="Animation", elem_id="way", scale=3)
        play = gr.Button("Play", variant="primary", elem_id="play", scale=1, min_width=90)
    return Controls(expression, level, yaw, pitch, way, play)
