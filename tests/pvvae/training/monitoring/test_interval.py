import os
from pathlib import Path
from statistics import fmean, pstdev

import pytest
import torch

from pvvae.training.monitoring.flops import Work
from pvvae.training.monitoring.interval import LogInterval, Spikes, summary
from pvvae.training.monitoring.throughput import Wait
from tests.processes import run_group

QUIET = [1.0, 2.0, 3.0, 2.0]  # mean 2, deviation 0.5 ** 0.5
LIMIT = fmean(QUIET) + 6.0 * pstdev(QUIET)


def after(values: list[float], *, window: int = 4) -> Spikes:
    spikes = Spikes(window=window, sigma=6.0)
    for value in values:
        assert spikes.look({"mse": value}) == []
    return spikes


def test_a_value_spikes_above_six_deviations_and_not_at_them():
    assert after(QUIET).look({"mse": LIMIT}) == []
    assert after(QUIET).look({"mse": LIMIT + 1e-9}) == ["mse"]
    assert after(QUIET).look({"mse": -100.0}) == []  # downwards is no trouble


def test_nothing_spikes_before_the_window_is_full():
    assert after(QUIET[:3]).look({"mse": 1e9}) == []


def test_a_series_that_stands_still_has_no_spikes():
    assert after([0.0] * 4).look({"mse": 1.0}) == []


def test_a_new_level_is_the_usual_one_soon():
    spikes = after(QUIET)
    assert [spikes.look({"mse": 100.0}) for _ in range(3)] == [["mse"], [], []]


def test_only_the_window_counts():
    spikes = after([1000.0, 0.0, *QUIET])
    assert spikes.look({"mse": LIMIT + 1e-9}) == ["mse"]


def test_every_series_is_by_itself_and_begins_when_it_begins():
    spikes = Spikes(window=4, sigma=6.0)
    for value in QUIET:
        spikes.look({"b": value, "a": value})
    assert spikes.look({"b": 1e9, "a": 1e9, "new": 1e9}) == ["a", "b"]


def test_it_goes_on_from_a_checkpoint_as_if_never_cut(tmp_path: Path):
    values = [0.1, 0.3, 1 / 3, 0.2, 9.0, 0.1, 70.0, 0.7]
    whole = Spikes(window=3, sigma=1.2)
    expected = [whole.look({"mse": value}) for value in values]
    assert ["mse"] in expected
    first = Spikes(window=3, sigma=1.2)
    found = [first.look({"mse": value}) for value in values[:5]]
    write = first.snapshot()
    first.look({"mse": 1e9})  # after the copy: of no consequence
    assert write(tmp_path) == [tmp_path / "spikes.json"]
    second = Spikes(window=3, sigma=1.2)
    second.load(tmp_path)
    found += [second.look({"mse": value}) for value in values[5:]]
    assert found == expected


@pytest.mark.parametrize("known", [[], QUIET])
def test_a_checkpoint_without_a_past_begins_anew(known: list[float], tmp_path: Path):
    spikes = after(known)
    spikes.load(tmp_path)
    assert spikes.look({"mse": 1e9}) == []


def test_a_line_has_the_first_losses_and_the_pace():
    values = {"mse": 0.0123456, "diff": 0.5, "skipped": 2, "kl_channel": [1.0]}
    times = {"seconds_per_step": 1.2345, "clips_per_second": 13.0, "data_wait_share": 0.034}
    assert summary(1000, 50_000, values, times) == (
        "step 1,000 of 50,000, mse 0.0123, diff 0.5, 2 skipped, 1.23 s a step, 13 clips/s, "
        "3% waiting for data"
    )


def test_spikes_are_named():
    values = {"mse": 0.5, "skipped": 0, "spikes": 2, "spiked": "gradient_norm mse"}
    said = "step 1 of 2, mse 0.5, 2 spikes (gradient_norm mse)"
    assert summary(1, 2, values, {}) == said
    assert summary(1, 2, {"mse": 0.5, "skipped": 0, "spikes": 0}, {}) == "step 1 of 2, mse 0.5"


def test_an_interval_without_losses_says_that_it_was_skipped():
    assert summary(2, 4, {"skipped": 1}, {}) == "step 2 of 4, 1 skipped"


def part(**values: float) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(value) for name, value in values.items()}


def test_means_are_over_the_steps_that_have_the_value():
    window = LogInterval(Wait(), Work(None))
    window.add(part(mse=1.0, clips=4.0), {"gradient_norm": 1.0})
    window.skip()
    window.add(part(mse=2.0, gan=5.0, clips=8.0), {"gradient_norm": 1.0})
    assert window.close() == {"mse": 1.5, "gan": 5.0, "skipped": 1}
    assert window.times["clips_per_second"] > 0


def test_a_closed_window_is_empty():
    window = LogInterval(Wait(), Work(None))
    window.add(part(mse=1.0), {})
    window.close()
    window.skip()
    assert window.close() == {"skipped": 1}


def test_steps_with_spikes_are_counted_and_named():
    window = LogInterval(Wait(), Work(None), spikes=Spikes(window=2, sigma=1.5))
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
    window = LogInterval(Wait(), Work(None), spikes=Spikes(window=3, sigma=2.0))
    for value in (0.5, 0.75, 0.25, 3.0):
        window.add(part(mse=value * 2.0 * rank), {})
    print(window.close())
    stop()
    leave(0)


if __name__ == "__main__":
    main(int(os.environ["RANK"]))
