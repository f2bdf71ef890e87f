"""One network, its optimizer and its average, sharded by ZeRO."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import deepspeed
import torch
from deepspeed.utils import safe_get_full_fp32_param
from torch import Tensor, nn

from pvvae import distributed
from pvvae.engine.activation_checkpointing import recompute
from pvvae.engine.compile import compile_segments, leave_hooks_out
from pvvae.engine.fragments import AVERAGE, WEIGHT, Fragment, FragmentReader, write_fragments
from pvvae.engine.gradient_order import OrderedReduction
from pvvae.engine.gradients import Gradients
from pvvae.engine.settings import EngineConfig, OptimizerConfig, deepspeed_settings
from pvvae.engine.sharding import MOMENTS, Sharding


class Engine:
    """Forward, backward and step of one network.

    Two networks are two engines. Never backpropagate through one engine's output into another's
    graph: cut the graph and use the other network itself (see ``objective.frozen``).
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        config: EngineConfig,
        optimizer: OptimizerConfig,
        accumulation: int,
    ) -> None:
        """Shard ``network``; only parameters that require gradients now are trained.

        Args:
            network: with its initial weights, equal on all processes.
            config: sharding and precision.
            optimizer: AdamW's constants.
            accumulation: backward passes of this process in one step.
        """
        trainable = [p for p in network.parameters() if p.requires_grad]
        settings = deepspeed_settings(
            config,
            optimizer,
            elements=sum(p.numel() for p in trainable),
            accumulation=accumulation,
            on_cpu=not torch.cuda.is_available(),
        )
        self.config = config
        self.trained = sum(p.numel() for p in trainable)
        """Elements that are trained, over all processes."""
        if config.compile:
            compile_segments(network)
        recompute(network, config.activation_checkpointing)
        in_order = OrderedReduction(network)
        self._engine, self._optimizer, _, _ = deepspeed.initialize(
            model=network, model_parameters=trainable, config=settings, dist_init_required=False
        )
        in_order.attach(self._engine, self._optimizer)
        if config.compile and config.zero_stage == 3:
            leave_hooks_out(network)
        self._sharding = Sharding(network, self._optimizer, zero_stage=config.zero_stage)
        self._gradients = Gradients(network, self._optimizer)
        self.gradient_norm = 0.0
        """Norm of the last step's gradient, before clipping."""
        self._average: list[Tensor] | None = None
        if config.ema_decay is not None:
            self._average = [shard.detach().clone() for shard in self._sharding.weights()]

    @property
    def network(self) -> nn.Module:
        """The network itself, without the engine's hooks on its output."""
        return self._engine.module  # type: ignore[no-any-return]

    @property
    def dtype(self) -> torch.dtype:
        """What the network computes in."""
        return torch.bfloat16 if self.config.precision == "bf16" else torch.float32

    def __call__(self, *inputs: Any) -> Any:
        """Run the network on what its ``forward`` takes."""
        return self._engine(*inputs)

    def backward(self, loss: Tensor) -> None:
        """Accumulate gradients; the last of ``accumulation`` calls reduces them over processes.

        Raises:
            RuntimeError: naming the trained parameters that the loss does not depend on.
        """
        self._engine.backward(loss)

    def step(self, *, lr: float) -> None:
        """Count one backward pass; after the last one of the step, update the weights."""
        for group in self._optimizer.param_groups:
            group["lr"] = lr
        boundary = self._engine.is_gradient_accumulation_boundary()
        if boundary and self.config.zero_stage == 0:
            # DeepSpeed knows no norm here: plain AdamW, gradients whole on every process.
            grads = [p.grad for p in self.network.parameters() if p.grad is not None]
            self.gradient_norm = float(torch.nn.utils.get_total_norm(grads))
        self._engine.step()
        if not boundary:
            return
        norm = self._engine.get_global_grad_norm()
        if norm is not None and self.config.zero_stage > 0:
            self.gradient_norm = float(norm)
        if self._average is not None and self._engine.was_step_applied():
            assert self.config.ema_decay is not None
            for mean, shard in zip(self._average, self._sharding.weights(), strict=True):
                mean.lerp_(shard.detach(), 1.0 - self.config.ema_decay)

    @property
    def at_boundary(self) -> bool:
        """Whether the last backward pass of a step is done or going on."""
        return bool(self._engine.is_gradient_accumulation_boundary())

    def gradient_square(self) -> Tensor:
        """This process's part () of the squared norm of the step's whole gradient.

        Once the last backward pass is done; the sum over processes is the square itself.
        """
        return self._gradients.square()

    def skip(self) -> None:
        """Count the last backward pass of a step and forget its gradient; nothing else changes."""
        if self.config.zero_stage == 0 and self.config.precision == "fp32":
            self._optimizer.step = lambda: None  # plain AdamW would take whatever there is
            self._engine.step()
            del self._optimizer.step
            return
        # Every other optimizer refuses a gradient that is not finite, and cleans up after itself.
        with self._gradients.forced_overflow():
            self._engine.step()
        assert not self._engine.was_step_applied()

    def elements(self) -> dict[str, int]:
        """How many elements this process holds, padding included, by what they are."""
        state = {kind: sum(flat.numel() for flat in flats) for kind, flats in self._kept()}
        return {"network": self._sharding.network_elements(), **state}

    def weights(self, *, averaged: bool = False) -> dict[str, Tensor]:
        """Whole fp32 weights on the CPU of the main process, empty elsewhere; a collective call."""
        if not averaged:
            return self._gather()
        with self.averaged():
            return self._gather()

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the network have the averaged weights meanwhile, if any are kept; collective."""
        if self._average is None:
            yield
            return
        self._swap_average()
        try:
            yield
        finally:
            self._swap_average()

    def snapshot(self) -> Callable[[Path], list[Path]]:
        """Copy this process's part; what is returned writes the copy into a folder, at any time.

        The folder then holds the trained parameters, the optimizer's state and the average, to be
        taken up by any number of processes under any ZeRO stage, see :mod:`pvvae.engine.fragments`.
        """
        kept = dict(self._kept())
        fragments = [
            Fragment(p.name, p.start, {k: p.of(flats).cpu().clone() for k, flats in kept.items()})
            for p in self._sharding.places
            if self.config.zero_stage > 0 or distributed.is_main()
        ]
        steps, shapes = self._sharding.steps, self._sharding.shapes
        name = f"part_{distributed.rank():05d}.safetensors"

        def write(folder: Path) -> list[Path]:
            if not fragments:
                return []
            write_fragments(folder / name, fragments, steps=steps, shapes=shapes)
            return [folder / name]

        return write

    def load(self, folder: Path) -> None:
        """Take up what :meth:`snapshot` wrote, exactly; a collective call."""
        saved = FragmentReader(folder)
        for kind, flats in self._kept():
            for place in self._sharding.places:
                place.of(flats).copy_(saved.read(kind, place.name, place.start, place.length))
        self._sharding.steps = saved.steps
        self._sharding.copy_to_compute_weights()

    def _kept(self) -> Iterator[tuple[str, list[Tensor]]]:
        """Kinds of values that make up the engine's state, each in its flat tensors."""
        yield WEIGHT, self._sharding.weights()
        for kind in MOMENTS:
            yield kind, self._sharding.moments(kind)
        if self._average is not None:
            yield AVERAGE, self._average

    def _swap_average(self) -> None:
        assert self._average is not None
        for shard, mean in zip(self._sharding.weights(), self._average, strict=True):
            held = shard.data.clone()
            shard.data.copy_(mean)
            mean.copy_(held)
        self._sharding.copy_to_compute_weights()

    def _gather(self) -> dict[str, Tensor]:
        whole: dict[str, Tensor] = {}
        for name, parameter in self.network.named_parameters():
            value = self._whole(parameter)
            if distributed.is_main():
                whole[name] = value.detach().float().cpu().clone()
        if distributed.is_main():
            kept = self.network.state_dict().keys()
            buffers = self.network.named_buffers()
            whole |= {name: b.detach().cpu().clone() for name, b in buffers if name in kept}
        return whole

    def _whole(self, parameter: nn.Parameter) -> Tensor:
        if parameter.requires_grad and self.config.zero_stage > 0:
            value = safe_get_full_fp32_param(parameter)
            if value is not None:
                return value  # type: ignore[no-any-return]
        with deepspeed.zero.GatheredParameters([parameter], enabled=self.config.zero_stage == 3):
            return parameter.detach().clone()
