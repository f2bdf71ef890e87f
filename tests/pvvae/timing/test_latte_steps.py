"""Bytes of tensors, counted from their making to their end."""

import torch

from pvvae.timing.latte_steps import PeakMemory


def test_the_peak_has_what_was_held_before_in_it():
    memory = PeakMemory(torch.device("cpu"))
    held = []
    with memory.counted():
        held.append(torch.zeros(1000))  # 4000 bytes

    def work() -> None:
        first = held[0] + 1
        del first
        second = torch.cat(held * 2)
        del second

    assert memory.peak(work) == 4000 + 8000
    assert memory.peak(lambda: held[0] + 1) == 4000 + 4000
    held.clear()
    assert memory.peak(lambda: None) == 0
