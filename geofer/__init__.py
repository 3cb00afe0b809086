"""Geometry-guided pose-invariant facial expression recognition."""

__version__ = "0.1.0"
