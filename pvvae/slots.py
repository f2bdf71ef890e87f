"""The parts of a step, and which of them are whose."""

from pvvae import distributed
from pvvae.errors import ConfigError


def process_slots(slots: int) -> range:
    """The slots of this process; they have been checked."""
    return range(distributed.rank(), slots, distributed.world_size())


def check_slots(slots: int, processes: int, *, key: str) -> None:
    """Refuse slots that cannot be shared out evenly.

    Raises:
        ConfigError: naming the config's ``key``.
    """
    if slots % processes:
        fitting = [n for n in range(1, slots + 1) if slots % n == 0]
        raise ConfigError(
            f"{key}: {slots} slots cannot be shared evenly by {processes} processes; use "
            f"{' or '.join(map(str, fitting))} processes, or a multiple of {processes} slots"
        )
