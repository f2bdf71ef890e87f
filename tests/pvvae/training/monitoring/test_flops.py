import dataclasses

import pytest
import torch
from torch import cuda

from arch.vit import ViTConfig
from pvvae.errors import ConfigError
from pvvae.training.monitoring.flops import (
    DEVICES,
    SlotWork,
    Work,
    device_named,
    peak_flops,
    say_attention,
    usable,
)
from pvvae.training.monitoring.monitor import MonitorConfig
from tests.tiny import backbone_configs, discriminator_config


def test_a_device_has_a_little_less_room_than_memory() -> None:
    for device in DEVICES.values():
        assert 0.9 * device.memory < usable(device) < device.memory


def test_an_unknown_device_is_told_with_those_known() -> None:
    with pytest.raises(ConfigError, match="'b200'; known: h800, h100, h200, a100"):
        device_named("b200")


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


SMALL, LARGE = SlotWork((2, 5, 32, 32)), SlotWork((2, 17, 32, 32), dropped=3)


def test_each_kind_of_slot_is_counted_once_and_taken_as_often_as_it_was_done():
    asked = []

    def count(slot: SlotWork) -> float:
        asked.append(slot)
        return float(slot.shape[1])

    work = Work(count)
    for slot in (SMALL, LARGE, SMALL):
        work.add(slot)
    assert work.take() == 5.0 + 17.0 + 5.0
    assert work.take() == 0.0
    work.add(LARGE)
    assert work.take() == 17.0
    assert asked == [SMALL, LARGE]


def test_who_counts_nothing_has_done_nothing():
    work = Work(None)
    work.add(SMALL)
    assert work.take() == 0.0


def test_the_peak_is_what_the_config_says():
    assert peak_flops(0.5) == 5e11


def test_a_gpu_is_known_by_its_name(monkeypatch):
    monkeypatch.setattr(cuda, "is_available", lambda: True)
    for name, peak in (("NVIDIA H100 80GB HBM3", 989.4e12), ("NVIDIA GeForce GTX 750", None)):
        monkeypatch.setattr(cuda, "get_device_name", lambda name=name: name)
        assert peak_flops(None) == peak


@pytest.mark.parametrize("tflops", [0.0, -1.0])
def test_no_accelerator_does_nothing_at_its_best(tflops):
    with pytest.raises(ValueError, match="peak_tflops must be above 0"):
        MonitorConfig(peak_tflops=tflops)
