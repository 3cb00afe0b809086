"""Classifier trunks, each a plugin."""
