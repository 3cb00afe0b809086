"""Trained recognizers as files, in folders and on the Hub."""
