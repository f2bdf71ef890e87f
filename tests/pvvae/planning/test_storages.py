"""Counting storages: each once, from birth to death."""

import torch

from pvvae.planning.storages import LiveStorages, SavedActivations


def test_the_peak_is_what_lived_together_not_what_was_made() -> None:
    with LiveStorages([]) as live:
        for _ in range(3):
            x = torch.empty(100, device="meta")
            del x
        y = torch.empty(50, device="meta")
        z = y.view(5, 10)
    assert (live.peak, live.now) == (400, 200)
    del y
    assert live.now == 200  # the view keeps it
    del z
    assert live.now == 0


def test_a_tensor_saved_twice_counts_once_and_a_parameter_not_at_all() -> None:
    weight = torch.empty(10, device="meta", requires_grad=True)
    x = torch.empty(10, device="meta", requires_grad=True)
    saved = SavedActivations([weight])
    with saved.counting():
        out = (x * weight) + (x * weight).square().sum() + x.square().sum()
    assert out.requires_grad
    assert saved.bytes == 2 * 40  # x, and the product that is squared


def test_what_takes_the_place_of_a_dead_storage_counts() -> None:
    parameters = [torch.empty(3, device="meta") for _ in range(100)]
    saved, live = SavedActivations(parameters), LiveStorages(parameters)
    del parameters
    with saved.counting(), live:
        kept = [torch.empty(10, device="meta", requires_grad=True).square() for _ in range(100)]
    assert saved.bytes == 100 * 40
    assert live.now == 2 * 100 * 40  # and the squares
    assert len(kept) == 100
