"""Labeled faces rendered from a parametric head."""

from geofer.rendering.expressions import HEAD_BLENDSHAPES
from geofer.rendering.spec import RenderedSubject, RenderSpec

__all__ = ["HEAD_BLENDSHAPES", "RenderSpec", "RenderedSubject", "render_subject"]


def render_subject(spec: RenderSpec, index: int) -> RenderedSubject:
    """Renders all pictures of one person; see `geofer.rendering.subject.render_subject`."""
    from geofer.rendering import subject

    return subject.render_subject(spec, index)
