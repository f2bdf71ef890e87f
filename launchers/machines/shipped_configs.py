"""The configs that come with the project, and how one would name them here."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "configs"
"""Beside the packages: the project is installed from its working copy."""


def as_typed(path: Path) -> str:
    """``path`` as one would type it here."""
    near = os.path.relpath(path)
    return near if not near.startswith("..") else str(path)
