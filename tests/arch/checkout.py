"""A checkout of somebody's VAE in a folder: a package with a class, and weights it can be given."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

CODE = '''
import torch
from types import SimpleNamespace
from torch import nn


class Autoencoder(nn.Module):
    """t2 s4, pixels in [0, 1], axes B T C H W: the first frame is shown twice to the first cell."""

    def __init__(self, width, out="distribution"):
        super().__init__()
        self.out = out
        self.down = nn.Conv3d(3, 2 * width, (2, 4, 4), (2, 4, 4))
        self.up = nn.ConvTranspose3d(width, 3, (2, 4, 4), (2, 4, 4))

    def to_latent(self, x):
        assert x.is_meta or (0.0 <= x.min() and x.max() <= 1.0)
        x = x.movedim(2, 1)
        moments = self.down(torch.cat([x[:, :, :1], x], dim=2)).movedim(1, 2)
        mean, logvar = moments.chunk(2, dim=2)
        if self.out == "distribution":
            return SimpleNamespace(latent_dist=SimpleNamespace(mean=mean, logvar=logvar))
        if self.out == "moments":
            return moments
        return mean + (0.5 * logvar).exp() * torch.randn_like(mean)

    def to_pixels(self, z):
        x = self.up(z.movedim(2, 1))[:, :, 1:].movedim(1, 2)
        return SimpleNamespace(sample=x.sigmoid())


def make(width):
    return Autoencoder(width)
'''


def write_checkout(folder: Path, *, package: str) -> dict[str, Any]:
    """Code in ``folder/package/vae.py``, weights beside it; the facts, as YAML would have them."""
    (folder / package).mkdir(parents=True)
    (folder / package / "__init__.py").touch()
    (folder / package / "vae.py").write_text(CODE)
    save_file(weights(), folder / "vae.safetensors")
    return {
        "name": "external",
        "checkout": str(folder),
        "target": f"{package}.vae:Autoencoder",
        "arguments": {"width": 4},
        "weights": str(folder / "vae.safetensors"),
        "encode": "to_latent",
        "decode": "to_pixels",
        "latent": "distribution",
        "latent_channels": 4,
        "layout": "BTCHW",
        "range": [0, 1],
        "stride": [2, 4],
    }


def weights() -> dict[str, Tensor]:
    """The same every time."""
    scope: dict[str, Any] = {"SimpleNamespace": SimpleNamespace, "nn": nn}
    exec(CODE, scope)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network: nn.Module = scope["Autoencoder"](4)
    return dict(network.state_dict())
