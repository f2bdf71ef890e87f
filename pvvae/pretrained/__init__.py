"""Weights from runs, files and folders of others."""
