"""YAML files, changes to them, and the frozen dataclasses that they become."""

from pvvae.config.codec import check_ranges, decode, differences, encode, load_plugins, read_yaml
from pvvae.config.overrides import apply_overrides, apply_values, merge, read_overrides

__all__ = [
    "apply_overrides",
    "apply_values",
    "check_ranges",
    "decode",
    "differences",
    "encode",
    "load_plugins",
    "merge",
    "read_overrides",
    "read_yaml",
]
