"""Eq. 1 of the paper, one term a file; pure functions of the reconstruction."""
