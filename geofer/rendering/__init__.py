"""Labelled faces rendered from a parametric head."""

from geofer.rendering.spec import RenderedSubject, RenderSpec

__all__ = ["RenderSpec", "RenderedSubject"]
