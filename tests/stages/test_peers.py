"""Peers where runs may be: evaluated, their latents learned and decoded; never at random."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from arch.interface import PeerConfig
from launchers import cli
from pvvae import config as codec
from pvvae.denoiser.trained_run import latte_vae
from pvvae.errors import ConfigError
from pvvae.metrics import fvd
from pvvae.pretrained.vae_source import open_vae
from stages import program
from tests.arch.checkout import weights, write_checkout
from tests.pvvae.metrics.small_i3d import Features
from tests.stages.short import overrides
from tests.tiny import CONFIGS

pytestmark = pytest.mark.usefixtures("group")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of a peer with weights, as YAML has them."""
    return write_checkout(tmp_path_factory.mktemp("theirs"), package="theirs_for_stages")


def words(stage: str, shards: Path, runs: Path, vae: dict[str, Any]) -> list[str]:
    """A stage's overrides, with a peer in the place of a run."""
    nobody = ["predictor=null"] if stage == "evaluate_reconstruction" else []
    return [*overrides(stage, shards, runs), *nobody, f"vae={json.dumps(vae)}"]


def run(stage: str, words: list[str]) -> Any:
    start, config = program.load(CONFIGS / f"tiny/cnn/{stage}.yaml", words)
    start(config)
    return config


def test_a_peer_is_evaluated_and_compared(facts, shards, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fvd, "I3D", Features)
    config = run(
        "evaluate_reconstruction", words("evaluate_reconstruction", shards, tmp_path, facts)
    )
    folder = tmp_path / "evaluate_reconstruction"
    metrics = json.loads((folder / "results.json").read_text())["metrics"]
    assert {"psnr", "ssim", "lpips", "rfvd"} <= metrics.keys()
    assert not {"predicted_mse", "repeated_mse"} & metrics.keys()  # nobody taught it to predict
    expected = sum(p.numel() for p in open_vae(config.vae).parameters())
    assert metrics["parameters"]["value"] == expected
    written = yaml.safe_load((folder / "config.yaml").read_text())
    again = tmp_path / "again.yaml"
    again.write_text(yaml.safe_dump(written))
    assert program.load(again, [])[1] == config
    assert cli.main(["compare", str(folder), str(folder)]) == 0
    assert f"{metrics['psnr']['value']:.2f}" in capsys.readouterr().out


def test_latte_learns_the_latents_of_a_peer_and_the_peer_decodes_its_samples(
    facts, shards, tmp_path
):
    config = run("extract_latents", words("extract_latents", shards, tmp_path, facts))
    latte = ["denoiser.latent_channels=4", "steps=1"]
    run("latte", [*overrides("latte", shards, tmp_path), *latte])
    assert latte_vae(tmp_path / "latte") == config.vae
    run("generate", [*words("generate", shards, tmp_path, facts), "num=1"])
    assert [path.name for path in (tmp_path / "generate/clips").iterdir()] == ["000000.npy"]


@pytest.mark.parametrize("stage", ["evaluate_reconstruction", "extract_latents", "generate"])
def test_random_weights_have_no_quality(stage, facts, shards, tmp_path, capsys):
    config = str(CONFIGS / f"tiny/cnn/{stage}.yaml")
    for peer in (facts | {"weights": None}, {"name": "wan2.2"}):
        assert cli.main(["train", config, *words(stage, shards, tmp_path, peer)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert (
            "vae.weights: null means random weights, whose quality is not measured; name the"
            in line
        )
    assert not (tmp_path / stage).exists()


def test_a_peer_that_does_not_load_is_one_line(facts, tmp_path):
    peer = codec.decode(PeerConfig, facts | {"weights": f"{tmp_path}/no.safetensors"})
    with pytest.raises(ConfigError) as caught:
        open_vae(peer)
    assert str(caught.value) == f"vae: {tmp_path}/no.safetensors: no such file"


def test_the_bench_takes_a_peer_of_a_file_and_needs_no_weights(facts, tmp_path, capsys):
    path = tmp_path / "theirs.yaml"
    path.write_text(yaml.safe_dump({"vae": facts | {"weights": "nowhere"}}))
    out = tmp_path / "out.json"
    given = ["--clip", "5x16x16", "--batch", "1", "--warmup", "0", "--rounds", "1"]
    models = ["--models", "tiny/cnn", str(path)]
    assert cli.main(["bench", "vae", *models, *given, "--json", str(out)]) == 0
    found = json.loads(out.read_text())["models"][str(path)]
    assert found["parameters"] == sum(value.numel() for value in weights().values())
    path.write_text(yaml.safe_dump({"vae": facts | {"checkout": "nowhere"}}))
    capsys.readouterr()
    assert cli.main(["bench", "vae", *models, *given]) == 2
    assert capsys.readouterr().err.startswith("pvvae: --models: checkout: no folder nowhere")
