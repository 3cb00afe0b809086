"""Errors of a request, as the page shows them: in a corner, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from geofer.errors import GeoferError


@contextmanager
def shown_errors() -> Iterator[None]:
    """Turns an error that a visitor can do something about into Gradio's own."""
    import gradio as gr

    try:
        yield
    except GeoferError as error:
        raise gr.Error(str(error), title="Not possible", print_exception=False) from error
