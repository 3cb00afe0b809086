"""How the page looks."""

from pathlib import Path
from typing import Any

STYLE = Path(__file__).with_name("page.css")


def theme() -> Any:  # noqa: ANN401
    """Gradio's theme: the visitor's own fonts, so that none is fetched."""
    from gradio import themes

    return themes.Base(
        primary_hue="teal",
        neutral_hue="slate",
        radius_size="lg",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(body_text_color_subdued="*neutral_500", body_text_color_subdued_dark="*neutral_400")
