"""Packages that a user may have installed; none is imported before it is wanted."""

import importlib
from functools import cache
from types import ModuleType

import torch


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def importable(module: str) -> bool:
    """Whether a package is installed and fits this torch; what is compiled takes it as given."""
    return module_or_none(module) is not None


@cache
def module_or_none(name: str) -> ModuleType | None:
    """The module, or None where it is missing, broken or built for another torch."""
    try:
        return importlib.import_module(name)
    except Exception:  # built for another torch, a package may raise anything
        return None
