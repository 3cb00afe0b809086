"""Trained models at work on pictures."""
