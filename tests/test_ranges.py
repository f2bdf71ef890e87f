"""Every numeric key of every config has a declared range, and nonsense is refused by its path."""

import dataclasses
import importlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest

from arch import ranges, registry
from launchers.tables.generation import GenerationTable
from launchers.tables.reconstruction import ReconstructionTable
from pvvae import config as codec
from pvvae.data.packing.survey import PackSettings
from pvvae.data.scenes.settings import SceneSettings
from pvvae.data.scenes.shards import SceneSet
from pvvae.errors import ConfigError
from pvvae.pretrained.published import AutoencoderConfig
from pvvae.study.spec.study import Study
from stages import program

ROOT = Path(__file__).resolve().parents[1]
NONSENSE = (math.nan, math.inf, -math.inf, -1, 0, 10**20, 1e300)
LOOSE = {
    # Numbers below zero and zeros that mean something, by key.
    "latents_mean": (-1, 0),
    "range": (-1, 0),
    "paper": (-1, 0),
}
ZERO = {
    # Zero is none of it, the first of them, or a probability.
    *("seed", "seeds", "known", "pages", "chosen", "latent_clips", "shown", "label_dropout"),
    *("image_ratio", "flip", "workers", "history", "guidance", "guidance_interval", "num_classes"),
    *("lr", "eps", "betas", "weight_decay", "warmup", "final_ratio", "gradient_clipping"),
    *("persistent_elements", "ema_decay", "max_rollbacks", "profile_start", "max_drop_ratio"),
    *("weight_rec", "weight_diff", "weight_lpips", "weight_gan", "weight_lecam", "lecam_decay"),
    *("gan_start", "discriminator_warmup", "weight_kl", "retries", "samples", "clips"),
    *("encoder_blocks", "decoder_blocks", "encoder_attentions", "decoder_attentions", "min_side"),
    *("speed", "predictability", "sprites"),
}
"""Keys of which 0 means something in every class that has them, but for those in ``NEEDED``."""
NEEDED = {"ViTConfig.encoder_blocks", "ViTConfig.decoder_blocks", "HeldOutConfig.clips"}
NEEDED |= {"SceneSet.clips"}
FIRST = {"SampleFVDConfig.num", "SpeedConfig.warmup", "SampleFigure.frames"}
"""The other way round: keys that must be above 0 in other classes, and may be 0 in these."""


def parts(hint: Any) -> Iterator[Any]:
    """A type and all types that it is made of, the inside of annotated ones left out."""
    yield hint
    if get_origin(hint) not in (Annotated, Literal):
        for inner in get_args(hint):
            yield from parts(inner)


def reached(config: type[Any], seen: dict[type[Any], None]) -> dict[type[Any], None]:
    """Config classes that a class is made of, itself included."""
    if config in seen:
        return seen
    seen[config] = None
    for hint in ranges.hints_of(config).values():
        for part in parts(hint):
            if part in registry.families():
                for name in registry.names(part):
                    reached(registry.lookup(part, name), seen)
            elif dataclasses.is_dataclass(part):
                reached(part, seen)
    return seen


def everything() -> list[type[Any]]:
    found: dict[type[Any], None] = {}
    for stage in program.names():
        reached(importlib.import_module(f"stages.{stage}").Config, found)
    for family in registry.families():
        for name in registry.names(family):
            reached(registry.lookup(family, name), found)
    more = (Study, GenerationTable, ReconstructionTable, AutoencoderConfig)
    for config in (*more, PackSettings, SceneSettings, SceneSet):
        reached(config, found)
    return list(found)


CONFIGS = everything()


def keys() -> list[tuple[type[Any], str, Any]]:
    """Class, key and annotated type of every number."""
    return [
        (config, field.name, part)
        for config in CONFIGS
        for field in dataclasses.fields(config)
        for part in parts(ranges.hints_of(config)[field.name])
        if get_origin(part) is Annotated and field.name != "crops"  # places and a side in one
    ]


def test_no_number_is_without_a_declared_range():
    bare = [
        f"{config.__module__}.{config.__name__}.{field.name}"
        for config in CONFIGS
        for field in dataclasses.fields(config)
        if {int, float} & set(parts(ranges.hints_of(config)[field.name]))
    ]
    assert bare == []
    assert len({(config, key) for config, key, _ in keys()}) > 150


def meaningful(config: type[Any], key: str, value: float) -> bool:
    if value in LOOSE.get(key, ()):
        return True
    name = f"{config.__name__}.{key}"
    return value == 0 and ((key in ZERO and name not in NEEDED) or name in FIRST)


def test_nonsense_is_in_no_range_and_what_means_something_is():
    wrong = [
        (f"{config.__module__}.{config.__name__}.{key}", value, value in ranges.declared(hint))
        for config, key, hint in keys()
        for value in NONSENSE
        if (value in ranges.declared(hint)) != meaningful(config, key, value)
    ]
    assert wrong == []


def numbers_of(plain: Any, path: str = "") -> Iterator[str]:
    """Paths of the numbers in plain data."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield from numbers_of(value, f"{path}.{key}" if path else key)
    elif isinstance(plain, int | float) and not isinstance(plain, bool):
        yield path


@pytest.mark.parametrize("name", ["cnn/predictive", "vit/predictive", "cnn/latte", "cnn/generate"])
def test_a_config_with_nonsense_for_any_of_its_numbers_is_refused_by_the_key(name):
    path = ROOT / f"configs/{name}.yaml"
    _, config = program.load(path, [])
    plain = codec.encode(config)
    paths = list(numbers_of(plain))
    assert paths
    for key in paths:
        for value in (".nan", ".inf", "-.inf", "-1", "1e300", "1" + 400 * "0"):
            with pytest.raises(
                ConfigError, match=rf": {key}: must be .*got \S+$|is not a YAML value$"
            ):
                program.load(path, [f"{key}={value}"])
