import math

import pytest
import torch

from pvvae.errors import ConfigError
from pvvae.metrics.latent_distance import LatentDistance, latent_distance


def test_it_is_the_mean_length_of_every_step():
    z = torch.randn(2, 4, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    found = latent_distance(z)
    assert found.shape == (2, 3)
    for interval in (1, 2, 3):
        steps = [
            (z[1, :, i + interval, y, x] - z[1, :, i, y, x]).double().norm()
            for i in range(4 - interval)
            for y in range(3)
            for x in range(5)
        ]
        assert found[1, interval - 1].item() == pytest.approx(torch.stack(steps).mean().item())


def test_a_straight_path_grows_in_proportion_to_time():
    time = torch.arange(5.0).view(1, 1, 5, 1, 1)
    measure = LatentDistance()
    measure.update(time * torch.ones(1, 4, 1, 2, 2))  # one step is (1, 1, 1, 1), of length 2
    found = measure.compute()
    assert found.raw == [2.0, 4.0, 6.0, 8.0]
    assert found.normalised == [1.0, 2.0, 3.0, 4.0]


def test_the_normalised_curve_forgets_the_scale_of_the_latents():
    z = torch.randn(3, 4, 5, 2, 2, generator=torch.Generator().manual_seed(0))
    one, other = LatentDistance(), LatentDistance()
    one.update(z)
    other.update(8.0 * z)
    assert other.compute().normalised == one.compute().normalised
    assert other.compute().raw == [8.0 * value for value in one.compute().raw]


def test_any_split_over_batches_gives_the_same_bits():
    z = torch.randn(7, 4, 5, 3, 3, generator=torch.Generator().manual_seed(0))
    whole, parts = LatentDistance(), LatentDistance()
    whole.update(z)
    for batch in z.split([1, 4, 2]):
        parts.update(batch)
    assert parts.compute().raw == whole.compute().raw
    assert parts.compute().adjacent_median == whole.compute().adjacent_median
    assert parts.compute().num_clips == 7


def test_the_histogram_is_of_clips():
    z = torch.zeros(3, 1, 2, 1, 1)
    z[:, 0, 1, 0, 0] = torch.tensor([1.0, 2.0, 6.0])
    measure = LatentDistance()
    measure.update(z)
    assert measure.compute().adjacent.tolist() == [1.0, 2.0, 6.0]
    assert measure.compute().adjacent_median == 2.0
    assert measure.compute().raw == [3.0]


def test_latents_that_stand_still_have_no_normalised_curve():
    measure = LatentDistance()
    measure.update(torch.ones(1, 2, 3, 1, 1))
    assert all(math.isnan(value) for value in measure.compute().normalised)


def test_what_has_no_interval_is_refused():
    with pytest.raises(ConfigError, match="t >= 2"):
        latent_distance(torch.zeros(1, 4, 1, 2, 2))
    measure = LatentDistance()
    with pytest.raises(ConfigError, match="no latents"):
        measure.compute()
    measure.update(torch.zeros(1, 4, 3, 2, 2))
    with pytest.raises(ConfigError, match="4 intervals, those before 2"):
        measure.update(torch.zeros(1, 4, 5, 2, 2))
    with pytest.raises(ConfigError, match="must be finite"):
        measure.update(torch.full((1, 4, 3, 2, 2), torch.nan))
