"""Runs that are cut, and what must be the same afterwards."""

import json
from pathlib import Path

from tests.stages.curves import WIDTHS


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


def dying(function, *, calls: int):
    """``function`` for so many calls, then the end."""
    left = calls

    def call(*args, **kwargs):
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return function(*args, **kwargs)

    return call


def metrics(run: Path) -> list[str]:
    """Lines of metrics.jsonl without what depends on the clock."""
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [json.dumps({k: v for k, v in json.loads(x).items() if k != "times"}) for x in lines]


def results(run: Path) -> dict[str, bytes]:
    """Every result file of a run that must be the same byte for byte."""
    suffixes = (".npy", ".safetensors", ".mp4")
    found = (
        p for p in sorted(run.rglob("*")) if p.suffix in suffixes and "generator" not in p.parts
    )
    return {str(p.relative_to(run)): p.read_bytes() for p in found}


SMALL = {"backbone.encoder_channels": WIDTHS, "backbone.decoder_channels": WIDTHS}

COMMON = {"engine.ema_decay": 0.9}

VAE = {
    **COMMON,
    **SMALL,
    "data.slots": 4,
    "discriminator": {"name": "patchgan3d", "channels": 8, "layers": 2},
    "discriminator_engine.persistent_elements": 0,
    "objective.gan_start": 2,
    "objective.discriminator_warmup": 1,
}
