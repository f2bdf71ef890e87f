"""Networks here against double precision, and the ceiling of speed."""

import copy
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from arch.interface import BackboneConfig
from launchers.bench.models import CONFIGS
from launchers.doctor.figure import Figure
from pvvae import config as codec
from pvvae.metrics.i3d import I3D
from pvvae.model import PredictiveVAE

LOGITS = 1e-4
"""Share of the largest logit. Ours: FVD is given to a thousandth."""
LOSSES = {torch.float32: 1e-4, torch.bfloat16: 3e-2}
"""Relative error of a loss. Ours: 2**-24 and 2**-9 times the depth of the tiny networks."""
BACKBONES = ("tiny/cnn", "tiny/vit")
SIDES = {"cpu": 1024, "cuda": 8192}
"""Rows of a square matrix. Ours: large enough that a GPU is full, a second of a core."""


def i3d() -> Iterator[Figure]:
    """I3D's logits of one clip, on this machine's device, against the CPU's in double precision."""
    generator = torch.Generator().manual_seed(0)
    clip = torch.rand(1, 3, 16, 224, 224, generator=generator) * 2.0 - 1.0
    network = I3D().eval()
    with torch.no_grad():
        exact = copy.deepcopy(network).double().logits(clip.double())
        found = network.to(_device()).logits(clip.to(_device()))
    yield Figure(name="I3D's logits:", value=_distance(found, exact), most=LOGITS)


def precision() -> Iterator[Figure]:
    """The error of reconstruction of tiny networks, in every precision that training has."""
    for name in BACKBONES:
        plain = codec.read_yaml(CONFIGS / name / "backbone.yaml")["backbone"]
        torch.manual_seed(0)
        vae = PredictiveVAE(
            codec.decode(BackboneConfig, plain, "backbone").build(), pad="learnable"
        )
        clip = torch.rand(2, 3, 9, 32, 32, generator=torch.Generator().manual_seed(0)) * 2.0 - 1.0
        with torch.no_grad():
            exact = _loss(copy.deepcopy(vae).double(), clip.double())
            for dtype, most in LOSSES.items():
                network = copy.deepcopy(vae).to(_device(), dtype)
                found = _loss(network, clip.to(_device(), dtype))
                what = str(dtype).removeprefix("torch.")
                yield Figure(name=f"{name}, {what}:", value=_distance(found, exact), most=most)


def matrix_product() -> Iterator[Figure]:
    """The fastest of some products of square matrices in the precision of training."""
    device = _device()
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    side = SIDES[device]
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    spent = []
    for _ in range(6):
        began = time.perf_counter()
        a @ b
        if device == "cuda":
            torch.cuda.synchronize()
        spent.append(time.perf_counter() - began)
    rate = 2.0 * side**3 / min(spent[1:])
    yield Figure(name=f"{side} x {side} matrices:", value=rate / 1e12, unit="TFLOP/s")


def _loss(vae: PredictiveVAE, clip: Tensor) -> Tensor:
    posterior = vae.backbone.encode(clip)
    recon = vae.backbone.decode(posterior.mean)
    return (recon.double() - clip.double()).square().mean()


def _distance(found: Tensor, exact: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    return float((found.double().cpu() - exact).abs().max() / exact.abs().max())


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
