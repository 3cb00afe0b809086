"""Labelled faces rendered from a parametric head."""
