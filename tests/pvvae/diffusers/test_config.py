"""The config is a mapping and has attributes, whatever a pipeline asks it for."""

import copy
import json

import pytest
from diffusers.configuration_utils import FrozenDict

from pvvae.diffusers.config import KEYS, PipelineConfig, completed
from pvvae.errors import ConfigError
from tests.tiny import backbone_configs


def test_entries_are_keys_and_attributes(small):
    config = small.config
    assert isinstance(config, FrozenDict)
    assert set(KEYS) <= set(config)
    for key in KEYS:
        assert config[key] == getattr(config, key) == dict(config)[key]
    assert json.loads(small.to_json_string())["z_dim"] == config.z_dim


def test_pipelines_find_the_names_they_look_for(small):
    config = small.config
    assert (config.latent_channels, config.z_dim) == (32, 32)
    assert (config.temporal_compression_ratio, config.spatial_compression_ratio) == (4, 16)
    assert 2 ** (len(config.block_out_channels) - 1) == 16
    assert config.timestep_conditioning is config.invert_scale_latents is False
    assert small.temperal_downsample == (True, True, False, False)
    assert small.spatial_compression_ratio == 16
    assert small.temporal_compression_ratio == 4
    assert small.latents_mean.tolist() == config.latents_mean
    assert small.latents_std.tolist() == config.latents_std


def test_where_it_came_from_does_not_make_a_config_another(small):
    config = small.config
    assert config == PipelineConfig({**config, "_name_or_path": "elsewhere"})
    assert config == copy.deepcopy(config)
    assert config != PipelineConfig({**config, "scaling_factor": 0.5})
    assert config != 3


def test_what_is_given_is_kept_and_what_is_not_follows(small):
    config = backbone_configs()[0]
    given = {"backbone": config, "pad": "gaussian", "latents_std": [2.0] * 32, "plugin": None}
    vae, found = completed(given)
    assert vae.pad is None
    assert (found.pad, found.latents_std) == ("gaussian", (2.0,) * 32)
    assert found.latents_mean == (0.0,) * 32
    assert found.backbone == config
    for wrong, why in (
        ({"latents_std": [1.0]}, "^latents_std: needs a number for each of 32 channels, got 1"),
        ({"scaling_factor": 0.0}, "^scaling_factor: must be above 0"),
        ({"pad": "zeros"}, "^pad: must be one of learnable, gaussian"),
        ({"backbone": {"name": "cnn"}}, r"^backbone\."),
    ):
        with pytest.raises(ConfigError, match=why):
            completed(given | wrong)
