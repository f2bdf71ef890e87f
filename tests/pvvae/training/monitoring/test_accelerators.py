"""The table of devices."""

import pytest

from pvvae.errors import ConfigError
from pvvae.training.monitoring.accelerators import DEVICES, device_named, usable


def test_a_device_has_a_little_less_room_than_memory() -> None:
    for device in DEVICES.values():
        assert 0.9 * device.memory < usable(device) < device.memory


def test_an_unknown_device_is_told_with_those_known() -> None:
    with pytest.raises(ConfigError, match="'b200'; known: h800, h100, h200, a100"):
        device_named("b200")
