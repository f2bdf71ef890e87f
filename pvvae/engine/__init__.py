"""The only part of the project that knows DeepSpeed."""

from pvvae.engine.engine import Engine
from pvvae.engine.processes import start, stop
from pvvae.engine.settings import EngineConfig

__all__ = ["Engine", "EngineConfig", "start", "stop"]
