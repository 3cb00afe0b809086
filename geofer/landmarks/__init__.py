"""Landmark detectors, each a plugin."""
