"""The only part of the project that knows DeepSpeed."""

from pvvae.engine.compiled import compile_whole
from pvvae.engine.engine import Engine
from pvvae.engine.processes import pretend, start, stop
from pvvae.engine.recomputed import LEVELS, Recomputed, recompute
from pvvae.engine.sequence import share_clips
from pvvae.engine.settings import EngineConfig
from pvvae.engine.together import step_together

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
    "step_together",
    "stop",
]
