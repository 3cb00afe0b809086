"""The page: its head, its tabs, its foot."""

from typing import Any

from geofer.app.demo.head_tab import HeadTab
from geofer.app.demo.recognize_tab import RecognizeTab
from geofer.app.demo.synthesize_tab import SynthesizeTab
from geofer.app.demo.uploads import KEPT_SECONDS

QUEUE = 16
"""Requests that may wait, of each kind that needs the models."""

SESSIONS = 1000
"""Visitors whose face and controls are remembered; of more, the oldest are forgotten. Each takes about 100 kB."""

HEAD = """<header class="head"><h1>geofer</h1><p>Expressions, head pose, and how far to trust them.</p></header>"""
FOOT = """<footer class="foot"><p>Pictures stay on the machine that runs <code>geofer demo</code> and are deleted when
it ends. A classifier of expressions says what a face shows, not what a person feels.</p></footer>"""


def build_page(recognize: RecognizeTab, second: HeadTab | SynthesizeTab) -> Any:  # noqa: ANN401
    """Gradio's blocks of the page, with a queue.

    Args:
        recognize: The first tab.
        second: The tab of synthetic faces, or of the rendered head where there is no generator.
    """
    import gradio as gr

    with gr.Blocks(
        title="geofer", analytics_enabled=False, fill_width=True, delete_cache=(60, KEPT_SECONDS - 120)
    ) as page:
        gr.HTML(HEAD)
        with gr.Tabs():
            with gr.Tab("Recognize", id="recognize"):
                recognize.build()
            if isinstance(second, HeadTab):
                with gr.Tab("Rendered head", id="head") as tab:
                    second.build(tab)
            else:
                with gr.Tab("Synthesize", id="synthesize"):
                    second.build()
        gr.HTML(FOOT)
    page.state_session_capacity = SESSIONS
    return page.queue(max_size=QUEUE, default_concurrency_limit=1, api_open=False)
