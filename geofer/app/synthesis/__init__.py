"""Trained generators at work."""
