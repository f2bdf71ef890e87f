"""Starting and ending the process group."""

import datetime
import logging
import os
import warnings
from typing import Any

import deepspeed
import torch
import torch.distributed as dist
from torch import nn
from torch._C._distributed_c10d import HashStore

from pvvae import distributed
from pvvae.distributed import device
from pvvae.engine.settings import EngineConfig, OptimizerConfig, deepspeed_settings
from pvvae.run.process_lifetime import follow_lifeline


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


TIMEOUT = datetime.timedelta(minutes=30)
"""How long a collective may wait. DeepSpeed's was 30 minutes until 0.19.6 made it 10, which a
checkpoint of a large model on a busy file system can exceed."""


def start() -> None:
    """Join the process group that a launcher described in the environment; alone without one.

    Raises:
        RuntimeError: from torch, if the other processes cannot be reached.
    """
    follow_lifeline()
    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    # DeepSpeed calls collectives by names that torch has renamed; users cannot change that.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"torch\.distributed")
    distributed.share_cores()
    if dist.is_initialized():
        return
    # DeepSpeed would compile a C++ operator here (half a minute, and a lock file that a killed
    # build leaves behind); it serves only inference_all_reduce, which nothing in training calls.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    backend = "nccl" if torch.cuda.is_available() else "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(distributed.device())
    if "RANK" in os.environ:
        dist.init_process_group(backend, timeout=TIMEOUT)
    else:
        os.environ["LOCAL_RANK"] = "0"  # DeepSpeed insists on a launcher's word
        dist.init_process_group(backend, store=HashStore(), rank=0, world_size=1)
    deepspeed.init_distributed(dist_backend=backend, timeout=TIMEOUT, verbose=False)


def pretend(processes: int) -> None:
    """Be process 0 of a group of ``processes``, of which the others do not exist.

    Collectives return at once, with this process's own values where the others' belong. So sizes
    are right and numbers mean nothing; a collective that only some processes call goes unnoticed.
    """
    # Shipped with torch for such rehearsals (torchtitan uses it too), if under "testing".
    from torch.testing._internal.distributed.fake_pg import FakeStore

    logging.getLogger("DeepSpeed").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"torch\.distributed")
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    os.environ["LOCAL_RANK"] = "0"
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=processes)
    deepspeed.init_distributed(dist_backend="fake", timeout=TIMEOUT, verbose=False)


def stop() -> None:
    """Leave the process group, when all processes do; a collective call."""
    if dist.is_initialized():
        distributed.barrier()  # a process that exits first closes the others' connections
        dist.destroy_process_group()
