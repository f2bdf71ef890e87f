"""``arch``, ``stages`` and ``configs`` are names on the package index too: ours are imported."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["arch", "pvvae", "stages", "launchers"])
def test_the_package_that_is_imported_is_this_repository_s(name: str) -> None:
    assert importlib.import_module(name).__file__ == str(ROOT / name / "__init__.py")


def test_configs_is_no_package() -> None:
    assert not list((ROOT / "configs").rglob("*.py"))
