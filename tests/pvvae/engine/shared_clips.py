"""A group of processes computes clips in teams: ``python -m tests.pvvae.engine.shared_clips TEAM``.

Prints, as one line of JSON, the largest differences from what each process computes alone.
"""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from deepspeed.utils import safe_get_full_grad
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from arch.interface import Backbone
from arch.latte import LatteConfig
from arch.layers.latte_block import Block
from arch.layers.trunk import TransformerBlock
from arch.vit import ViTConfig
from pvvae import distributed
from pvvae.engine import Engine, EngineConfig, share_clips, start, stop
from pvvae.engine.sequence_parallel import ProcessTeam, TeamTokens
from pvvae.engine.settings import OptimizerConfig
from pvvae.model import PredictiveVAE
from pvvae.planning.meta_attention import FusedAttention
from pvvae.planning.storages import SavedActivations

VIT = ViTConfig(
    latent_channels=3,
    patch=(4, 4, 4),
    width=32,
    heads=4,
    encoder_blocks=2,
    decoder_blocks=2,
    mlp_ratio=2,
    rope_base=100.0,
    attention="full",
    window=None,
    attention_backend="auto",
)
LATTE = LatteConfig(
    latent_channels=3,
    num_classes=2,
    depth=4,
    width=16,
    heads=4,
    mlp_ratio=2.0,
    qk_norm=False,
    mlp="gelu",
    positions="sinusoids",
    attention_backend="auto",
)


def awake(network: nn.Module) -> nn.Module:
    """No layer starts at zero, so that everything matters to the outcome; in float64."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return network.double()


def drawn(*shape: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


Run = Callable[[nn.Module, Tensor], Tensor]


def cases() -> Iterator[tuple[str, nn.Module, Run, Tensor]]:
    """Name, network, how it is run, and its input; most numbers of tokens do not divide by 4."""
    torch.manual_seed(0)  # the same weights on all processes, as the first pass finds them

    def vae(network: nn.Module, x: Tensor, dropped: int | Tensor = 0) -> Tensor:
        recon, mean, logvar = network(x, dropped, drawn(*latents(x), seed=5))
        seen = mean.shape[2] if isinstance(dropped, int) else 2
        return torch.cat([part.flatten() for part in (recon, mean[:, :, :seen], logvar)])

    def masked(network: nn.Module, x: Tensor) -> Tensor:
        recon, _, _ = network(x, torch.tensor([3, 0]), drawn(*latents(x), seed=5))
        return recon.flatten()

    def latte(network: nn.Module, x: Tensor) -> Tensor:
        return network(x, torch.tensor([0.3, 0.8]), torch.tensor([1, 2])).flatten()

    causal = dataclasses.replace(VIT, attention="block_causal", window=2)
    clips = drawn(2, 3, 17, 8, 12, seed=1)  # 5 groups of 2 x 3 cells
    yield "full", PredictiveVAE(VIT.build()), vae, clips
    yield "dropped", PredictiveVAE(VIT.build()), lambda n, x: vae(n, x, 2), clips
    yield "masked", PredictiveVAE(VIT.build()), masked, clips
    yield "causal", PredictiveVAE(causal.build()), vae, clips
    yield "long", PredictiveVAE(VIT.build()), vae, drawn(1, 3, 65, 4, 12, seed=2)
    yield "image", PredictiveVAE(VIT.build()), vae, drawn(1, 3, 1, 4, 4, seed=3)
    yield "recomputed", recomputing(PredictiveVAE(VIT.build())), vae, clips
    yield "latte", LATTE.build(), latte, drawn(2, 3, 5, 2, 3, seed=4)
    yield "latte of images", LATTE.build(), latte, drawn(2, 3, 1, 2, 3, seed=4)


def recomputing(network: nn.Module) -> nn.Module:
    """Its blocks are computed again in the backward pass, and make the same calls again."""
    for module in network.modules():
        if isinstance(module, TransformerBlock):
            module.forward = partial(checkpoint, module.forward, use_reentrant=False)
    return network


def latents(x: Tensor) -> tuple[int, ...]:
    return (x.shape[0], 3, 1 + (x.shape[2] - 1) // 4, x.shape[3] // 4, x.shape[4] // 4)


def shared(network: nn.Module, team: int) -> None:
    inner = network.backbone if isinstance(network, PredictiveVAE) else network
    share_clips(inner, team=team)


def loss_of(out: Tensor) -> Tensor:
    return (out * drawn(*out.shape, seed=6)).sum()


def away(found: Tensor, expected: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    assert float(expected.abs().max()) > 0
    return float((found - expected).abs().max() / expected.abs().max())


def in_plain_torch(network: nn.Module, run: Run, x: Tensor, team: int) -> dict[str, Any]:
    """Output, gradient of the input on each process, gradients of the parameters on average.

    And the shape of the tokens that each block had here.
    """
    tokens: list[list[int]] = []
    for module in network.modules():
        if isinstance(module, TransformerBlock | Block):
            module.register_forward_pre_hook(lambda _, inputs: tokens.append([*inputs[0].shape]))

    def passes() -> tuple[Tensor, Tensor, list[Tensor]]:
        leaf = x.clone().requires_grad_(True)
        out = run(network, leaf)
        own, *grads = torch.autograd.grad(loss_of(out), [leaf, *network.parameters()])
        return out.detach(), own, list(grads)

    awake(network)
    alone = passes()
    shared(network, team)
    tokens.clear()
    found = passes()
    means = [distributed.sum_(grad.clone()) / distributed.world_size() for grad in found[2]]
    pairs = zip(means, alone[2], strict=True)
    worst = max(away(f, e) for f, e in pairs if e.abs().max() > 0)  # the pad's, with no drops, is 0
    return {
        "output": away(found[0], alone[0]),
        "input": away(found[1], alone[1]),
        "parameters": worst,
        "tokens": tokens,
    }


def in_an_engine(stage: int, team: int) -> dict[str, float]:
    """Gradients that ZeRO has reduced, each team with a clip of its own, against plain torch's."""

    def loss(network: nn.Module, number: int) -> Tensor:
        x = drawn(1, 3, 17, 8, 12, seed=10 + number).float()
        return loss_of(network(x, 1, drawn(*latents(x), seed=5).float())[0])

    torch.manual_seed(0)
    network = awake(PredictiveVAE(VIT.build())).float()
    teams = distributed.world_size() // team
    alone = sum(loss(network, number) for number in range(teams)) / teams
    expected = dict(
        zip(
            [name for name, _ in network.named_parameters()],
            torch.autograd.grad(alone, list(network.parameters())),
            strict=True,
        )
    )
    shared(network, team)
    settings = {"precision": "fp32", "persistent_elements": 0, "bucket_elements": 2000}
    config = EngineConfig(zero_stage=stage, **settings)
    engine = Engine(network, config=config, optimizer=OptimizerConfig(lr=1e-3), accumulation=1)
    engine.backward(loss(engine, distributed.rank() // team))
    whole = {
        name: p.grad if stage == 0 else safe_get_full_grad(p)
        for name, p in engine.network.named_parameters()
    }
    largest = max(float(grad.abs().max()) for grad in expected.values())
    worst = max(float((whole[name] - grad).abs().max()) for name, grad in expected.items())
    engine.step(lr=1e-3)
    norm = float(nn.utils.get_total_norm(expected.values()))
    return {"gradients": worst / largest, "norm": abs(engine.gradient_norm / norm - 1)}


def moves(team: int) -> dict[str, float]:
    """What goes there and back comes back, remainders too; parts are equally long."""
    sequence = TeamTokens(ProcessTeam(team))
    x = drawn(2, 7, 5, seed=7)
    part = sequence.split(x, dim=1)
    there = sequence.exchange(part, whole=1, length=7, split=2)
    back = sequence.exchange(there, whole=2, length=5, split=1)
    assert part.shape == back.shape == (2, -(-7 // team), 5)
    assert there.shape == (2, 7, -(-5 // team))
    rank, size = dist.get_rank() % team, -(-5 // team)
    wanted = x[:, :, rank * size : (rank + 1) * size]
    return {
        "gathered": away(sequence.gather(part, dim=1, length=7), x),
        "exchanged": float((there[:, :, : wanted.shape[2]] - wanted).abs().sum()),
        "padding": float(there[:, :, wanted.shape[2] :].abs().sum()),
        "back": float((back - part).abs().sum()),
    }


def in_bf16(team: int) -> dict[str, float]:
    """What travels may be bfloat16."""
    torch.manual_seed(0)
    network = awake(VIT.build()).bfloat16()
    assert isinstance(network, Backbone)
    x = drawn(1, 3, 17, 8, 12, seed=1).bfloat16()
    with torch.no_grad():
        alone = network.encode(x).mean
        share_clips(network, team=team)
        return {"output": away(network.encode(x).mean, alone)}


def planned(team: int) -> dict[str, float]:
    """Bytes of activations that a rehearsal alone counts, to those that a team saves; and theirs
    to those of one process."""

    def saved(network: nn.Module, x: Tensor) -> int:
        counter = SavedActivations([*network.parameters(), *network.buffers()])
        with counter.counting(), FusedAttention():
            kept = network(x)
        assert len(kept) == 3  # its graph has lived until now
        return counter.bytes

    network, x = PredictiveVAE(VIT.build()), torch.zeros(1, 3, 65, 8, 12)
    with torch.device("meta"):
        rehearsed = PredictiveVAE(VIT.build())
    alone = saved(network, x)
    shared(network, team)
    share_clips(rehearsed.backbone, team=team, absent=True)
    real = saved(network, x)
    return {"planned": saved(rehearsed, x.to("meta")) / real, "part": real / alone}


def main() -> None:
    start()
    team = int(sys.argv[1])
    found = {name: in_plain_torch(n, run, x, team) for name, n, run, x in cases()}
    found |= {f"zero{stage}": in_an_engine(stage, team) for stage in (0, 1, 2, 3)}
    found |= {"moves": moves(team), "bf16": in_bf16(team), "memory": planned(team)}
    print("found", json.dumps(found))
    stop()
    distributed.leave(0)


if __name__ == "__main__":
    main()
