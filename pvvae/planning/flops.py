"""FLOPs of the slots that a stage really had, for its monitoring."""

from pvvae.data.schedule import Bucket
from pvvae.planning.measure import flops_of
from pvvae.planning.stage import Rehearsal, rehearsal_of
from pvvae.training.monitoring.flops import CountFlops, SlotWork


def slot_counter(config: object, *, freeze_encoder: bool = False) -> CountFlops:
    """Count as ``pvvae plan`` does: the slot's work on tensors without memory.

    The networks are built (without weights) at the first count, so without a count they
    cost nothing.
    """
    built: list[Rehearsal] = []

    def count(slot: SlotWork) -> float:
        if not built:
            built.append(rehearsal_of(config, freeze_encoder=freeze_encoder))
        batch, frames, height, width = slot.shape
        bucket = Bucket(frames=frames, height=height, width=width, batch=batch)
        phases = flops_of(lambda: built[0].phases(bucket, dropped=slot.dropped, gan=slot.gan))
        return sum(phases.values()) + (slot.forward_passes - 1) * phases["forward"]

    return count
