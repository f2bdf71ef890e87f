"""The only part of the project that knows DeepSpeed."""

from pvvae.engine.engine import Engine
from pvvae.engine.processes import start, stop
from pvvae.engine.settings import EngineConfig
from pvvae.engine.together import step_together

__all__ = ["Engine", "EngineConfig", "start", "step_together", "stop"]
