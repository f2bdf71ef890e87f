"""Weights and code of other projects, read into ours."""
