"""The only part of the project that knows DeepSpeed."""

from pvvae.engine.activation_checkpointing import LEVELS, Recomputed, recompute
from pvvae.engine.compile import compile_whole
from pvvae.engine.engine import Engine
from pvvae.engine.joint_step import step_all_or_none
from pvvae.engine.processes import pretend, start, stop
from pvvae.engine.sequence_parallel import share_clips
from pvvae.engine.settings import EngineConfig

__all__ = [
    "LEVELS",
    "Engine",
    "EngineConfig",
    "Recomputed",
    "compile_whole",
    "pretend",
    "recompute",
    "share_clips",
    "start",
    "step_all_or_none",
    "stop",
]
