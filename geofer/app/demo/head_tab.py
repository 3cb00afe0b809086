"""The tab of the rendered head: what the faces are made of that geofer learns from, moved by hand."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geofer.app.demo.controls import Target, controls, targets_on_the_way
from geofer.app.demo.player import SCRIPT, player
from geofer.app.demo.shown_errors import shown_errors
from geofer.app.demo.time_limit import TimeLimit

if TYPE_CHECKING:  # the renderer behind it takes seconds to load
    from geofer.rendering.portrait import Portraits

SIDE, FRAME_SIDE = 448, 224
PEOPLE, FIRST_PERSON = 20, 9
HINT = (
    "This head is rendered; geofer learns from people like it. To give the face of a **photograph** another expression "
    "and pose, start `geofer demo` without `--head`."
)


class HeadTab:
    """Pictures of the rendered head, and the components around them."""

    def __init__(self, limit: TimeLimit) -> None:
        """Render within that time, from when the tab is first looked at."""
        self._limit = limit
        self._portraits: Portraits | None = None

    def build(self, tab: Any) -> None:  # noqa: ANN401
        """Puts the tab's components into the page that is being built.

        Args:
            tab: Gradio's tab, which is open.
        """
        import gradio as gr

        gr.Markdown(HINT, elem_id="hint")
        with gr.Row():
            with gr.Column():
                head = gr.Image(label="Rendered head", format="webp", interactive=False, buttons=[], elem_id="head")
                person = gr.Slider(1, PEOPLE, FIRST_PERSON, step=1, label="Person", elem_id="person", buttons=[])
            with gr.Column():
                shown = controls()
                screen = gr.HTML(js_on_load=SCRIPT.read_text(encoding="utf-8"), elem_id="screen")
        inputs = [person, *shown.values()]
        quiet = {"api_visibility": "private", "show_progress": "hidden"}
        tab.select(self.draw, inputs, head, api_visibility="private", show_progress="minimal")
        for control in inputs:
            control.input(self.draw, inputs, head, trigger_mode="always_last", **quiet)
        shown.play.click(self.play, [shown.way, *inputs], screen, api_visibility="private", show_progress="minimal")

    def draw(self, person: int, *values: Any) -> NDArray[np.uint8]:  # noqa: ANN401
        """``(S, S, 3)`` uint8 RGB: a person as the controls say."""
        with shown_errors():
            picture: NDArray[np.uint8] = self._limit.run(self._render, person, [Target.of(*values)], SIDE)[0]
        return picture

    def play(self, way: str, person: int, *values: Any) -> str:  # noqa: ANN401
        """A player of a person on the way to, or around, what the controls say."""
        with shown_errors():
            targets = targets_on_the_way(way, Target.of(*values))
            return player(self._limit.run(self._render, person, targets, FRAME_SIDE), way)

    def _render(self, person: int, targets: list[Target], size: int) -> NDArray[np.uint8]:
        from geofer.rendering.portrait import Portraits

        if self._portraits is None:
            self._portraits = Portraits()
        return self._portraits.draw(
            self._portraits.sitter(person - 1),
            np.stack([target.blendshapes for target in targets]),
            np.array([target.yaw for target in targets], np.float32),
            np.array([target.pitch for target in targets], np.float32),
            size,
        )
