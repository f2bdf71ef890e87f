"""The same run on other numbers of processes: what changes nothing but rounding."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EPSILON = ["optimizer.eps=1e-4", "discriminator_optimizer.eps=1e-4"]
"""Adam's first steps follow the sign of a gradient, however small; not so with such an epsilon."""

NETWORK = Path(__file__).with_name("smooth3d.py")

SMOOTH = [
    *EPSILON,
    f'plugins=["{NETWORK}"]',
    'discriminator={"name":"smooth3d","channels":16,"layers":2}',
]
"""So that rounding stays as small as it is."""

SHARDED = ["engine.persistent_elements=0", "engine.bucket_elements=20000"]
"""Otherwise ZeRO 3 leaves every parameter of so small a network whole on every process."""


def vit() -> str:
    """Overrides that swap in a small Transformer, from scratch; without spaces, as a job wants."""
    sizes = {"latent_channels": 32, "patch": [4, 16, 16], "width": 32, "heads": 2}
    blocks = {"encoder_blocks": 1, "decoder_blocks": 1, "mlp_ratio": 2, "rope_base": 100}
    kind = {"name": "vit", "attention": "full", "window": None, "attention_backend": "auto"}
    backbone = json.dumps(kind | sizes | blocks, separators=(",", ":"))
    return f"init=null backbone={backbone}"


def curve(run: Path, name: str, kind: str = "train") -> list[float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line[name] for line in lines if line["kind"] == kind and name in line]


PULLS = ("grad_rec", "grad_lpips", "grad_gan")

NAMES = ("mse", "diff", "lpips", "kl", "gan", "discriminator", "gan_scale", "gradient_norm", *PULLS)


WIDTHS = [8, 8, 16, 32, 64]


def in_words(settings: Mapping[str, Any]) -> list[str]:
    """As overrides without spaces, which would end a word of a worker's job."""
    return [f"{k}={json.dumps(v, separators=(',', ':'))}" for k, v in settings.items()]
