"""The line on attention at the start of a run."""

import dataclasses

import pytest
import torch

from arch.vit import ViTConfig
from pvvae.errors import ConfigError
from pvvae.training.monitoring.attention_kernel import say_attention
from tests.tiny import backbone_configs, discriminator_config

VIT = next(config for config in backbone_configs() if isinstance(config, ViTConfig))


def test_the_kernel_is_named_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    say_attention(VIT.build(), dtype=torch.bfloat16)
    assert capsys.readouterr().err == "attention: sdpa on cpu (flash-attn needs an NVIDIA GPU)\n"


def test_a_network_without_a_choice_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    say_attention(discriminator_config().build(), dtype=torch.float32)
    assert capsys.readouterr().err == ""


def test_a_kernel_that_cannot_be_had_is_a_mistake_of_the_users() -> None:
    config = dataclasses.replace(VIT, attention_backend="flash-attn-3")
    with pytest.raises(
        ConfigError, match=r"^backbone\.attention_backend: flash-attn-3 needs a GPU"
    ):
        say_attention(config.build(), dtype=torch.bfloat16)
