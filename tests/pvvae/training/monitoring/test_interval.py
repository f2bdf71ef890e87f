import os

import pytest
import torch

from pvvae.training.monitoring.flops import Work
from pvvae.training.monitoring.interval import Window
from pvvae.training.monitoring.spikes import Spikes
from pvvae.training.monitoring.throughput import Wait
from tests.processes import run_group


def part(**values: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def test_means_are_over_the_steps_that_have_the_value():
    window = Window(Wait(), Work(None))
    window.add(part(mse=1.0, clips=4.0), {"gradient_norm": 1.0})
    window.skip()
    window.add(part(mse=2.0, gan=5.0, clips=8.0), {"gradient_norm": 1.0})
    assert window.close() == {"mse": 1.5, "gan": 5.0, "skipped": 1}
    assert window.times["clips_per_second"] > 0


def test_a_closed_window_is_empty():
    window = Window(Wait(), Work(None))
    window.add(part(mse=1.0), {})
    window.close()
    window.skip()
    assert window.close() == {"skipped": 1}


def test_steps_with_spikes_are_counted_and_named():
    window = Window(Wait(), Work(None), spikes=Spikes(window=2, sigma=1.5))
    for mse, norm in ((1.0, 1.0), (2.0, 2.0), (9.0, 1.0)):  # 9 is far above 1.5 + 1.5 * 0.5
        window.add(part(mse=mse, pixels=mse), {"gradient_norm": norm})
    assert window.close() == {"mse": 4.0, "skipped": 0, "spikes": 1, "spiked": "mse"}
    window.add(part(mse=99.0, pixels=1.0), {"gradient_norm": 99.0})  # the past goes on
    found = window.close()
    assert (found["spikes"], found["spiked"]) == (1, "gradient_norm mse")
    window.add(part(mse=1.0, pixels=1.0), {"gradient_norm": 1.0})
    assert window.close() == {"mse": 1.0, "skipped": 0, "spikes": 0}


@pytest.mark.matrix
def test_a_spike_of_one_process_s_clips_is_one_for_all():
    first, second = run_group(["-m", "tests.pvvae.training.monitoring.test_interval"], processes=2)
    assert first.strip() == str({"mse": 2.25, "skipped": 0, "spikes": 1, "spiked": "mse"})
    assert second.strip() == first.strip()


def main(rank: int) -> None:
    """Both processes' part of the test above; only the second one's clips are odd."""
    from pvvae.distributed import leave
    from pvvae.engine import start, stop

    start()
    window = Window(Wait(), Work(None), spikes=Spikes(window=3, sigma=2.0))
    for value in (0.5, 0.75, 0.25, 3.0):
        window.add(part(mse=value * 2.0 * rank), {})
    print(window.close())
    stop()
    leave(0)


if __name__ == "__main__":
    main(int(os.environ["RANK"]))
