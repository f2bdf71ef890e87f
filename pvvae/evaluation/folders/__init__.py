"""Metrics of two folders of clips, made by any program."""
