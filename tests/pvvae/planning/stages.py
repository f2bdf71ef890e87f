"""Shipped configs as the planner sees them."""

from typing import Any

from pvvae.planning.stage import Stage, stage_of
from stages import program
from tests.tiny import CONFIGS


def config_of(name: str, *overrides: str) -> Any:
    return program.load(CONFIGS / name, list(overrides))[1]


def stage(name: str, *overrides: str, freeze_encoder: bool = False, processes: int = 1) -> Stage:
    config = config_of(name, *overrides)
    return stage_of(config, freeze_encoder=freeze_encoder, processes=processes)
