"""What a machine is wanted for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pvvae.run.run import RunConfig

SHARED_MEMORY = Path("/dev/shm")
"""Where Linux keeps what processes share; torch's data workers hand over their batches there."""
RUNS = Path("runs")
"""Where the shipped configs have their run folders."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked of one node; what is None was not asked for."""

    run: Path = RUNS
    """Folder that will be written, there or not."""
    shared_memory: Path = SHARED_MEMORY
    processes: int | None = None
    """On this node; None is one for each GPU, or one."""
    nodes: int = 1
    """Nodes that run a stage together."""
    config: "RunConfig | None" = None
    """The stage's; None is no config."""
    workers: int | None = None
    """Data workers of each process; None is no config."""
    batch_bytes: int = 0
    """Bytes of the largest batch that a worker hands over."""
    parts: frozenset[str] | None = None
    """Optional parts that a config needs, such as "compiler" or "flash-attn"; None is no config."""
    weights: tuple[str, ...] | None = None
    """Names in the catalog of weights that are needed; None is no config."""
    device_bytes: int | None = None
    """Bytes of a GPU that one process needs."""
    host_bytes: int | None = None
    """Bytes of the node's memory that all its processes need."""
    disk_bytes: int | None = None
    """Bytes that the run folder will hold."""
    hours: float | None = None
    """How long the run takes by ``pvvae plan``."""

    def needs(self, part: str) -> bool:
        """Whether a config needs the part."""
        return self.parts is not None and part in self.parts
