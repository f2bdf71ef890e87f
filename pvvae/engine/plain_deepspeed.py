"""DeepSpeed as its tutorials use it, with our settings and nothing of ours around it."""

from typing import Any

import deepspeed
from torch import nn

from pvvae.distributed import device
from pvvae.engine.optimizer import OptimizerConfig
from pvvae.engine.settings import EngineConfig, deepspeed_settings


def bare_engine(network: nn.Module, *, config: EngineConfig, optimizer: OptimizerConfig) -> Any:
    """DeepSpeed's own engine of ``network``, one backward pass a step: what benches compare with.

    It has no average, no order of gradients and no check of what is finite.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    settings = deepspeed_settings(
        config,
        optimizer,
        elements=sum(p.numel() for p in trained),
        accumulation=1,
        on_cpu=device().type == "cpu",
    )
    engine, *_ = deepspeed.initialize(
        model=network, model_parameters=trained, config=settings, dist_init_required=False
    )
    return engine
