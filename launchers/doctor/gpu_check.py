"""One check of docs/gpu-checks.md, and how it came out."""

from dataclasses import dataclass
from typing import Literal

Words = tuple[str, ...]
"""A program and its words: ``pvvae``, ``pytest`` or ``measure`` first."""
State = Literal["pass", "fail", "unfinished", "not possible here"]


@dataclass(frozen=True, kw_only=True)
class GpuCheck:
    """A question to a machine, and the programs that answer it; exit status 0 is a pass."""

    name: str
    number: int | None = None
    """In docs/gpu-checks.md."""
    asks: str
    bound: str
    """What must hold."""
    source: str
    """Where the bound is from."""
    on_gpu: tuple[Words, ...] = ()
    """Programs on a GPU; none where ``wants`` says what a GPU alone is not enough for."""
    on_cpu: tuple[Words, ...] = ()
    """The programs at tiny sizes, without a GPU; none where that would say nothing."""
    gpus: int = 1
    """GPUs that ``on_gpu`` wants."""
    wants: str = "a GPU"
    """What is missing where there is no program."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """How a check came out on one kind of machine."""

    state: State
    figure: str
    """What was measured, or why nothing was."""
    bound: str
    source: str
    seconds: float
    machine: str
