"""Somebody's VAE from a checkout: really imported, really loaded, and its mistakes in one line."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from arch.interface import PeerConfig
from arch.peers.external import External
from pvvae import config as codec
from tests.arch.checkout import weights, write_checkout
from tests.processes import ROOT


@pytest.fixture
def facts(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Of a checkout whose package has a name of its own: Python remembers what it has imported."""
    return write_checkout(tmp_path / "theirs", package=f"theirs_{abs(hash(request.node.name))}")


def build(plain: dict[str, Any]) -> External:
    network = codec.decode(PeerConfig, plain).build()
    assert isinstance(network, External)
    return network.eval()


def told(plain: dict[str, Any]) -> str:
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        build(plain)
    return str(caught.value)


def clip(frames: int = 5) -> torch.Tensor:
    size = (2, 3, frames, 8, 12)
    return torch.rand(size, generator=torch.Generator().manual_seed(0)) * 2 - 1


@torch.no_grad()
def test_pixels_reach_it_in_its_own_range_and_order_and_come_back_in_ours(facts):
    peer = build(facts)
    posterior = peer.encode(clip())
    assert posterior.mean.shape == posterior.logvar.shape == (2, 4, 3, 2, 3)
    x = ((clip() + 1) / 2).movedim(2, 1)  # B T C H W in [0, 1]
    expected = peer.network.to_latent(x).latent_dist
    torch.testing.assert_close(posterior.mean, expected.mean.movedim(2, 1))
    torch.testing.assert_close(posterior.logvar, expected.logvar.movedim(2, 1))
    shown = peer.network.to_pixels(expected.mean).sample.movedim(2, 1) * 2 - 1
    torch.testing.assert_close(peer.decode(posterior.mean), shown)
    for name, value in peer.network.state_dict().items():
        assert torch.equal(value, weights()[name])


@torch.no_grad()
def test_moments_and_samples_are_latents_too(facts):
    plain = build(facts).encode(clip())
    facts["arguments"]["out"] = facts["latent"] = "moments"
    found = build(facts).encode(clip())
    assert torch.equal(found.mean, plain.mean)
    assert torch.equal(found.logvar, plain.logvar)
    facts["arguments"]["out"] = facts["latent"] = "sample"
    peer = build(facts)
    one, two = peer.encode(clip()), peer.encode(clip())
    assert torch.equal(one.mean, two.mean)
    assert not torch.equal(one.mean, plain.mean)
    assert (one.logvar == -30.0).all()


def test_a_function_may_make_it_and_random_weights_need_no_file(facts):
    facts |= {"target": facts["target"].replace("Autoencoder", "make"), "weights": None}
    assert build(facts).latent_channels == 4
    with torch.device("meta"):
        assert all(p.is_meta for p in build(facts).parameters())


def test_code_that_is_not_there_is_one_line(facts, tmp_path):
    package = facts["target"].partition(".")[0]
    assert told(facts | {"checkout": f"{tmp_path}/no"}).startswith("checkout: no folder")
    assert "nowhere_at_all needs nowhere_at_all, which is neither in" in told(
        facts | {"target": "nowhere_at_all:A"}
    )
    assert (
        told(facts | {"target": f"{package}.vae:Encoder"})
        == f"target: {package}.vae has no Encoder"
    )
    assert "json was found in" in told(facts | {"target": "json:JSONDecoder"})
    assert "is written package.module:Class" in told(facts | {"target": "vae"})
    assert "cannot be made: TypeError" in told(facts | {"arguments": {"depth": 3}})


def test_code_that_needs_another_package_is_one_line_with_its_name(facts):
    package = facts["target"].partition(".")[0]
    code = Path(facts["checkout"]) / package / "vae.py"
    code.write_text("import not_to_be_had.at_all\n" + code.read_text())
    line = told(facts)
    assert line.startswith(f"target: {package}.vae needs not_to_be_had, which is neither in")
    code.write_text("raise RuntimeError('of its own')")
    assert told(facts).endswith("vae cannot be imported: RuntimeError: of its own")


def test_code_may_import_torchvision_of_another_build(facts):
    package = facts["target"].partition(".")[0]
    code = Path(facts["checkout"]) / package / "vae.py"
    code.write_text("from torchvision import ops, transforms\n" + code.read_text())
    again = "from tests.arch.peers.test_external import build; build({facts})"
    done = subprocess.run(  # in a process where nobody has imported torchvision yet
        [sys.executable, "-c", again.format(facts=facts)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_facts_that_do_not_hold_are_one_line(facts):
    assert "has no method encode; name one that it has" in told(facts | {"encode": "encode"})
    wrong = told(facts | {"stride": [4, 4]})
    assert "encode gives 1x4x3x4x4, but 1x4x2x4x4 follows from stride [4, 4]" in wrong
    assert "1x8x2x4x4 follows" in told(facts | {"latent_channels": 8})
    assert "with a clip of 3x16x16: " in told(facts | {"layout": "BCTHW"})
    assert "with a clip of 3x16x16: AssertionError" in told(facts | {"range": [-1, 1]})
    assert "with a clip of 3x16x16: " in told(facts | {"latent": "moments"})
    assert "layout: must order the letters BCTHW, got 'BCHW'" in told(facts | {"layout": "BCHW"})
    assert "range: must go from black to white, got [1.0, 0.0]" in told(facts | {"range": [1, 0]})


def test_weights_that_do_not_load_are_one_line(facts, tmp_path):
    file, another = tmp_path / "other.safetensors", "weights of another architecture"
    facts["weights"] = str(file)
    assert told(facts) == f"{file}: no such file"
    save_file({name: w for name, w in weights().items() if name != "up.bias"}, file)
    assert told(facts) == f"{file}: {another}: it lacks up.bias"
    save_file(weights() | {"loss.weight": torch.zeros(2)}, file)
    assert told(facts) == f"{file}: {another}: it has loss.weight, which the network lacks"
    assert build(facts | {"ignored": ["loss."]}).latent_channels == 4
    save_file(weights() | {"up.bias": torch.full((3,), float("inf"))}, file)
    assert told(facts) == f"{file}: up.bias has 3 of 3 numbers that are NaN or infinite"
    file.write_bytes(b"\0" * 20)
    assert "not a whole safetensors file" in told(facts)


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_is_opened_when_told_to_and_runs_nothing(facts, tmp_path):
    file, touched = tmp_path / "vae.ckpt", tmp_path / "touched"
    facts |= {"weights": str(file), "weights_key": "state_dict"}
    torch.save({"state_dict": weights(), "step": 3}, file)
    assert "set trusted_pickle: true" in told(facts)
    facts["trusted_pickle"] = True
    assert torch.equal(build(facts).network.up.bias, weights()["up.bias"])
    assert "has no 'model'; it has state_dict, step" in told(facts | {"weights_key": "model"})
    torch.save({"state_dict": 3}, file)
    assert told(facts) == f"weights_key: state_dict of {file} holds no weights"
    torch.save({"state_dict": weights(), "more": Evil(touched)}, file)
    assert "cannot be read as weights alone" in told(facts)
    assert not touched.exists()
