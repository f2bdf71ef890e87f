"""The folder that is handed on, and every mistake about it in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from arch import registry
from pvvae.autoencoder import Autoencoder
from pvvae.errors import ConfigError
from pvvae.pretrained.published import CONFIG, WEIGHTS, describe
from pvvae.pretrained.runs import load_vae
from tests.pvvae.autoencoder.made import CONFIGS, made
from tests.tiny import tiny_vae

PLUGIN = """
from arch.interface import BackboneConfig
from arch.registry import lookup, register

@register(BackboneConfig, "unheard_of")
class UnheardOfConfig(lookup(BackboneConfig, "toy")):
    pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published toy, whose latents were measured."""
    config = CONFIGS[-1]
    vae = tiny_vae(config).eval()
    mean, std = [0.5, -1.0, 0.0, 2.0], [1.0, 2.0, 0.5, 4.0]
    facts = describe(vae, config, mean=mean, std=std, measured_on="8 clips, runs/latents")
    Autoencoder(vae, facts).save_pretrained(tmp_path / "vae")
    return tmp_path / "vae"


def told(folder: Path | str, **arguments: Any) -> str:
    with pytest.raises(ConfigError) as error:
        Autoencoder.from_pretrained(folder, **arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def rewrite(folder: Path, **values: Any) -> None:
    data = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(data | values))


def test_statistics_are_in_the_config_with_their_source(folder):
    config = Autoencoder.from_pretrained(folder).config
    assert config.latents_mean == (0.5, -1.0, 0.0, 2.0)
    assert config.latents_std == (1.0, 2.0, 0.5, 4.0)
    assert config.latents_measured_on == "8 clips, runs/latents"
    data = json.loads((folder / CONFIG).read_text())
    assert data["_class_name"] == "AutoencoderPV"
    assert data["latents_std"] == [1.0, 2.0, 0.5, 4.0]
    assert data["z_dim"] == 4
    assert data["plugin"] == "toy.py"


def test_a_folder_takes_the_place_of_a_run(folder):
    trained = Autoencoder.from_pretrained(folder).vae
    found = load_vae(folder)
    torch.testing.assert_close(found.state_dict(), trained.state_dict(), rtol=0, atol=0)
    assert not any(parameter.requires_grad for parameter in found.parameters())


def test_what_diffusers_adds_to_a_config_is_passed_over(folder):
    rewrite(folder, _diffusers_version="0.42.1", _name_or_path="here")
    assert Autoencoder.from_pretrained(folder).config.z_dim == 4


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"_class_name": "AutoencoderKLWan"}, "_class_name must be 'AutoencoderPV', got 'A"),
        ({"latents_std": [1.0] * 3}, "latents_std: needs a number for each of 4 channels, got 3"),
        ({"latents_std": [1.0, 1.0, 1.0, 0.0]}, "latents_std[3]: must be above 0, got 0.0"),
        ({"z_dim": 5}, "z_dim: the backbone has 4 channels, got 5"),
        ({"scale_factor_spatial": 8}, "scale factors are (4, 8), the backbone's (4, 16)"),
        ({"latent_mean": []}, "latent_mean: AutoencoderConfig has no such key; did you mean"),
    ],
)
def test_a_config_that_does_not_fit_names_the_key(values, why, folder):
    rewrite(folder, **values)
    line = told(folder)
    assert line.startswith(f"{folder / CONFIG}: ")
    assert why in line


def test_what_is_no_config_at_all(folder):
    (folder / CONFIG).write_text("{")
    assert "not JSON" in told(folder)
    (folder / CONFIG).unlink()
    assert "no such file; name the folder of the VAE itself, or a subfolder" in told(folder)


def test_weights_that_cannot_be_used(folder):
    path = folder / WEIGHTS
    whole, weights = path.read_bytes(), load_file(path)
    path.write_bytes(whole[:-1])
    assert told(folder).startswith(f"{path}: not a whole safetensors file")
    name = next(iter(weights))
    save_file(weights | {name: torch.full_like(weights[name], torch.nan)}, path)
    assert f"{name} has" in told(folder)
    save_file({"other": torch.ones(1)}, path)
    assert told(folder).startswith(f"{path}: weights of another architecture: it lacks ")
    path.unlink()
    torch.save(weights, folder / "diffusion_pytorch_model.bin")
    assert "diffusion_pytorch_model.bin: a pickle is not opened" in told(folder)


def test_weights_that_are_not_finite_are_not_published(tmp_path):
    autoencoder = made(CONFIGS[-1])
    autoencoder.vae.backbone.head.bias.data[0] = torch.inf
    with pytest.raises(ConfigError, match=r"backbone\.decoder\.0\.bias has 1 of 3 numbers"):
        autoencoder.save_pretrained(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_plugin_s_file_is_named_and_run_only_when_given(folder, monkeypatch):
    members = {family: dict(known) for family, known in registry._members.items()}
    monkeypatch.setattr(registry, "_members", members)  # the plugin leaves nothing behind
    backbone = json.loads((folder / CONFIG).read_text())["backbone"]
    rewrite(folder, backbone=backbone | {"name": "unheard_of"}, plugin="unheard_of.py")
    plugin = folder / "unheard_of.py"
    plugin.write_text(PLUGIN)
    line = told(folder)
    assert "no backbone is called 'unheard_of'" in line
    assert line.endswith("name the file that registers it: plugins=['unheard_of.py']")
    again = Autoencoder.from_pretrained(folder, plugins=[plugin])
    assert again.config.plugin == "unheard_of.py"


def test_neither_a_folder_nor_a_hub_id(tmp_path):
    assert told(tmp_path / "gone").endswith(
        "no such folder, and not a hub id, which is written OWNER/NAME"
    )


def test_a_hub_id_without_a_network_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    line = told("someone/some-vae")
    assert line.startswith("someone/some-vae: no such folder, and the hub does not give it: ")


def test_a_hub_id_loads_what_the_hub_s_cache_holds(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    repository = tmp_path / "cache/models--someone--some-vae"
    snapshot = repository / "snapshots" / ("0" * 40)
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text("0" * 40)
    snapshot.mkdir(parents=True)
    folder.rename(snapshot / "vae")
    found = Autoencoder.from_pretrained("someone/some-vae", subfolder="vae")
    assert found.config.latents_mean == (0.5, -1.0, 0.0, 2.0)
