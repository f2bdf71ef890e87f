"""Attention kernels: which load, and whether they compute what torch's own does."""

import importlib
import importlib.util
from collections.abc import Iterator

import torch
from torch import Tensor

from arch.layers.attention import IntervalMask, Mask
from arch.layers.attention.call import call_of
from arch.layers.attention.flash import FlashKernel
from arch.layers.attention.kernels import KERNELS, Kernel
from pvvae.doctor.finding import Finding, register_check
from pvvae.doctor.wanted import Wanted

HEAD_DIM = 64
"""Width of a head of the paper's VAE (Table 7)."""
TOLERANCES = {torch.float32: 2e-5, torch.bfloat16: 2e-2}
"""Largest error relative to the largest value. Ours: a few roundings of values of size one
(2**-24 and 2**-9), times the length of a sum here; another mask is wrong by its tens of percent."""
REFERENCE = "sdpa"
ABSENT = "not installed"
COMPILED = "flex"
"""Takes a compilation of its own, which is no matter of seconds."""


@register_check("attention")
def attention(wanted: Wanted) -> Iterator[Finding]:
    """Every kernel that is here, by a small calculation against torch's own in double precision."""
    for name, kernel in KERNELS.items():
        module = kernel.module if isinstance(kernel, FlashKernel) else _package(name)
        broken = None if module is None else import_trouble(module)
        if broken is not None:
            absent = broken == ABSENT
            if absent and wanted.parts is not None and not wanted.needs(name):
                continue  # a config asks for what it needs
            yield Finding(
                name=f"attention: {name}",
                found=broken,
                right=False if wanted.needs(name) or not absent else None,
                advice=f"reinstall {name} for this torch ({torch.__version__}), or remove it"
                if not absent
                else (f"install {name}, or attention_backend: auto" if wanted.needs(name) else ""),
            )
        elif name != COMPILED:
            yield computes(name, kernel)


def computes(name: str, kernel: Kernel) -> Finding:
    """Whether a kernel's values and gradients are right on this machine's device."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    q, k, v = (each.to(device, dtype).requires_grad_() for each in _inputs())
    if obstacle := kernel.obstacle(call_of(q, k, v)):
        return Finding(
            name=f"attention: {name}", found=f"not for this machine: {obstacle}", right=None
        )
    worst = max(error(kernel, (q, k, v), sight) for sight in _sights())
    right = worst <= TOLERANCES[dtype]
    return Finding(
        name=f"attention: {name}",
        found=f"{'as' if right else 'not as'} in double precision on {device}: "
        f"off by {worst:.1e}, bound {TOLERANCES[dtype]:.0e}",
        right=right,
        advice=""
        if right
        else f"do not use it here: attention_backend: {REFERENCE}; reinstall {name}",
    )


def error(kernel: Kernel, inputs: tuple[Tensor, Tensor, Tensor], sight: Mask) -> float:
    """Largest error of values and gradients, relative to the largest value; infinite if none."""
    q, k, v = (each.detach().double().requires_grad_() for each in inputs)
    wished = [*_with_gradients(KERNELS[REFERENCE], (q, k, v), sight)]
    found = [*_with_gradients(kernel, inputs, sight)]
    errors = []
    for one, other in zip(found, wished, strict=True):
        far = float((one.double() - other).abs().max() / other.abs().max())
        errors.append(far if far == far else float("inf"))  # NaN is wrong by any bound
    return max(errors)


def _with_gradients(
    kernel: Kernel, inputs: tuple[Tensor, Tensor, Tensor], sight: Mask
) -> Iterator[Tensor]:
    q, k, v = inputs
    out = kernel(q, k, v, sight)
    yield out.detach()
    weights = torch.linspace(-1.0, 1.0, out.numel(), device=out.device, dtype=torch.float64)
    yield from torch.autograd.grad((out.double() * weights.view_as(out)).sum(), inputs)


def _inputs() -> list[Tensor]:
    """Queries, keys and values (2, 3 heads, 12, D)."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, 12, HEAD_DIM, generator=generator) for _ in range(3)]


def _sights() -> tuple[IntervalMask | None, ...]:
    return None, IntervalMask.block_causal(3, size=4, window=None)


def import_trouble(module: str) -> str | None:
    """Why a module cannot be imported, None if it can."""
    try:
        if importlib.util.find_spec(module) is None:
            return ABSENT
        importlib.import_module(module)
    except Exception as error:  # a broken package may raise anything
        if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
            return ABSENT
        first = str(error).strip().splitlines() or [""]
        return f"cannot be imported: {type(error).__name__}: {first[0]}"
    return None


def _package(name: str) -> str | None:
    """The package behind a kernel that is no version of flash-attn; torch's own have none."""
    return name if name == "xformers" else None
